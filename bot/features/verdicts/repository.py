"""Verdicts of side scanners: which builds are to be sent, which reports are due, and what was found."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from bot.core.scan import WORKING, Scan, State
from bot.core.scheduler import Due
from bot.errors import Superseded
from bot.features.submission.card import open_to
from bot.features.verdicts import transition_repository
from bot.features.verdicts.models import ASKED, CardVerdict, Verdict, VerdictState
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

GIVE_WAY_S = 600.0
"""How long a build waits for those on their way to OneTrust; a held one doesn't."""

_ON_THE_WAY = rows.listed(WORKING)
_OPEN_STATES = frozenset({VerdictState.WAITING, VerdictState.ANALYSING})
_OF_SCANNER = """
    FROM opinions CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = opinions.scanner
    WHERE opinions.scanner = ?
"""
_SENT = f"{_OF_SCANNER} AND opinions.since IS NOT NULL AND z.attempts > 0"
"""Submissions; a build that joined another's analysis does not count."""


class VerdictRepository(Repository):
    """The rows of verdicts: one for each scan and the side scanner that is asked about it."""

    # Sending.

    @reads
    def due(self, db: Connection, scanner: str, limit: int, *, busy: Collection[int] = ()) -> Due[int]:
        """Return up to ``limit`` scans whose builds are to be sent to a scanner now, held ones first.

        Scans on their way to OneTrust are left out, and for ``GIVE_WAY_S`` all others that are not held
        while there is such a scan. Of scans of one file only the first is due, and none while one of them is
        ``busy``, as they share its answer.
        """
        listed = ", ".join(str(int(number)) for number in busy)
        query = f"""
            SELECT opinions.scan AS scan, z.due_at AS due_at, row_number() OVER (
                PARTITION BY scans.sha256 ORDER BY opinions.held_until IS NULL, z.due_at, opinions.scan
            ) AS place, opinions.held_until IS NULL AS is_free FROM opinions
            CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = opinions.scanner
            CROSS JOIN scans ON scans.number = opinions.scan
            WHERE opinions.scanner = ? AND opinions.state = 'waiting' AND z.due_at <= ?
                  AND opinions.scan NOT IN ({listed})
                  AND scans.sha256 NOT IN (SELECT sha256 FROM scans WHERE number IN ({listed}))
                  AND scans.state NOT IN ({_ON_THE_WAY})
                  AND (opinions.held_until IS NOT NULL OR z.due_at <= ? OR NOT EXISTS (
                      SELECT 1 FROM scans AS others
                      WHERE others.state IN ('received', {_ON_THE_WAY}) AND others.source = 'slack'
                  ))
        """
        first = f"SELECT scan FROM ({query}) WHERE place = 1 ORDER BY is_free, due_at, scan LIMIT ?"
        now = self.clock.now()
        parameters = [scanner, now, now - GIVE_WAY_S, limit]
        return Due(
            now=[row["scan"] for row in db.query(first, parameters)],
            next_at=_next(db, scanner, "waiting", now),
        )

    @reads
    def waiting(self, db: Connection, sha256s: Collection[str]) -> frozenset[str]:
        """Return which of these builds are still to be sent, or to be read, for any scanner."""
        marks = ", ".join("?" * len(sha256s))
        query = f"""
            SELECT DISTINCT sha256 FROM scans JOIN opinions ON opinions.scan = scans.number
            WHERE opinions.state = 'waiting' AND sha256 IN ({marks})
        """
        return frozenset(row["sha256"] for row in db.query(query, list(sha256s)))

    @reads
    def sent_since(self, db: Connection, scanner: str, at: float) -> int:
        """Return how many files were sent since then, including those that are being sent now."""
        query = f"SELECT count(*) {_SENT} AND opinions.since >= ?"
        return int(db.execute(query, [scanner, at]).fetchone()[0]) + _sending(db, scanner)

    @reads
    def sent_before(self, db: Connection, scanner: str, count: int) -> float | None:
        """Return when the ``count``-th last file was sent; ``None`` if fewer were.

        A file that is being sent counts as sent now.
        """
        query = f"SELECT opinions.since {_SENT} ORDER BY opinions.since DESC LIMIT 1 OFFSET ?"
        before = count - 1 - _sending(db, scanner)
        if before < 0:
            return self.clock.now()
        row = db.execute(query, [scanner, before]).fetchone()
        return None if row is None else float(row[0])

    # Reading.

    @reads
    def of(self, db: Connection, scanner: str, number: int) -> Verdict | None:
        """Return a scanner's verdict of a scan; ``None`` if it is not asked about it."""
        return transition_repository.of(db, scanner, number)

    async def known(self, scanner: str, sha256: str) -> Verdict | None:
        """Return the newest verdict of a scanner with a verdict on the very same file."""
        found = await self._find(
            "WHERE opinions.scanner = ? AND opinions.state = 'known' "
            "AND opinions.scan IN (SELECT number FROM scans WHERE sha256 = ?) "
            "ORDER BY opinions.known_from IS NOT NULL, opinions.scan DESC LIMIT 1",
            scanner,
            sha256,
        )
        return found[0] if found else None

    async def of_md5(self, scanner: str, md5: str) -> list[Verdict]:
        """Return a scanner's verdicts on files of that MD5, newest first."""
        return await self._find(
            "WHERE opinions.scanner = ? AND opinions.scan IN "
            "(SELECT scan FROM submissions WHERE request_id = ? AND scanner = opinions.scanner) "
            "ORDER BY opinions.scan DESC",
            scanner,
            md5.lower(),
        )

    # Polling.

    @reads
    def reports_due(self, db: Connection, scanner: str, limit: int) -> Due[Verdict]:
        """Return up to ``limit`` verdicts whose report is due, the longest due first.

        ``next_at`` is that of the first of all, which may be due now.
        """
        query = (
            "WHERE opinions.scanner = ? AND opinions.state = 'analysing' AND z.due_at <= ? "
            "ORDER BY z.due_at, opinions.scan LIMIT ?"
        )
        return Due(
            now=transition_repository.find(db, query, scanner, self.clock.now(), limit),
            next_at=_next(db, scanner, "analysing", -1.0),
        )

    @writes
    def keep(
        self,
        db: Connection,
        /,
        scanner: str,
        number: int,
        *,
        why: str = "",
        who: str | None = None,
        tell: bool = True,
        expect: Collection[VerdictState] = frozenset(VerdictState),
        **changes: Any,
    ) -> Verdict:
        """Change the fields of a verdict in one of the states ``expect``; with ``tell`` the reply is stale.

        ``why`` is a line for the scan's timeline, and ``who`` the person who did it. ``submission`` is the
        state of sending it, and ``status`` the HTTP status of the answer. When a verdict ends, its scan is
        no longer held for it.

        Raises:
            NotFound: the scanner is not, or no longer, asked about it.
            Superseded: its state is another.
        """
        now = self.clock.now()
        before = transition_repository.load(db, number, scanner)
        if before.state not in expect:
            raise Superseded(f"The verdict on scan #{number} has moved on.")
        ends = changes.get("state", before.state) not in _OPEN_STATES
        stamps = {"ended_at": now} if ends and before.ended_at is None else {}
        transition_repository.change(db, number, scanner, {**changes, **stamps})
        if ends:
            transition_repository.release(db, number, scanner, now=now, ended=True)
        if why:
            transitions.note(db, number, now=now, why=why, who=who)
        if tell:
            transitions.touch(db, number)
        return transition_repository.load(db, number, scanner)

    @writes
    def release(self, db: Connection, scanner: str, number: int) -> None:
        """Stop holding a scan for a verdict that will be late."""
        transition_repository.release(db, number, scanner, now=self.clock.now(), ended=False)

    async def release_all(self, *, other_than: Collection[str]) -> None:
        """Stop holding scans for any scanners other than these."""

        def held(db: Connection) -> list[tuple[int, str]]:
            query = "SELECT scan, scanner FROM opinions WHERE held_until IS NOT NULL"
            return [(row["scan"], row["scanner"]) for row in db.query(query)]

        def work(db: Connection) -> None:
            for number, scanner in held(db):
                if scanner not in other_than:
                    transition_repository.release(db, number, scanner, now=self.clock.now(), ended=False)

        if await self.database.read(held):
            await self.database.write(work)

    # Announcing.

    @reads
    def to_announce(self, db: Connection, scanner: str) -> list[int]:
        """Return the scans with a thread whose verdict is bad and not surely announced, oldest first.

        An empty ``announced_ts`` means that it is being announced, or was when the last process ended.
        """
        query = """
            SELECT scan FROM opinions JOIN scans ON scans.number = opinions.scan
            WHERE opinions.threat IN ('MALICIOUS', 'SUSPICIOUS')
                  AND coalesce(opinions.announced_ts, '') = ''
                  AND opinions.scanner = ? AND opinions.state = 'known' AND scans.channel IS NOT NULL
            ORDER BY opinions.ended_at, scan
        """
        return [row["scan"] for row in db.query(query, [scanner])]

    @reads
    def announcement(self, db: Connection, scanner: str, number: int) -> tuple[Scan, Verdict | None]:
        """Return a scan with what decides whether a verdict on it is announced.

        Raises:
            NotFound: there is no scan with that number.
        """
        return (transitions.load(db, number), transition_repository.of(db, scanner, number))

    @writes
    def set_announced(self, db: Connection, scanner: str, number: int, ts: str | None) -> None:
        """Remember the message that announced a bad verdict; empty while it is being posted."""
        query = "UPDATE opinions SET announced_ts = ? WHERE scan = ? AND scanner = ?"
        db.execute(query, [ts, number, scanner])

    @reads
    def _find(self, db: Connection, rest: str, *parameters: object) -> list[Verdict]:
        return transition_repository.find(db, rest, *parameters)


