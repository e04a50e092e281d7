"""Rows of polling states and results."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from bot.core.scan import Build, Platform, Scan, State, SubmissionState
from bot.features.app_links import repository as links
from bot.features.results import rows_repository, transition_repository
from bot.features.results.models import Judge, OneTrustScanStatus, Results, ResultState, ResultStatus
from bot.features.results.rows_repository import FOLLOWED
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

_DUE_AT = "(results.due_at + CASE results.looks WHEN 0 THEN ? ELSE 0 END)"
"""The first poll is some time after the submission."""
_ENDED = "('completed', 'failed', 'interrupted')"
"""States that are announced."""
_SHOWN = ("state", "status", "looked_for")
"""Columns that a reply shows."""


class ResultRepository(Repository):
    """Polling states and results in SQLite."""

    # Following.

    @writes
    def follow(self, db: Connection, number: int, *, since: float) -> ResultStatus:
        """Start polling for a scan; submitted scans are polled without this call."""
        transition_repository.begin(db, transitions.load(db, number), since=since, now=self.clock.now())
        return rows_repository.followed(db, number)

    @reads
    def due(self, db: Connection, limit: int, *, first_delay_s: float = 0.0) -> list[ResultStatus]:
        """Return up to ``limit`` scans to poll now, longest wait first.

        ``first_delay_s`` is the time between a submission and its first poll.
        """
        query = f"SELECT * FROM results WHERE {FOLLOWED} AND {_DUE_AT} <= ? ORDER BY due_at, scan LIMIT ?"
        parameters = [first_delay_s, self.clock.now(), limit]
        return [rows_repository.followed_of(row) for row in db.query(query, parameters)]

    @reads
    def next_due_at(self, db: Connection, *, first_delay_s: float = 0.0) -> float | None:
        """Return when the next poll is due; ``None`` if there is none."""
        query = f"SELECT min({_DUE_AT}) AS at FROM results WHERE {FOLLOWED}"
        at: float | None = db.execute(query, [first_delay_s]).fetchone()[0]
        return at

    @reads
    def followed(self, db: Connection, number: int) -> ResultStatus | None:
        """Return a scan's polling state; ``None`` if it is not polled."""
        return rows_repository.status(db, number)

    @writes
    def update(
        self, db: Connection, /, number: int, *, why: str = "", show: bool = False, **changes: Any
    ) -> ResultStatus:
        """Change columns; updates the scan's reply with ``show``, or if it shows one of them.

        ``why`` is a line for the scan's timeline.

        Raises:
            NotFound: the scan is not polled.
        """
        before = rows_repository.followed(db, number)
        after = rows_repository.change(db, number, changes)
        if show or any(getattr(before, name) != getattr(after, name) for name in _SHOWN):
            transitions.touch(db, number)
        if why:
            transitions.note(db, number, now=self.clock.now(), why=why)
        return after

    @writes
    def matched(self, db: Connection, number: int, application_id: str, scan_id: str) -> bool:
        """Store a submitted scan's match in OneTrust; false if it is another's, or the state changed."""
        scan = transitions.load(db, number)
        if scan.state is not State.SUBMITTED or _is_taken(db, scan_id, number):
            return False
        db.execute(
            f"UPDATE submissions SET application_id = ?, scan_id = ? WHERE scan = ? AND {rows.ONETRUST}",
            [application_id, scan_id, number],
        )
        rows_repository.change(db, number, {"state": ResultState.RUNNING, "looked_for": ""})
        transitions.touch(db, number)
        transitions.note(db, number, now=self.clock.now(), why=f"found in OneTrust: scan ID {scan_id}")
        return True

    @writes
    def settle(
        self,
        db: Connection,
        number: int,
        application_id: str,
        scan_id: str,
        may_create_link: Callable[[Scan], bool],
    ) -> Scan | None:
        """Mark a matched uncertain scan as submitted; ``None`` if taken by another, or the state changed.

        Its app is linked in the same transaction.
        """
        if transitions.load(db, number).state is not State.UNCERTAIN or _is_taken(db, scan_id, number):
            return None
        now = self.clock.now()
        scan = transitions.move(
            db,
            number,
            State.SUBMITTED,
            now=now,
            why=f"found in OneTrust: scan ID {scan_id}",
            scan={"problem": None},
            submission={
                "state": SubmissionState.ACCEPTED,
                "application_id": application_id,
                "scan_id": scan_id,
            },
        )
        links.remember(db, scan, may_create_link, now)
        return scan

    @writes
    def give_up(self, db: Connection, before: float, why: str) -> list[int]:
        """Stop polling for scans polled since before ``before``; return those whose replies show a poll."""
        now = self.clock.now()
        old = f"{FOLLOWED} AND followed_at < ?"
        query = f"SELECT scan FROM results WHERE {old} AND looks > 0 ORDER BY scan"
        shown = [int(row["scan"]) for row in db.query(query, [before])]
        db.execute(
            f"UPDATE results SET state = ?, looked_for = ?, ended_at = ? WHERE {old}",
            [ResultState.LOST.value, why, now, before],
        )
        for number in shown:
            transitions.touch(db, number)
        return shown

    @reads
    def counts(self, db: Connection) -> tuple[int, int]:
        """Return the number of unmatched scans, and of matched unfinished ones."""
        by_state = rows_repository.counts(db)
        return by_state.get("finding", 0), by_state.get("running", 0)

    # Matching.

    @reads
    def competing_submissions(
        self, db: Connection, application_id: str, since: float = 0.0
    ) -> list[tuple[Scan, ResultStatus]]:
        """Return an application's unmatched scans, submitted at ``since`` or later."""
        return rows_repository.scans(
            db,
            "WHERE o.scan_id IS NULL AND scans.state IN ('submitted', 'uncertain') "
            "AND ((scans.kind = 'rescan' AND scans.app_id = ? COLLATE NOCASE) "
            "OR (scans.kind = 'new' AND o.application_id = ?)) AND results.since >= ?",
            application_id,
            application_id,
            since,
        )

    @reads
    def unmatched_new_apps(
        self, db: Connection, name: str, platform: Platform, since: float = 0.0
    ) -> list[tuple[Scan, ResultStatus]]:
        """Return new apps' scans of this name without an application, submitted at ``since`` or later."""
        return rows_repository.scans(
            db,
            "WHERE o.application_id IS NULL AND scans.state IN ('submitted', 'uncertain') "
            "AND scans.kind = 'new' AND scans.name = ? AND scans.platform = ? AND results.since >= ?",
            *rows.plain({"name": name, "platform": platform}).values(),
            since,
        )

    @reads
    def taken(self, db: Connection, scan_ids: Collection[str]) -> set[str]:
        """Return the OneTrust scan IDs that belong to scans of the bot."""
        marks = ", ".join("?" * len(scan_ids))
        return {
            row["scan_id"]
            for row in db.query(f"SELECT scan_id FROM submissions WHERE scan_id IN ({marks})", list(scan_ids))
        }

    @reads
    def others(self, db: Connection, application_ids: Collection[str], scan: Scan) -> set[str]:
        """Return the applications that belong to another build's link or to another scan."""
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
        known = {row["id"].lower() for row in db.query(query, parameters)}
        return {application_id for application_id in ids if application_id.lower() in known}

    # Results.

    async def keep(self, number: int, results: Results, judge: Judge | None = None) -> ResultStatus:
        """Store a completed scan's results and violations; stop polling for it.

        Raises:
            NotFound: the scan is not polled.
        """
        now = self.clock.now()
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
            transitions.touch(db, number)
            sdks = "1 SDK" if results.sdk_count == 1 else f"{results.sdk_count} SDKs"
            transitions.note(db, number, now=self.clock.now(), why=f"OneTrust completed its scan: {sdks}")
            for hooks in db.hooks:
                if hooks.completed is not None:
                    hooks.completed(db, number, judgement, now)
            return after

        return await self.database.write(work)

    async def _judged(self, number: int, results: Results, judge: Judge, now: float) -> tuple[Any, ...]:
        """Judge results in a thread: many rules and thousands of SDKs take seconds."""

        def work(db: Connection) -> tuple[Build | None, tuple[Scan, Results] | None]:
            scan = transitions.load(db, number)
            return scan.build, rows_repository.before(db, scan, now)

        build, before = await self.database.read(work)
        if build is None:
            return ()
        return await asyncio.to_thread(judge, build, results, before[1] if before else None)

    @reads
    def of(self, db: Connection, number: int) -> Results | None:
        """Return a scan's results; ``None`` unless it is completed."""
        return rows_repository.read(db, number)

    @reads
    def completed(self, db: Connection, bundle_id: str, platform: Platform) -> list[Scan]:
        """Return an app's completed scans, newest first."""
        found = rows_repository.scans(
            db,
            "WHERE results.state = 'completed' AND scans.bundle_id = ? AND scans.platform = ? "
            "ORDER BY results.since DESC, scans.number DESC",
            bundle_id,
            platform.value,
        )
        return [scan for scan, _ in found]

    # Announcing.

    @reads
    def to_announce(self, db: Connection) -> list[int]:
        """Return scans ended by OneTrust whose threads may lack the result message, oldest first.

        An empty ``announced_ts`` means that posting was begun, perhaps by a process that has ended since.
        """
        query = f"""
            SELECT scan FROM results JOIN scans ON scans.number = results.scan
            WHERE results.ended_at IS NOT NULL AND coalesce(results.announced_ts, '') = ''
                  AND results.state IN {_ENDED} AND scans.channel IS NOT NULL
            ORDER BY results.ended_at, scan
        """
        return [row["scan"] for row in db.query(query)]

    @reads
    def announcement(self, db: Connection, number: int) -> tuple[Scan, ResultStatus | None]:
        """Return a scan with what decides whether its end is announced.

        Raises:
            NotFound: there is no scan with that number.
        """
        return transitions.load(db, number), rows_repository.status(db, number)

    @writes
    def set_announced(self, db: Connection, number: int, ts: str | None) -> None:
        """Store the timestamp of a scan's result message; empty while it is being posted."""
        db.execute("UPDATE results SET announced_ts = ? WHERE scan = ?", [ts, number])


def _is_taken(db: Connection, scan_id: str, number: int) -> bool:
    """Return whether a scan in OneTrust belongs to another of the bot's scans."""
    query = "SELECT 1 FROM submissions WHERE scan_id = ? AND scan <> ?"
    return db.execute(query, [scan_id, number]).fetchone() is not None
