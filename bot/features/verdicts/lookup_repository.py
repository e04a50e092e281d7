"""What people asked about verdicts: which scan has a hash, and what was said of an MD5."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from bot.core.people import Viewer
from bot.features.verdicts import transition_repository
from bot.features.verdicts.models import HashAnswer, Report, ReportStatus, Risk, SandboxVerdict, Threat
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes
from bot.storage.visibility import visible

_MD5 = (
    "EXISTS (SELECT 1 FROM submissions AS z "
    "WHERE z.request_id = ? AND z.scan = opinions.scan AND z.scanner = opinions.scanner)"
)
_SHA256 = "scans.sha256 BETWEEN ? AND ? || 'g'"  # all that begin so: 'g' comes after every digit


class VerdictLookupRepository(Repository):
    """Answers of side scanners by MD5, and the scans that have a hash."""

    @reads
    def scan_of(self, db: Connection, viewer: Viewer, *, md5: str = "", sha256: str = "") -> int | None:
        """Return the newest scan with that hash that the viewer may see and a side scanner was asked about.

        One with a verdict comes before those without. Hashes are in lower case; the beginning of a SHA-256
        is enough.
        """
        condition, seen = visible(viewer)
        query = f"""
            SELECT scans.number AS number FROM scans JOIN opinions ON opinions.scan = scans.number
            WHERE {_MD5 if md5 else _SHA256} AND {condition}
            ORDER BY opinions.state <> 'known', scans.number DESC LIMIT 1
        """
        hashes = [md5] if md5 else [sha256, sha256]
        return next((int(row["number"]) for row in db.query(query, [*hashes, *seen])), None)

    @reads
    def answer(self, db: Connection, scanner: ScannerProfile, md5: str) -> HashAnswer | None:
        """Return what a scanner said last of a file that a person asked about."""
        query = "SELECT * FROM asked_verdicts WHERE md5 = ? AND scanner = ?"
        return next((_answer(scanner, row) for row in db.query(query, [md5, scanner.name])), None)

    @writes
    def keep(self, db: Connection, scanner: ScannerProfile, md5: str, report: Report, at: float) -> None:
        """Keep what a scanner said, in place of what it said before."""
        verdict = json.dumps(asdict(report.verdict)) if report.verdict is not None else None
        db.execute(
            "INSERT OR REPLACE INTO asked_verdicts (md5, scanner, at, status, verdict) "
            "VALUES (?, ?, ?, ?, ?)",
            [md5, scanner.name, at, report.status.value, verdict],
        )


def _purge(db: Connection, before: float) -> bool:
    """Remove answers from before a time; return whether there were any."""
    return bool(db.execute("DELETE FROM asked_verdicts WHERE at < ?", [before]).rowcount)


def _answer(scanner: ScannerProfile, row: Mapping[str, Any]) -> HashAnswer:
    verdict = _verdict(json.loads(row["verdict"])) if row["verdict"] is not None else None
    report = Report(status=ReportStatus(row["status"]), verdict=verdict)
    return HashAnswer(scanner=scanner, md5=row["md5"], at=row["at"], report=report)


def _verdict(kept: Mapping[str, Any]) -> SandboxVerdict:
    risks = tuple(Risk(**{**each, "sources": tuple(each["sources"])}) for each in kept["risks"])
    return SandboxVerdict(**{**kept, "threat": Threat(kept["threat"]), "risks": risks})


HOOKS: Final = RowHooks(
    moved=transition_repository.moved,
    facts=transition_repository.facts,
    decided=transition_repository.begin,
    purge=_purge,
)
"""What verdicts do in the transactions of others."""