def card_verdicts(
    db: Connection,
    scan: Scan,
    original: Scan | None,
    scanners: Iterable[ScannerProfile],
    permalink: Callable[[Scan], str | None],
) -> tuple[CardVerdict, ...]:
    """Return what a scan's card shows of each scanner; a duplicate shows its original's."""
    others = {}
    if original is not None and scan.state is State.DUPLICATE:
        others = {
            each.scanner: replace(
                each,
                known_from=each.known_from or each.scan,
                held_until=None,
                went_on_after_s=None,
                announced_ts=None,
            )
            for each in transition_repository.of_scan(db, original.number)
            if each.state in {VerdictState.KNOWN, *ASKED}
        }
    own = {each.scanner: each for each in transition_repository.of_scan(db, scan.number)}
    shown = others | own

    def link(verdict: Verdict) -> str | None:
        source = rows.first_scan(db, "WHERE scans.number = ?", verdict.known_from)
        return permalink(source) if source is not None and open_to(scan, source) else None

    return tuple(
        CardVerdict(scanner=scanner, verdict=verdict, link=link(verdict) if verdict.known_from else None)
        for scanner in scanners
        if (verdict := shown.get(scanner.name)) is not None
    )


def _next(db: Connection, scanner: str, state: str, after: float) -> float | None:
    query = f"SELECT min(z.due_at) {_OF_SCANNER} AND opinions.state = ? AND z.due_at > ?"
    at: float | None = db.execute(query, [scanner, state, after]).fetchone()[0]
    return at


def _sending(db: Connection, scanner: str) -> int:
    """Return how many files are being sent."""
    query = f"SELECT count(*) {_OF_SCANNER} AND opinions.state = 'waiting' AND z.state = 'sending'"
    return int(db.execute(query, [scanner]).fetchone()[0])
