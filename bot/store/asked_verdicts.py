"""What people asked about verdicts: of which scan a hash is, and what Zscaler said of files by their MD5."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlite_utils

from bot.scans.lookups import Viewer
from bot.scans.verdicts import HashAnswer, Report, ReportStatus, Risk, SandboxVerdict, Threat
from bot.store.database import Database
from bot.store.visible import visible

_MD5 = "scans.number IN (SELECT scan FROM submissions WHERE request_id = ? AND scanner = 'zscaler')"
_SHA256 = "scans.sha256 BETWEEN ? AND ? || 'g'"  # all that begin so: 'g' comes after every digit


class AskedVerdictStore:
    """Answers of Zscaler by MD5, and the scans that hashes are of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def scan_of(self, viewer: Viewer, *, md5: str = "", sha256: str = "") -> int | None:
        """Return the newest scan with that hash that the viewer may see and that Zscaler was asked about.

        One with a verdict comes before those without. Hashes are in lower case; of a SHA-256 its
        beginning will do.
        """
        condition, seen = visible(viewer)
        query = f"""
            SELECT scans.number AS number FROM scans JOIN opinions ON opinions.scan = scans.number
            WHERE {_MD5 if md5 else _SHA256} AND {condition}
            ORDER BY opinions.state <> 'known', scans.number DESC LIMIT 1
        """
        hashes = [md5] if md5 else [sha256, sha256]
        found = await self._database.read(lambda db: list(db.query(query, [*hashes, *seen])))
        return int(found[0]["number"]) if found else None

    async def answer(self, md5: str) -> HashAnswer | None:
        """Return what Zscaler said last of a file that somebody asked about."""
        query = "SELECT * FROM asked_verdicts WHERE md5 = ?"
        found = await self._database.read(lambda db: list(db.query(query, [md5])))
        return _answer(found[0]) if found else None

    async def keep(self, md5: str, report: Report, at: float) -> None:
        """Keep what Zscaler said, in place of what it said before."""
        verdict = json.dumps(asdict(report.verdict)) if report.verdict is not None else None
        await self._database.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO asked_verdicts (md5, at, status, verdict) VALUES (?, ?, ?, ?)",
                [md5, at, report.status.value, verdict],
            )
        )


def purge(db: sqlite_utils.Database, before: float) -> int:
    """Remove what was said before a time; return how much that was."""
    return int(db.execute("DELETE FROM asked_verdicts WHERE at < ?", [before]).rowcount)


def _answer(row: Mapping[str, Any]) -> HashAnswer:
    verdict = _verdict(json.loads(row["verdict"])) if row["verdict"] is not None else None
    report = Report(status=ReportStatus(row["status"]), verdict=verdict)
    return HashAnswer(md5=row["md5"], at=row["at"], report=report)


def _verdict(kept: Mapping[str, Any]) -> SandboxVerdict:
    risks = tuple(Risk(**{**each, "sources": tuple(each["sources"])}) for each in kept["risks"])
    return SandboxVerdict(**{**kept, "threat": Threat(kept["threat"]), "risks": risks})
