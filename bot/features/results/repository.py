"""Rows of polling states and results."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Final

from bot.core.scan import Build, Platform, Scan, State, SubmissionState
from bot.features.app_links import repository as links
from bot.features.results import rows_repository
from bot.features.results.models import Judge, OneTrustScanStatus, Poll, Results, ResultState, ResultStatus
from bot.features.results.rows_repository import FOLLOWED
from bot.storage import rows, transitions
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes

_DUE_AT = "(results.due_at + CASE results.looks WHEN 0 THEN ? ELSE 0 END)"
"""The first poll is some time after the submission."""


class ResultRepository(Repository):
    """Polling states and results in SQLite."""

    # Polling.

    @reads
    def due(self, db: Connection, limit: int, *, first_delay_s: float = 0.0) -> list[Poll]:
        """Return up to ``limit`` scans to poll now, longest wait first.

        ``first_delay_s`` is the time between a submission and its first poll.
        """
        query = f"SELECT * FROM results WHERE {FOLLOWED} AND {_DUE_AT} <= ? ORDER BY due_at, scan LIMIT ?"
        due = map(rows_repository.followed_of, db.query(query, [first_delay_s, self.clock.now(), limit]))
        return [Poll(scan=transitions.load(db, each.scan), followed=each) for each in due]

    @reads
    def next_due_at(self, db: Connection, *, first_delay_s: float = 0.0) -> float | None:
        """Return when the next poll is due; ``None`` if no scan is polled."""
        query = f"SELECT min({_DUE_AT}) AS at FROM results WHERE {FOLLOWED}"
        at: float | None = db.execute(query, [first_delay_s]).fetchone()[0]
        return at

    @reads
    def waiting(self, db: Connection) -> int:
        """Return the number of scans that are polled."""
        return rows_repository.waiting(db)

    @reads
    def followed(self, db: Connection, number: int) -> ResultStatus | None:
        """Return a scan's polling state; ``None`` if it was not submitted."""
        return rows_repository.status(db, number)

    @writes
    def update(
        self, db: Connection, /, number: int, *, why: str = "", show: bool = False, **changes: Any
    ) -> None:
        """Change columns; ``why`` is a line for the scan's timeline, ``show`` updates its reply.

        Raises:
            NotFound: the scan was not submitted.
        """
        rows_repository.followed(db, number)
        if changes:
            rows.update(db, "results", changes, scan=number)
        if why or show:
            transitions.touch(db, number)
        if why:
            transitions.note(db, number, now=self.clock.now(), why=why)

    @writes
    def give_up(self, db: Connection, before: float, why: str) -> list[int]:
        """Stop polling for scans polled since before ``before``; return those whose replies show a poll."""
        now = self.clock.now()
        ended = db.execute(
            f"UPDATE results SET state = ?, looked_for = ?, ended_at = ? "
            f"WHERE {FOLLOWED} AND followed_at < ? RETURNING scan, looks",
            [ResultState.LOST.value, why, now, before],
        )
        shown = sorted(number for number, polls in ended.fetchall() if polls)
        for number in shown:
            transitions.touch(db, number)
        return shown

    # Matching.

    @writes
    def matched(
        self,
        db: Connection,
        number: int,
        application_id: str,
        scan_id: str,
        may_create_link: Callable[[Scan], bool],
    ) -> Poll | None:
        """Store a scan's match in OneTrust; an uncertain submission is submitted then, and its app linked.

        ``None`` if the match belongs to a scan already, or this one's state changed.
        """
        state = transitions.load(db, number).state
        if state not in {State.SUBMITTED, State.UNCERTAIN} or _taken(db, [scan_id]):
            return None
        now, why = self.clock.now(), f"found in OneTrust: scan ID {scan_id}"
        found: dict[str, Any] = {"application_id": application_id, "scan_id": scan_id}
        if state is State.UNCERTAIN:
            found["state"] = SubmissionState.ACCEPTED
            settled = {"problem": None}
            scan = transitions.move(
                db, number, State.SUBMITTED, now=now, why=why, scan=settled, submission=found
            )
            links.remember(db, scan, may_create_link, now)
        else:
            rows.update(db, "submissions", found, scan=number, scanner=rows.MAIN_SCANNER)
            rows.update(db, "results", {"state": ResultState.RUNNING, "looked_for": ""}, scan=number)
            transitions.touch(db, number)
            transitions.note(db, number, now=now, why=why)
        return Poll(scan=transitions.load(db, number), followed=rows_repository.followed(db, number))

    @reads
    def competing_submissions(self, db: Connection, application_id: str, since: float = 0.0) -> list[Poll]:
        """Return an application's unmatched scans, submitted at ``since`` or later."""
        return rows_repository.polls(
            db,
            f"WHERE {rows.SENT} AND o.scan_id IS NULL AND results.since >= ? "
            "AND ((scans.kind = 'rescan' AND scans.app_id = ? COLLATE NOCASE) "
            "OR (scans.kind = 'new' AND o.application_id = ?))",
            *(since, application_id, application_id),
        )

    @reads
    def unmatched_new_apps(
        self, db: Connection, name: str, platform: Platform, since: float = 0.0
    ) -> list[Poll]:
        """Return new apps' scans of this name without an application, submitted at ``since`` or later."""
        return rows_repository.polls(
            db,
            f"WHERE {rows.SENT} AND o.application_id IS NULL AND results.since >= ? "
            "AND scans.kind = 'new' AND scans.name = ? AND scans.platform = ?",
            *(since, *rows.plain({"name": name, "platform": platform}).values()),
        )

    @reads
    def taken(self, db: Connection, scan_ids: Collection[str]) -> set[str]:
        """Return the OneTrust scan IDs that belong to scans of the bot."""
        return _taken(db, scan_ids)

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

    async def keep(self, number: int, results: Results, judge: Judge | None = None) -> None:
        """Store a completed scan's results and violations; stop polling for it.

        Raises:
            NotFound: the scan was not submitted.
        """
        before = await self._judged_with(number)
        judgement: tuple[Any, ...] = ()
        if judge is not None and before is not None:  # many rules and thousands of SDKs take seconds
            judgement = await asyncio.to_thread(judge, before[0], results, before[1])
        await self._keep(number, results, judgement)

    @reads
    def _judged_with(self, db: Connection, number: int) -> tuple[Build, Results | None] | None:
        """Return a scan's build and its app's previous results; ``None`` if the build could not be read."""
        scan = transitions.load(db, number)
        previous = rows_repository.before(db, scan, self.clock.now())
        return (scan.build, previous[1] if previous else None) if scan.build is not None else None

    @writes
    def _keep(self, db: Connection, number: int, results: Results, judgement: tuple[Any, ...]) -> None:
        now = self.clock.now()
        ended = {"state": ResultState.COMPLETED, "status": OneTrustScanStatus.COMPLETED, "ended_at": now}
        rows_repository.followed(db, number)
        rows_repository.write(db, number, results)
        rows.update(db, "results", {**ended, "looked_for": ""}, scan=number)
        sdks = "1 SDK" if results.sdk_count == 1 else f"{results.sdk_count} SDKs"
        transitions.touch(db, number)
        transitions.note(db, number, now=now, why=f"OneTrust completed its scan: {sdks}")
        for hooks in db.hooks:
            if hooks.completed is not None:
                hooks.completed(db, number, judgement, now)

    @reads
    def of(self, db: Connection, number: int) -> Results | None:
        """Return a scan's results; ``None`` unless it is completed."""
        return rows_repository.read(db, number)

    # Announcing.

    @reads
    def to_announce(self, db: Connection) -> list[int]:
        """Return scans ended by OneTrust whose threads may lack the result message, oldest first.

        An empty ``announced_ts`` means that posting was begun, perhaps by a process that has ended since.
        """
        query = """
            SELECT scan FROM results JOIN scans ON scans.number = results.scan
            WHERE results.ended_at IS NOT NULL AND coalesce(results.announced_ts, '') = ''
                  AND results.state IN ('completed', 'failed', 'interrupted') AND scans.channel IS NOT NULL
            ORDER BY results.ended_at, scan
        """
        return [row["scan"] for row in db.query(query)]

    @writes
    def set_announced(self, db: Connection, number: int, ts: str | None) -> None:
        """Store the timestamp of a scan's result message; empty while it is being posted."""
        rows.update(db, "results", {"announced_ts": ts}, scan=number)


