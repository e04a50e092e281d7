"""The rows as a queue: which scans are due, which were left behind, which replies are stale."""

from collections.abc import Collection

import sqlite_utils

from bot.scans.models import CANCELLABLE, PARKED, WORKING, Source, State
from bot.scans.ports import Clock
from bot.store import facts, rows, transitions
from bot.store.database import Database

_WAITING = f"""
    FROM scans JOIN submissions AS o ON o.scan = scans.number AND o.{rows.ONETRUST}
    WHERE scans.state IN ('received', 'queued') AND scans.source = 'slack'
"""
_NUMBERS = f"SELECT scans.number AS number {_WAITING}"
_HELD = "EXISTS (SELECT 1 FROM opinions WHERE opinions.scan = scans.number AND held_until IS NOT NULL)"


class QueueStore:
    """What a runner takes, and what a restart takes up."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def due(self, limit: int, *, busy: Collection[int]) -> list[int]:
        """Return up to ``limit`` scans that may be taken up now, first of channels with the fewest at work.

        ``busy`` are the scans that are being worked on: a channel that shared a hundred builds doesn't keep
        the others waiting until the last of them is done.
        """
        working = _listed(busy)
        query = f"""
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
        return await self._database.read(
            lambda db: [row["number"] for row in db.query(query, [self._clock.now(), limit])]
        )

    async def next_due_at(self) -> float | None:
        """Return when the next queued scan is due, ``None`` where none is queued."""
        query = f"SELECT min(o.due_at) AS at {_WAITING} AND o.due_at > ?"
        return await self._database.read(lambda db: next(iter(db.query(query, [self._clock.now()])))["at"])

    # While the scanner takes no builds.

    async def probe(self, *, busy: Collection[int]) -> int | None:
        """Return the scan that was sent the fewest times of all that are due or parked.

        So one whose own bytes are the trouble doesn't keep the others from finding out; the smallest of
        them, as all others wait for it.
        """
        query = f"""
            {_NUMBERS} AND (o.due_at <= ? OR o.due_at = ?) AND scans.number NOT IN ({_listed(busy)})
            ORDER BY o.attempts, scans.size_bytes, scans.number LIMIT 1
        """
        parameters = [self._clock.now(), PARKED]
        found = await self._database.read(lambda db: list(db.query(query, parameters)))
        return int(found[0]["number"]) if found else None

    async def park(self, why: str, *, busy: Collection[int]) -> list[int]:
        """Let all that is due wait for the scanner, however long; return which those are."""
        query = (
            f"{_NUMBERS} AND o.due_at <= ? AND scans.number NOT IN ({_listed(busy)}) ORDER BY scans.number"
        )

        def work(db: sqlite_utils.Database) -> list[int]:
            now = self._clock.now()
            numbers = [int(row["number"]) for row in db.query(query, [now])]
            for number in numbers:
                transitions.move(
                    db,
                    number,
                    State.QUEUED,
                    now=now,
                    why=why,
                    scan={"problem": why},
                    submission={"due_at": PARKED},
                )
            return numbers

        if not await self._database.read(lambda db: list(db.query(query, [self._clock.now()]))):
            return []
        return await self._database.write(work)

    async def release(self, *, hasten: bool) -> None:
        """Make due what is parked; with ``hasten`` also what waits as the scanner said "later".

        What waits for Slack (its last pull failed) goes on waiting, and so does what is held for a verdict.
        """
        later = f"o.due_at > ? AND scans.state = 'queued' AND scans.pulls = 0 AND NOT {_HELD}"
        ahead = f"OR ({later})" if hasten else ""
        query = f"{_NUMBERS} AND (o.due_at = ? {ahead})"
        now = self._clock.now()
        parameters = [PARKED, now] if hasten else [PARKED]
        if await self._database.read(lambda db: list(db.query(f"{query} LIMIT 1", parameters))):
            await self._database.write(
                lambda db: db.execute(
                    f"UPDATE submissions SET due_at = ? WHERE {rows.ONETRUST} AND scan IN ({query})",
                    [now, *parameters],
                )
            )

    async def wake_waiting(self) -> list[int]:
        """Let scans go on that waited for one of the same app that is in flight no more; one of each app.

        While one is on its way to be decided again, the others of its app go on waiting: they may have to.
        """

        def work(db: sqlite_utils.Database) -> list[int]:
            waiting = rows.scans_where(db, "WHERE scans.state = 'waiting' ORDER BY scans.number")
            woken: list[int] = []
            for scan in waiting:
                if facts.ahead(db, scan.bundle_id, scan.platform) is not None:
                    continue
                woken.append(scan.number)
                transitions.move(
                    db,
                    scan.number,
                    State.RECEIVED,
                    now=self._clock.now(),
                    why=f"{_one(scan.original)} is in flight no more",
                    scan={"original": None},
                )
            return woken

        if not await self._database.read(
            lambda db: list(db.query("SELECT 1 FROM scans WHERE state = 'waiting' LIMIT 1"))
        ):
            return []
        return await self._database.write(work)

    async def recover(
        self, *, source: Source, before: float | None = None, busy: Collection[int] = ()
    ) -> list[int]:
        """Take up what nobody works on any more.

        For the bot: all of its own that are not ``busy``. For shell scans: those not held since ``before``.
        """
        working = ", ".join(f"'{state.value}'" for state in sorted(WORKING))
        condition = f"scans.state IN ({working}) AND scans.number NOT IN ({_listed(busy)})"
        parameters: list[object] = [source.value]
        if before is not None:
            condition = f"scans.state IN ({facts.OPEN_STATES}, 'waiting') AND scans.held_until < ?"
            parameters.append(before)

        def work(db: sqlite_utils.Database) -> list[int]:
            found = rows.scans_where(db, where, *parameters)
            now = self._clock.now()
            for scan in found:
                if scan.state in WORKING:
                    transitions.hand_back(db, scan.number, now=now, why="the process ended")
                if source is Source.SHELL and transitions.load(db, scan.number).state in CANCELLABLE:
                    transitions.move(
                        db,
                        scan.number,
                        State.CANCELLED,
                        now=now,
                        why="the process ended",
                        scan={"problem": "The command ended before the build was submitted."},
                    )
            return [scan.number for scan in found]

        where = f"WHERE scans.source = ? AND {condition} ORDER BY scans.number"
        if not await self._database.read(lambda db: rows.scans_where(db, where, *parameters)):
            return []
        return await self._database.write(work)

    async def cancel_waiting(self, channel: str, user: str, *, why: str) -> list[int]:
        """Take back, in one transaction, what a person shared or asked for in a channel and what waits."""

        def work(db: sqlite_utils.Database) -> list[int]:
            waiting = rows.scans_where(
                db,
                "WHERE scans.state IN ('received', 'queued', 'waiting') AND scans.channel = ? "
                "AND ? IN (scans.shared_by, scans.asked_by) ORDER BY scans.number",
                channel,
                user,
            )
            for scan in waiting:
                transitions.move(
                    db,
                    scan.number,
                    State.CANCELLED,
                    now=self._clock.now(),
                    why=why,
                    who=user,
                    scan={"problem": why},
                )
            return [scan.number for scan in waiting]

        return await self._database.write(work)

    async def postpone(self, number: int, problem: str, due_at: float) -> None:
        """Let a due scan wait until ``due_at``; where it waits for the same already, nothing new is told.

        Raises:
            Superseded: it is not due any more.
        """

        def work(db: sqlite_utils.Database) -> None:
            scan = transitions.load(db, number)
            if scan.state is State.QUEUED and scan.problem == problem:
                db.execute(
                    f"UPDATE submissions SET due_at = ? WHERE scan = ? AND {rows.ONETRUST}",
                    [due_at, number],
                )
                return
            transitions.move(
                db,
                number,
                State.QUEUED,
                now=self._clock.now(),
                why=problem,
                expect={State.RECEIVED, State.QUEUED},
                scan={"problem": problem},
                submission={"due_at": due_at},
            )

        await self._database.write(work)

    async def hold(self, number: int, until: float) -> None:
        """Say that a shell's scan is still being worked on."""
        await self._database.write(
            lambda db: db.execute("UPDATE scans SET held_until = ? WHERE number = ?", [until, number])
        )

    # The reply in the thread.

    async def set_reply(self, number: int, reply_ts: str | None) -> None:
        """Remember the bot's message; empty while it is being posted, ``None`` where it surely was not."""
        await self._database.write(
            lambda db: db.execute("UPDATE scans SET reply_ts = ? WHERE number = ?", [reply_ts, number])
        )

    async def shown(self, number: int, revision: int) -> None:
        """Remember which revision of the scan its reply shows."""
        await self._database.write(
            lambda db: db.execute("UPDATE scans SET shown_revision = ? WHERE number = ?", [revision, number])
        )

    async def stale(self) -> list[int]:
        """Return the scans whose replies do not show their rows."""
        return await self._database.read(
            lambda db: [
                row["number"]
                for row in db.query(
                    "SELECT number FROM scans WHERE shown_revision < revision "
                    "AND source = 'slack' ORDER BY number"
                )
            ]
        )

    async def stale_copies(self, number: int) -> list[int]:
        """Return the duplicates of a scan whose replies don't show what became of it."""
        return await self._database.read(
            lambda db: [
                row["number"]
                for row in db.query(
                    "SELECT number FROM scans WHERE shown_revision < revision AND source = 'slack' "
                    "AND state = 'duplicate' AND original = ? ORDER BY number",
                    [number],
                )
            ]
        )


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(str(int(number)) for number in numbers)


def _one(number: int | None) -> str:
    """Name the scan that another waited for; it may be purged by now."""
    return f"scan #{number}" if number is not None else "the one before"
