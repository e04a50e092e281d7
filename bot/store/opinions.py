"""Zscaler's verdicts: which builds are to be sent, whose reports are to be asked for, and what was found."""

from collections.abc import Collection
from typing import Any

import sqlite_utils

from bot.errors import NotFound, Superseded
from bot.scans.models import WORKING
from bot.scans.ports import Clock
from bot.scans.verdicts import Opinion, OpinionState
from bot.store import opining, transitions
from bot.store.database import Database

GIVE_WAY_S = 600.0
"""So long a build lets those go first that are on their way to OneTrust; a held one doesn't."""

_ON_THE_WAY = ", ".join(f"'{state.value}'" for state in sorted(WORKING))
_OPEN_STATES = frozenset({OpinionState.WAITING, OpinionState.ANALYSING})


class OpinionStore:
    """The rows of opinions: the truth of what Zscaler is asked, and of what it said."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # Sending.

    async def due(self, limit: int, *, busy: Collection[int] = ()) -> list[int]:
        """Return up to ``limit`` scans whose builds are to be sent now; those that are held for it first.

        None of a scan that is on its way to OneTrust, nor for a while of any other, as long as one is; and
        none of the very same file as one of the ``busy`` scans, whose answer will be its own.
        """
        listed = ", ".join(str(int(number)) for number in busy)
        query = f"""
            SELECT opinions.scan AS scan FROM opinions
            CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = 'zscaler'
            CROSS JOIN scans ON scans.number = opinions.scan
            WHERE opinions.state = 'waiting' AND z.due_at <= ? AND opinions.scan NOT IN ({listed})
                  AND scans.sha256 NOT IN (SELECT sha256 FROM scans WHERE number IN ({listed}))
                  AND scans.state NOT IN ({_ON_THE_WAY})
                  AND (opinions.held_until IS NOT NULL OR z.due_at <= ? OR NOT EXISTS (
                      SELECT 1 FROM scans AS others
                      WHERE others.state IN ('received', {_ON_THE_WAY}) AND others.source = 'slack'
                  ))
            ORDER BY opinions.held_until IS NULL, z.due_at, opinions.scan LIMIT ?
        """
        now = self._clock.now()
        parameters = [now, now - GIVE_WAY_S, limit]
        return await self._database.read(lambda db: [row["scan"] for row in db.query(query, parameters)])

    async def next_due_at(self) -> float | None:
        """Return when the next build is to be sent that is not to be sent yet; ``None`` where none is."""
        return await self._next("waiting", self._clock.now())

    async def sent_since(self, at: float) -> int:
        """Return how many files were sent since then, with those that are just being sent."""
        query = f"SELECT count(*) {_SENT} AND opinions.since >= ?"
        return await self._database.read(lambda db: int(db.execute(query, [at]).fetchone()[0]) + _sending(db))

    async def sent_before(self, count: int) -> float | None:
        """Return when the last but ``count - 1`` file was sent; ``None`` where there were fewer.

        So with 1 when the last one was; what is just being sent is sent now.
        """
        query = f"SELECT opinions.since {_SENT} ORDER BY opinions.since DESC LIMIT 1 OFFSET ?"

        def work(db: sqlite_utils.Database) -> float | None:
            before = count - 1 - _sending(db)
            if before < 0:
                return self._clock.now()
            row = db.execute(query, [before]).fetchone()
            return None if row is None else float(row[0])

        return await self._database.read(work)

    # Reading.

    async def of(self, number: int) -> Opinion | None:
        """Return the opinion on a scan; ``None`` where Zscaler is not asked about it."""

        def work(db: sqlite_utils.Database) -> Opinion | None:
            try:
                return opining.load(db, number)
            except NotFound:
                return None

        return await self._database.read(work)

    async def known(self, sha256: str) -> Opinion | None:
        """Return the newest opinion with a verdict on the very same file."""
        found = await self._database.read(
            lambda db: opining.find(
                db,
                "WHERE opinions.state = 'known' "
                "AND opinions.scan IN (SELECT number FROM scans WHERE sha256 = ?) "
                "ORDER BY opinions.known_from IS NOT NULL, opinions.scan DESC LIMIT 1",
                sha256,
            )
        )
        return found[0] if found else None

    async def of_md5(self, md5: str) -> list[Opinion]:
        """Return the opinions on files of that MD5, newest first."""
        return await self._database.read(
            lambda db: opining.find(
                db,
                "WHERE opinions.scan IN "
                "(SELECT scan FROM submissions WHERE request_id = ? AND scanner = 'zscaler') "
                "ORDER BY opinions.scan DESC",
                md5.lower(),
            )
        )

    # Following.

    async def reports_due(self, limit: int) -> list[Opinion]:
        """Return up to ``limit`` opinions whose report is to be asked for now, the longest due first."""
        return await self._database.read(
            lambda db: opining.find(
                db,
                "WHERE opinions.state = 'analysing' AND z.due_at <= ? "
                "ORDER BY z.due_at, opinions.scan LIMIT ?",
                self._clock.now(),
                limit,
            )
        )

    async def next_report_at(self) -> float | None:
        """Return when the next report is to be asked for; ``None`` where none is."""
        return await self._next("analysing", -1.0)

    async def keep(
        self,
        number: int,
        *,
        why: str = "",
        who: str | None = None,
        tell: bool = True,
        expect: Collection[OpinionState] = frozenset(OpinionState),
        **changes: Any,
    ) -> Opinion:
        """Change the fields of an opinion in one of the states ``expect``; with ``tell`` the reply is stale.

        ``why`` is a line for the scan's timeline, and ``who`` whose doing it is. ``submission`` is the state
        of sending it, and ``status`` the HTTP status of the answer. An opinion that ends lets its scan go on,
        where that is held for it.

        Raises:
            NotFound: Zscaler is not asked about it, or not any more.
            Superseded: its state is another.
        """
        now = self._clock.now()

        def work(db: sqlite_utils.Database) -> Opinion:
            before = opining.load(db, number)
            if before.state not in expect:
                raise Superseded(f"Zscaler's part of scan #{number} has moved on.")
            ends = changes.get("state", before.state) not in _OPEN_STATES
            stamps = {"ended_at": now} if ends and before.ended_at is None else {}
            opining.change(db, number, {**changes, **stamps})
            if ends and before.held_until is not None:
                _let_go(db, number, before.held_until, now)
            if why:
                state = transitions.load(db, number).state
                transitions.note(db, number, now=now, before=state, after=state, why=why, who=who)
            if tell:
                db.execute("UPDATE scans SET revision = revision + 1 WHERE number = ?", [number])
            return opining.load(db, number)

        return await self._database.write(work)

    async def hasten_held(self, number: int | None = None) -> None:
        """Let a scan go on now that is held for an opinion, or all that are; each says so."""
        one = "" if number is None else f" AND scan = {int(number)}"
        held = f"SELECT scan FROM opinions WHERE held_until IS NOT NULL{one}"
        ahead = f"scanner = 'onetrust' AND due_at > ? AND scan IN ({held})"
        queued = "EXISTS (SELECT 1 FROM scans WHERE number = scan AND state = 'queued' AND pulls = 0)"
        query, now = f"FROM submissions WHERE {ahead} AND {queued} LIMIT 1", self._clock.now()
        if await self._database.read(lambda db: db.execute(f"SELECT 1 {query}", [now]).fetchone()):
            update = f"UPDATE submissions SET due_at = ? WHERE {ahead} AND {queued}"
            await self._database.write(lambda db: db.execute(update, [now, now]))

    # Announcing.

    async def to_announce(self) -> list[int]:
        """Return the scans with a thread whose verdict is bad and not surely told, oldest first.

        That of some is being announced, or was when the last process ended: their ``announced_ts`` is empty.
        """
        query = """
            SELECT scan FROM opinions JOIN scans ON scans.number = opinions.scan
            WHERE opinions.threat IN ('MALICIOUS', 'SUSPICIOUS')
                  AND coalesce(opinions.announced_ts, '') = ''
                  AND opinions.state = 'known' AND scans.channel IS NOT NULL
            ORDER BY opinions.ended_at, scan
        """
        return await self._database.read(lambda db: [row["scan"] for row in db.query(query)])

    async def set_announced(self, number: int, ts: str | None) -> None:
        """Remember the message that told of a bad verdict; empty while it is being posted."""
        await self._database.write(
            lambda db: db.execute("UPDATE opinions SET announced_ts = ? WHERE scan = ?", [ts, number])
        )

    async def _next(self, state: str, after: float) -> float | None:
        query = """
            SELECT min(z.due_at) AS at FROM opinions
            CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = 'zscaler'
            WHERE opinions.state = ? AND z.due_at > ?
        """
        found = await self._database.read(lambda db: next(iter(db.query(query, [state, after]))))
        return None if found["at"] is None else float(found["at"])


_SENT = """
    FROM opinions CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = 'zscaler'
    WHERE opinions.since IS NOT NULL AND z.attempts > 0
"""
"""What was sent; what joined another's analysis was not."""


def _sending(db: sqlite_utils.Database) -> int:
    """Return how many files are just being sent."""
    query = """
        SELECT count(*) FROM opinions
        CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = 'zscaler'
        WHERE opinions.state = 'waiting' AND z.state = 'sending'
    """
    return int(db.execute(query).fetchone()[0])


def _let_go(db: sqlite_utils.Database, number: int, held_until: float, now: float) -> None:
    """Let a scan go on that is held for its opinion; one that waits for something else by now does so."""
    db.execute("UPDATE opinions SET held_until = NULL WHERE scan = ?", [number])
    db.execute(
        "UPDATE submissions SET due_at = ? WHERE scan = ? AND scanner = 'onetrust' AND due_at = ? "
        "AND EXISTS (SELECT 1 FROM scans WHERE number = scan AND state = 'queued')",
        [now, number, held_until],
    )
