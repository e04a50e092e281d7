"""Following submitted scans, and what OneTrust found in them."""

import asyncio
from collections.abc import Collection
from typing import Any

from bot.core.ports import Clock
from bot.core.scan import Build, Platform, Scan, State, SubmissionState
from bot.features.results import rows_repository, transition_repository
from bot.features.results.models import Judge, OneTrustScanStatus, Results, ResultState, ResultStatus
from bot.features.results.rows_repository import FOLLOWED
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.database import Database

_DUE_AT = "(results.due_at + CASE results.looks WHEN 0 THEN ? ELSE 0 END)"
"""A scan's first look is a rest after its submission."""
_ENDED = "('completed', 'failed', 'interrupted')"
"""As OneTrust says; that is announced."""
_TOLD = ("state", "status", "looked_for")
"""What a reply shows."""


class SqlResultRepository:
    """The rows of results: the truth of what is followed, and of what was found."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # Following.

    async def follow(self, number: int, *, since: float) -> ResultStatus:
        """Follow a scan from now on; a scan that is submitted is followed by itself."""

        def work(db: Connection) -> ResultStatus:
            transition_repository.begin(db, transitions.load(db, number), since=since, now=self._clock.now())
            return rows_repository.followed(db, number)

        return await self._database.write(work)

    async def due(self, limit: int, *, rest_s: float = 0.0) -> list[ResultStatus]:
        """Return up to ``limit`` scans to look for now, those that wait longest first.

        ``rest_s`` is how long a scan rests before the first look.
        """
        query = f"SELECT * FROM results WHERE {FOLLOWED} AND {_DUE_AT} <= ? ORDER BY due_at, scan LIMIT ?"
        parameters = [rest_s, self._clock.now(), limit]
        return await self._database.read(
            lambda db: [rows_repository.followed_of(row) for row in db.query(query, parameters)]
        )

    async def next_due_at(self, *, rest_s: float = 0.0) -> float | None:
        """Return when the next scan is to be looked for, ``None`` where none is followed."""
        query = f"SELECT min({_DUE_AT}) AS at FROM results WHERE {FOLLOWED}"
        return await self._database.read(lambda db: next(iter(db.query(query, [rest_s])))["at"])

    async def followed(self, number: int) -> ResultStatus | None:
        """Return how far following a scan has come; ``None`` where it is not followed."""
        return await self._database.read(lambda db: rows_repository.status(db, number))

    async def look(self, number: int, *, why: str = "", tell: bool = False, **changes: Any) -> ResultStatus:
        """Keep what a look gave; the scan's reply is stale where it shows what changed, or with ``tell``.

        ``why`` is a line for the scan's timeline.

        Raises:
            NotFound: the scan is not followed.
        """

        def work(db: Connection) -> ResultStatus:
            before = rows_repository.followed(db, number)
            after = rows_repository.change(db, number, changes)
            if tell or any(getattr(before, name) != getattr(after, name) for name in _TOLD):
                _tell(db, number)
            if why:
                self._note(db, number, why)
            return after

        return await self._database.write(work)

    async def found(self, number: int, application_id: str, scan_id: str) -> bool:
        """Keep which scan in OneTrust a submitted scan is; false where that is another's, or it moved on."""

        def work(db: Connection) -> bool:
            scan = transitions.load(db, number)
            if scan.state is not State.SUBMITTED or _is_taken(db, scan_id, number):
                return False
            db.execute(
                f"UPDATE submissions SET application_id = ?, scan_id = ? WHERE scan = ? AND {rows.ONETRUST}",
                [application_id, scan_id, number],
            )
            rows_repository.change(db, number, {"state": ResultState.RUNNING, "looked_for": ""})
            _tell(db, number)
            self._note(db, number, f"found in OneTrust: scan ID {scan_id}")
            return True

        return await self._database.write(work)

    async def settle(self, number: int, application_id: str, scan_id: str) -> Scan | None:
        """Settle an uncertain submission that was found; ``None`` where it moved on, or that is another's."""

        def work(db: Connection) -> Scan | None:
            if transitions.load(db, number).state is not State.UNCERTAIN or _is_taken(db, scan_id, number):
                return None
            return transitions.move(
                db,
                number,
                State.SUBMITTED,
                now=self._clock.now(),
                why=f"found in OneTrust: scan ID {scan_id}",
                scan={"problem": None},
                submission={
                    "state": SubmissionState.ACCEPTED,
                    "application_id": application_id,
                    "scan_id": scan_id,
                },
            )

        return await self._database.write(work)

    async def give_up(self, before: float, why: str) -> list[int]:
        """End following what has been followed since ``before``; return the scans of which a look was told.

        Of the others nobody was told that they are looked for: their replies are let be.
        """
        now = self._clock.now()
        old = f"{FOLLOWED} AND followed_at < ?"

        def work(db: Connection) -> list[int]:
            query = f"SELECT scan FROM results WHERE {old} AND looks > 0 ORDER BY scan"
            told = [int(row["scan"]) for row in db.query(query, [before])]
            db.execute(
                f"UPDATE results SET state = ?, looked_for = ?, ended_at = ? WHERE {old}",
                [ResultState.LOST.value, why, now, before],
            )
            for number in told:
                _tell(db, number)
            return told

        return await self._database.write(work)

    async def counts(self) -> tuple[int, int]:
        """Return how many scans are still to be found in OneTrust, and how many of the found ones run."""
        found = await self._database.read(rows_repository.counts)
        return found.get("finding", 0), found.get("running", 0)

    # Telling the bot's scans apart.

    async def competing_submissions(
        self, application_id: str, since: float = 0.0
    ) -> list[tuple[Scan, ResultStatus]]:
        """Return the scans of an application of which it is not known which one in OneTrust each is.

        Only those that were submitted at ``since`` or later.
        """
        return await self._database.read(
            lambda db: rows_repository.scans(
                db,
                "WHERE o.scan_id IS NULL AND scans.state IN ('submitted', 'uncertain') "
                "AND ((scans.kind = 'rescan' AND scans.app_id = ? COLLATE NOCASE) "
                "OR (scans.kind = 'new' AND o.application_id = ?)) AND results.since >= ?",
                application_id,
                application_id,
                since,
            )
        )

    async def nameless(
        self, name: str, platform: Platform, since: float = 0.0
    ) -> list[tuple[Scan, ResultStatus]]:
        """Return the scans of new apps of that name of which the application is not known.

        Only those that were submitted at ``since`` or later.
        """
        return await self._database.read(
            lambda db: rows_repository.scans(
                db,
                "WHERE o.application_id IS NULL AND scans.state IN ('submitted', 'uncertain') "
                "AND scans.kind = 'new' AND scans.name = ? AND scans.platform = ? AND results.since >= ?",
                *rows.plain({"name": name, "platform": platform}).values(),
                since,
            )
        )

    async def taken(self, scan_ids: Collection[str]) -> set[str]:
        """Return those of OneTrust's scan IDs that are known to be scans of the bot's."""
        marks = ", ".join("?" * len(scan_ids))
        return await self._database.read(
            lambda db: {
                row["scan_id"]
                for row in db.query(
                    f"SELECT scan_id FROM submissions WHERE scan_id IN ({marks})", list(scan_ids)
                )
            }
        )

    async def others(self, application_ids: Collection[str], scan: Scan) -> set[str]:
        """Return those applications that another build is linked to, or that another scan made or rescans."""
        marks = ", ".join("?" * len(application_ids))
        query = f"""
            SELECT app_id AS id FROM apps WHERE app_id COLLATE NOCASE IN ({marks})
                AND NOT (bundle_id = ? AND platform = ?)
            UNION SELECT application_id FROM submissions
                WHERE application_id COLLATE NOCASE IN ({marks}) AND scan <> ?
            UNION SELECT app_id FROM scans WHERE app_id COLLATE NOCASE IN ({marks}) AND number <> ?
        """
        ids = list(application_ids)
        of_scan = [scan.bundle_id, scan.platform.value if scan.platform else None]
        parameters = [*ids, *of_scan, *ids, scan.number, *ids, scan.number]
        known = await self._database.read(
            lambda db: {row["id"].lower() for row in db.query(query, parameters)}
        )
        return {application_id for application_id in ids if application_id.lower() in known}

    # What was found.

    async def keep(self, number: int, results: Results, judge: Judge | None = None) -> ResultStatus:
        """Keep all that a completed scan found, and what of it breaks the policy; end following it.

        Raises:
            NotFound: the scan is not followed.
        """
        now = self._clock.now()
        judgement = await self._judged(number, results, judge, now) if judge is not None else ()

        def work(db: Connection) -> ResultStatus:
            rows_repository.write(db, number, results)
            after = rows_repository.change(
                db,
                number,
                {
                    "state": ResultState.COMPLETED,
                    "status": OneTrustScanStatus.COMPLETED,
                    "looked_for": "",
                    "ended_at": now,
                },
            )
            _tell(db, number)
            sdks = "1 SDK" if results.sdk_count == 1 else f"{results.sdk_count} SDKs"
            self._note(db, number, f"OneTrust completed its scan: {sdks}")
            for hooks in db.hooks:
                if hooks.completed is not None:
                    hooks.completed(db, number, judgement, now)
            return after

        return await self._database.write(work)

    async def _judged(self, number: int, results: Results, judge: Judge, now: float) -> tuple[Any, ...]:
        """Judge what was found, where nobody waits for it: many rules and thousands of SDKs take seconds."""

        def work(db: Connection) -> tuple[Build | None, tuple[Scan, Results] | None]:
            scan = transitions.load(db, number)
            return scan.build, rows_repository.before(db, scan, now)

        build, before = await self._database.read(work)
        if build is None:
            return ()
        return await asyncio.to_thread(judge, build, results, before[1] if before else None)

    async def of(self, number: int) -> Results | None:
        """Return what a scan found; ``None`` where it is not completed."""
        return await self._database.read(lambda db: rows_repository.read(db, number))

    async def completed(self, bundle_id: str, platform: Platform) -> list[Scan]:
        """Return the completed scans of an app, last submitted first."""
        return await self._database.read(
            lambda db: [
                scan
                for scan, _ in rows_repository.scans(
                    db,
                    "WHERE results.state = 'completed' AND scans.bundle_id = ? AND scans.platform = ? "
                    "ORDER BY results.since DESC, scans.number DESC",
                    bundle_id,
                    platform.value,
                )
            ]
        )

    # Announcing.

    async def to_announce(self) -> list[int]:
        """Return the scans with a thread that OneTrust ended and whose end is not surely told, oldest first.

        That of some is being announced, or was when the last process ended: their ``announced_ts`` is empty.
        """
        query = f"""
            SELECT scan FROM results JOIN scans ON scans.number = results.scan
            WHERE results.ended_at IS NOT NULL AND coalesce(results.announced_ts, '') = ''
                  AND results.state IN {_ENDED} AND scans.channel IS NOT NULL
            ORDER BY results.ended_at, scan
        """
        return await self._database.read(lambda db: [row["scan"] for row in db.query(query)])

    async def announcement(self, number: int) -> tuple[Scan, ResultStatus | None]:
        """Return a scan with what decides whether its end is announced.

        Raises:
            NotFound: there is no scan with that number.
        """
        return await self._database.read(
            lambda db: (transitions.load(db, number), rows_repository.status(db, number))
        )

    async def set_announced(self, number: int, ts: str | None) -> None:
        """Remember the message that told of a scan's end; empty while it is being posted."""
        await self._database.write(
            lambda db: db.execute("UPDATE results SET announced_ts = ? WHERE scan = ?", [ts, number])
        )

    def _note(self, db: Connection, number: int, why: str) -> None:
        state = transitions.load(db, number).state
        transitions.note(db, number, now=self._clock.now(), before=state, after=state, why=why)


def _tell(db: Connection, number: int) -> None:
    """Say that the scan's reply is stale."""
    db.execute("UPDATE scans SET revision = revision + 1 WHERE number = ?", [number])


def _is_taken(db: Connection, scan_id: str, number: int) -> bool:
    """Tell whether a scan in OneTrust is known to be another of the bot's."""
    query = "SELECT 1 FROM submissions WHERE scan_id = ? AND scan <> ?"
    return db.execute(query, [scan_id, number]).fetchone() is not None