def _taken(db: Connection, scan_ids: Collection[str]) -> set[str]:
    query = f"SELECT scan_id FROM submissions WHERE scan_id IN ({', '.join('?' * len(scan_ids))})"
    return {row["scan_id"] for row in db.query(query, list(scan_ids))}


def _moved(db: Connection, before: Scan, after: Scan, now: float) -> tuple[str, ...]:
    """Start polling for a scan that was, or may have been, submitted; stop if it is submitted again."""
    if after.state is State.UNCERTAIN:
        # Found out only now, perhaps after a restart: the submission was running since its last change.
        begin(db, after, since=before.updated_at, now=now)
    elif after.state is State.SUBMITTED:
        begin(db, after, since=now, now=now)
    elif before.state is State.UNCERTAIN:
        db.execute("DELETE FROM results WHERE scan = ?", [after.number])
    return ()


def begin(db: Connection, scan: Scan, *, since: float, now: float) -> None:
    """Start polling for a scan; one that was polled before keeps its ``since``."""
    known = scan.submission.scan_id is not None and scan.submission.application_id is not None
    state = ResultState.RUNNING if known else ResultState.FINDING
    db.execute(
        "INSERT INTO results (scan, state, since, followed_at, due_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (scan) DO UPDATE SET state = excluded.state, followed_at = excluded.followed_at, "
        "due_at = excluded.due_at, looks = 0, looked_for = '', ended_at = NULL",
        [scan.number, state.value, since, now, now],
    )


HOOKS: Final = RowHooks(moved=_moved)
"""What results do in the transactions of others."""
