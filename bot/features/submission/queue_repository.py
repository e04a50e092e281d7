"""The rows of scans as a queue: due scans, recovery, stale replies."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bot.core.scan import CANCELLABLE, PARKED, WORKING, Source, State
from bot.features.submission import facts_repository
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

_WAITING = f"""
    FROM scans JOIN submissions AS o ON o.scan = scans.number AND o.{rows.ONETRUST}
    WHERE scans.state IN ('received', 'queued') AND scans.source = 'slack'
"""
_NUMBERS = f"SELECT scans.number AS number {_WAITING}"
_HELD = "EXISTS (SELECT 1 FROM opinions WHERE opinions.scan = scans.number AND held_until IS NOT NULL)"
_STALE = "SELECT number FROM scans WHERE shown_revision < revision AND source = 'slack'"


@dataclass(frozen=True, kw_only=True)
class QueuePoll:
    """What there is to do in the queue of scans."""

    due: list[int]
    next_at: float | None
    """When the next queued scan is due."""
    has_abandoned: bool
    """Whether there are scans in progress whose process ended."""
    has_waiting: bool
    """Whether there are scans that wait for another one of the same app."""
    has_parked: bool
    """Whether there are scans that wait until the scanner accepts builds."""


class QueueRepository(Repository):
    """The queue of the worker."""

    @reads
    def poll(self, db: Connection, limit: int, *, busy: Collection[int]) -> QueuePoll:
        """Return what there is to do, with up to ``limit`` due scans.

        The first are of channels with the fewest in progress (``busy``), so a channel with a hundred builds
        doesn't make the others wait for the last of them.
        """
        working, now = _joined(busy), self.clock.now()
        due = f"""
            SELECT number FROM (
                SELECT number, working, row_number() OVER (
                    PARTITION BY channel ORDER BY working DESC, number
                ) AS place
                FROM (
                    SELECT number, channel, 1 AS working FROM scans WHERE number IN ({working})
                    UNION ALL
                    SELECT number, channel, 0
                    FROM scans CROSS JOIN submissions AS o ON o.scan = number AND o.{rows.ONETRUST}
                    WHERE scans.state IN ('received', 'queued') AND source = 'slack' AND due_at <= ?
                          AND number NOT IN ({working})
                )
            ) WHERE NOT working ORDER BY place, number LIMIT ?
        """
        rest = f"""
            SELECT (SELECT min(o.due_at) {_WAITING} AND o.due_at > :now) AS next_at,
                   EXISTS (SELECT 1 {_WAITING} AND o.due_at = :parked) AS has_parked,
                   EXISTS (SELECT 1 FROM scans WHERE state = 'waiting') AS has_waiting,
                   EXISTS (SELECT 1 FROM scans WHERE {_abandoned(Source.SLACK, busy, now)}) OR
                   EXISTS (SELECT 1 FROM scans WHERE {_abandoned(Source.SHELL, busy, now)}) AS has_abandoned
        """
        return QueuePoll(
            due=[row["number"] for row in db.query(due, [now, limit])],
            **next(iter(db.query(rest, {"now": now, "parked": PARKED}))),
        )

    # While the scanner accepts no builds.

    async def probe(self, *, busy: Collection[int]) -> int | None:
        """Return the due or parked scan with the fewest sends, and of those the smallest.

        A build that the scanner can't handle is not sent as every probe, and all others wait for the probe.
        """
        query = f"""
            {_NUMBERS} AND (o.due_at <= ? OR o.due_at = ?) AND scans.number NOT IN ({_joined(busy)})
            ORDER BY o.attempts, scans.size_bytes, scans.number LIMIT 1
        """
        return next(iter(await self._numbers(query, self.clock.now(), PARKED)), None)

    @writes
    def park(self, db: Connection, why: str, *, busy: Collection[int]) -> list[int]:
        """Park all due scans until the scanner accepts builds; return their numbers."""
        query = (
            f"{_NUMBERS} AND o.due_at <= ? AND scans.number NOT IN ({_joined(busy)}) ORDER BY scans.number"
        )
        numbers = [row["number"] for row in db.query(query, [self.clock.now()])]
        for number in numbers:
            self._move(db, number, State.QUEUED, why, scan={"problem": why}, submission={"due_at": PARKED})
        return numbers

    @writes
    def release(self, db: Connection, *, hasten: bool) -> None:
        """Make parked scans due; with ``hasten`` also those that the scanner asked to retry later.

        Scans that wait for Slack (their last pull failed) or for a verdict are not changed.
        """
        later = f"o.due_at > :now AND scans.state = 'queued' AND scans.pulls = 0 AND NOT {_HELD}"
        query = f"{_NUMBERS} AND (o.due_at = :parked OR (:hasten AND {later}))"
        db.execute(
            f"UPDATE submissions SET due_at = :now WHERE {rows.ONETRUST} AND scan IN ({query})",
            {"now": self.clock.now(), "parked": PARKED, "hasten": hasten},
        )

    @writes
    def wake_waiting(self, db: Connection) -> list[int]:
        """Queue scans that waited for one of the same app that has ended, one of each app.

        The others of the app wait until that one is decided, as they may have to wait for it too.
        """
        woken: list[int] = []
        for scan in rows.scans_where(db, "WHERE scans.state = 'waiting' ORDER BY scans.number"):
            if facts_repository.ahead(db, scan.bundle_id, scan.platform) is None:
                woken.append(scan.number)
                before = f"scan #{scan.original}" if scan.original is not None else "the earlier scan"
                self._move(db, scan.number, State.RECEIVED, f"{before} has ended", scan={"original": None})
        return woken

    @writes
    def recover(self, db: Connection, *, source: Source, busy: Collection[int] = ()) -> list[int]:
        """Requeue scans whose process ended, and cancel those of a shell; return their numbers.

        From Slack: all in progress that are not ``busy``. From shells: those whose lease has ended.
        """
        now, why = self.clock.now(), "the process ended"
        found = rows.scans_where(db, f"WHERE {_abandoned(source, busy, now)} ORDER BY scans.number")
        for scan in found:
            if scan.state in WORKING:
                transitions.requeue(db, scan.number, now=now, why=why)
            if source is Source.SHELL and transitions.load(db, scan.number).state in CANCELLABLE:
                problem = "The command ended before the build was submitted."
                self._move(db, scan.number, State.CANCELLED, why, scan={"problem": problem})
        return [scan.number for scan in found]

    @writes
    def cancel_waiting(self, db: Connection, channel: str, user: str, *, why: str) -> list[int]:
        """Cancel a person's waiting scans in a channel, in one transaction; return their numbers."""
        where = (
            "WHERE scans.state IN ('received', 'queued', 'waiting') AND scans.channel = ? "
            "AND ? IN (scans.shared_by, scans.asked_by) ORDER BY scans.number"
        )
        waiting = [scan.number for scan in rows.scans_where(db, where, channel, user)]
        for number in waiting:
            self._move(db, number, State.CANCELLED, why, who=user, scan={"problem": why})
        return waiting

    @writes
    def postpone(self, db: Connection, number: int, problem: str, due_at: float) -> None:
        """Reschedule a due scan; if it is queued for the same problem, without a line in the timeline.

        Raises:
            Superseded: no longer due.
        """
        scan, due = transitions.load(db, number), {"due_at": due_at}
        if scan.state is State.QUEUED and scan.problem == problem:
            rows.update(db, "submissions", due, scan=number, scanner=rows.MAIN_SCANNER)
        else:
            changes, expect = {"problem": problem}, {State.RECEIVED, State.QUEUED}
            self._move(db, number, State.QUEUED, problem, expect=expect, scan=changes, submission=due)

    async def hold(self, number: int, until: float) -> None:
        """Extend the lease of a shell's scan."""
        await self._update(number, "held_until", until)

    # The reply in the thread.

    async def set_reply(self, number: int, reply_ts: str | None) -> None:
        """Record the reply; empty while it is being posted, ``None`` if it certainly was not."""
        await self._update(number, "reply_ts", reply_ts)

    @writes
    def shown(self, db: Connection, number: int, revision: int) -> list[int]:
        """Record the revision that a scan's reply shows; return its duplicates with replies out of date."""
        db.execute("UPDATE scans SET shown_revision = ? WHERE number = ?", [revision, number])
        query = f"{_STALE} AND state = 'duplicate' AND original = ? ORDER BY number"
        return [row["number"] for row in db.query(query, [number])]

    async def stale(self) -> list[int]:
        """Return the scans whose replies are out of date."""
        return await self._numbers(f"{_STALE} ORDER BY number")

    def _move(self, db: Connection, number: int, to: State, why: str, **changes: Any) -> None:
        transitions.move(db, number, to, now=self.clock.now(), why=why, **changes)

    @reads
    def _numbers(self, db: Connection, query: str, *parameters: object) -> list[int]:
        return [row["number"] for row in db.query(query, parameters)]

    @writes
    def _update(self, db: Connection, number: int, column: str, value: object) -> None:
        rows.update(db, "scans", {column: value}, number=number)


def _abandoned(source: Source, busy: Collection[int], now: float) -> str:
    """Return the condition for scans in progress on which no process works any more."""
    if source is Source.SHELL:
        in_progress = f"scans.state IN ({rows.OPEN_STATES}, 'waiting') AND scans.held_until < {now!r}"
    else:
        states = rows.listed(WORKING)
        in_progress = f"scans.state IN ({states}) AND scans.number NOT IN ({_joined(busy)})"
    return f"scans.source = '{source.value}' AND {in_progress}"


def _joined(numbers: Collection[int]) -> str:
    return ", ".join(str(int(number)) for number in numbers)
