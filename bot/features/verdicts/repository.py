"""The rows of verdicts, and cached reports on files that people asked about."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from bot.core.people import Viewer
from bot.core.scan import WORKING, Scan
from bot.core.scheduler import Due
from bot.errors import NotFound, Superseded
from bot.features.verdicts import transition_repository
from bot.features.verdicts.models import (
    ASKED,
    HashAnswer,
    Report,
    ReportStatus,
    Risk,
    SandboxVerdict,
    Threat,
    Verdict,
    VerdictState,
)
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.transition_repository import JOINED
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes
from bot.storage.visibility import visible

GIVE_WAY_S = 600.0
"""How long a build that is not held waits for those on their way to OneTrust."""

_ON_THE_WAY = rows.listed(WORKING)
_SENDING = "opinions.state = 'waiting' AND z.state = 'sending'"
_SENT = f"(opinions.since IS NOT NULL AND z.attempts > 0 OR {_SENDING})"
"""Submissions; a build that joined another's analysis does not count."""
_SENT_AT = f"CASE WHEN {_SENDING} THEN ? ELSE opinions.since END"
"""When a file was sent; the parameter is the time now, for one that is being sent."""


class VerdictRepository(Repository):
    """The rows of verdicts: one for each scan and side scanner, by its name."""

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
            ) AS place, opinions.held_until IS NULL AS is_free
            FROM {JOINED} CROSS JOIN scans ON scans.number = opinions.scan
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
        return Due(
            now=_column(db, first, scanner, now, now - GIVE_WAY_S, limit),
            next_at=_next(db, scanner, "waiting", now),
        )

    @reads
    def waiting(self, db: Connection, sha256s: Collection[str]) -> frozenset[str]:
        """Return which of these builds are still to be sent, or to be read, for any scanner."""
        query = """
            SELECT DISTINCT sha256 FROM scans JOIN opinions ON opinions.scan = scans.number
            WHERE opinions.state = 'waiting' AND sha256 IN (SELECT value FROM json_each(?))
        """
        return frozenset(_column(db, query, json.dumps(list(sha256s))))

    @reads
    def sent_since(self, db: Connection, scanner: str, at: float) -> int:
        """Return how many files were sent since then, including those that are being sent now."""
        query = _of_scanner("count(*)", f"{_SENT} AND {_SENT_AT} >= ?")
        return int(_column(db, query, scanner, self.clock.now(), at)[0])

    @reads
    def sent_before(self, db: Connection, scanner: str, count: int) -> float | None:
        """Return when the ``count``-th last file was sent; ``None`` if fewer were.

        A file that is being sent counts as sent now.
        """
        query = _of_scanner(_SENT_AT, f"{_SENT} ORDER BY 1 DESC LIMIT 1 OFFSET ?")
        return next(iter(_column(db, query, self.clock.now(), scanner, count - 1)), None)

    @reads
    def of(self, db: Connection, scanner: str, number: int) -> tuple[Scan, Verdict | None]:
        """Return a scan with a scanner's verdict of it; ``None`` if it is not asked about it.

        Raises:
            NotFound: there is no scan with that number.
        """
        return transitions.load(db, number), transition_repository.of_scan(db, number).get(scanner)

    @reads
    def of_file(self, db: Connection, scanner: str, sha256: str | None) -> Verdict | None:
        """Return a scanner's newest verdict on the very same file: a known one, else one in analysis."""
        query = """
            WHERE opinions.scanner = ? AND opinions.state IN ('known', 'analysing')
                  AND opinions.scan IN (SELECT number FROM scans WHERE sha256 = ?)
            ORDER BY opinions.state <> 'known', opinions.known_from IS NOT NULL, opinions.scan DESC LIMIT 1
        """
        return next(iter(transition_repository.find(db, query, scanner, sha256)), None)

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

        ``why`` is a line for the timeline, and ``who`` the person who did it. ``submission`` is the state of
        sending it, and ``status`` the HTTP status of the answer. When a verdict ends, so does its hold.

        Raises:
            NotFound: the scanner is not, or no longer, asked about it.
            Superseded: its state is another.
        """
        now = self.clock.now()
        if (before := transition_repository.of_scan(db, number).get(scanner)) is None:
            raise NotFound(f"No verdict on scan #{number} is expected.")
        if before.state not in expect:
            raise Superseded(f"The verdict on scan #{number} has moved on.")
        ends = changes.get("state", before.state) not in ASKED
        stamps = {"ended_at": now} if ends and before.ended_at is None else {}
        transition_repository.change(db, number, scanner, {**changes, **stamps})
        if ends:
            transition_repository.release(db, number, scanner, now=now, ended=True)
        if why:
            transitions.note(db, number, now=now, why=why, who=who)
        if tell:
            transitions.touch(db, number)
        return transition_repository.of_scan(db, number)[scanner]

    @writes
    def release(self, db: Connection, scanner: str, number: int) -> None:
        """Stop holding a scan for a verdict that will be late."""
        transition_repository.release(db, number, scanner, now=self.clock.now(), ended=False)

    @writes
    def release_all(self, db: Connection, *, other_than: Collection[str]) -> None:
        """Stop holding scans for any scanners other than these."""
        now, query = self.clock.now(), "SELECT scan, scanner FROM opinions WHERE held_until IS NOT NULL"
        for row in list(db.query(query)):
            if row["scanner"] not in other_than:
                transition_repository.release(db, row["scan"], row["scanner"], now=now, ended=False)

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
        return _column(db, query, scanner)

    @writes
    def set_announced(self, db: Connection, scanner: str, number: int, ts: str | None) -> None:
        """Store the message that announced a bad verdict; empty while it is being posted."""
        rows.update(db, "opinions", {"announced_ts": ts}, scan=number, scanner=scanner)

    @reads
    def scan_with(self, db: Connection, viewer: Viewer, *, md5: str = "", sha256: str = "") -> int | None:
        """Return the newest scan with that hash that the viewer may see and a side scanner was asked about.

        Scans with a verdict come first. Hashes are in lower case; the beginning of a SHA-256 is enough.
        """
        visibility, seen = visible(viewer)
        condition, hashes = "z.request_id = ?", [md5]
        if not md5:  # 'g' comes after every digit
            condition, hashes = "scans.sha256 BETWEEN ? AND ? || 'g'", [sha256, sha256]
        query = f"""
            SELECT scans.number FROM {JOINED} JOIN scans ON scans.number = opinions.scan
            WHERE {condition} AND {visibility}
            ORDER BY opinions.state <> 'known', scans.number DESC LIMIT 1
        """
        return next(iter(_column(db, query, *hashes, *seen)), None)

    @reads
    def answer(self, db: Connection, scanner: ScannerProfile, md5: str) -> HashAnswer | None:
        """Return the last report on a file that a person asked about."""
        query = "SELECT * FROM asked_verdicts WHERE md5 = ? AND scanner = ?"
        return next((_answer(scanner, row) for row in db.query(query, [md5, scanner.name])), None)

    @writes
    def keep_answer(self, db: Connection, scanner: ScannerProfile, md5: str, report: Report) -> None:
        """Store a report, in place of an earlier one."""
        verdict = json.dumps(asdict(report.verdict)) if report.verdict is not None else None
        db.execute(
            "REPLACE INTO asked_verdicts (md5, scanner, at, status, verdict) VALUES (?, ?, ?, ?, ?)",
            [md5, scanner.name, self.clock.now(), report.status.value, verdict],
        )


def _column(db: Connection, query: str, *parameters: object) -> list[Any]:
    """Return the first column of a query's rows."""
    return [row[0] for row in db.execute(query, list(parameters))]


def _next(db: Connection, scanner: str, state: str, after: float) -> float | None:
    query = _of_scanner("min(z.due_at)", "opinions.state = ? AND z.due_at > ?")
    at: float | None = _column(db, query, scanner, state, after)[0]
    return at


def _of_scanner(column: str, condition: str) -> str:
    return f"SELECT {column} FROM {JOINED} WHERE opinions.scanner = ? AND {condition}"


def _answer(scanner: ScannerProfile, row: Mapping[str, Any]) -> HashAnswer:
    verdict = None
    if row["verdict"] is not None:
        kept = json.loads(row["verdict"])
        risks = tuple(Risk(**{**each, "sources": tuple(each["sources"])}) for each in kept["risks"])
        verdict = SandboxVerdict(**{**kept, "threat": Threat(kept["threat"]), "risks": risks})
    report = Report(status=ReportStatus(row["status"]), verdict=verdict)
    return HashAnswer(scanner=scanner, md5=row["md5"], at=row["at"], report=report)
