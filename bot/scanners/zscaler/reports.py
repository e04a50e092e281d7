"""The Sandbox's reports about files, by MD5.

Source: https://help.zscaler.com/zia/sandbox-report-api
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from bot.errors import NotFound, TryLater
from bot.features.verdicts.models import Quota, Report, ReportStatus, Risk, SandboxVerdict, Threat
from bot.scanners.http.json_fields import (
    clamped,
    member,
    numeral,
    printable,
    record,
    records,
    timestamp,
    word,
    words,
)
from bot.scanners.zscaler.client import CloudClient
from bot.scanners.zscaler.status_codes import UNREADABLE, Endpoint

OTHER_FILE: Final = "Zscaler's report is about another file than the bot asked for."

MOST_RISKS: Final = 100
"""Risks of one report that are kept."""
MOST_SECTIONS: Final = 50
SIGNATURE_LIMIT: Final = 500
"""Characters of a risk's signature and sources."""
MOST_SOURCES: Final = 10
"""Sources of one risk that are kept."""
MOST_QUOTAS: Final = 20
LONGEST_S: Final = 7 * 86_400.0
"""The longest duration of an analysis; a longer one counts as this."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(eq=False, repr=False)
class Reports:
    """Reads reports. Implements the ``ReportApi`` port, and raises its errors."""

    cloud: CloudClient

    async def report(self, md5: str, *, full: bool = False) -> Report:
        """Return the report about a hash, 32 hexadecimal digits."""
        wanted = md5.lower()
        if not _MD5.fullmatch(wanted):
            raise ValueError("an MD5 has 32 hexadecimal digits")
        params = {"details": "full" if full else "summary"}
        try:
            value = await self.cloud.get(Endpoint.REPORT, wanted, params=params)
        except NotFound:
            return Report(status=ReportStatus.NOT_FOUND)
        return read_report(value, wanted)

    async def quota(self) -> tuple[Quota, ...]:
        """Return the quotas of ``report``."""
        return read_quotas(await self.cloud.get(Endpoint.QUOTA))


def read_report(value: Any, md5: str) -> Report:
    """Parse a summary or a full report.

    Raises:
        TryLater: it is neither, or about another file than ``md5``, which is in lower case.
    """
    if not isinstance(value, dict):
        raise TryLater(UNREADABLE, detail="report: no object")
    name = "Full Details" if "Full Details" in value else "Summary"
    if isinstance(value.get(name), str):  # a sentence: the hash is unknown, or not analysed yet
        return Report(status=ReportStatus.NOT_FOUND)
    report = record(value, name)
    summary, judged = record(report, "Summary"), record(report, "Classification")
    properties = record(report, "FileProperties")
    if not summary and not judged:
        raise TryLater(UNREADABLE, detail="report: neither summary nor classification")
    named = properties.get("MD5")
    if isinstance(named, str) and named.strip() and named.strip().lower() != md5:
        raise TryLater(OTHER_FILE, detail="report: about another file")
    status = member(ReportStatus, summary.get("Status"), ReportStatus.OTHER)
    is_over = status not in {ReportStatus.IN_PROGRESS, ReportStatus.NOT_FOUND}
    if not is_over or (status is not ReportStatus.COMPLETED and not judged.get("Type")):
        return Report(status=status)
    duration_ms = numeral(summary.get("Duration"))
    verdict = SandboxVerdict(
        threat=member(Threat, judged.get("Type"), Threat.OTHER),
        category=word(judged.get("Category")),
        score=clamped(judged.get("Score"), 100),
        malware=word(judged.get("DetectedMalware")),
        file_type=word(summary.get("FileType")) or word(properties.get("FileType")),
        duration_s=None if duration_ms is None else min(max(duration_ms / 1000, 0.0), LONGEST_S),
        risks=_risks(report),
        is_full=name == "Full Details",
    )
    return Report(status=status, verdict=verdict, sha256=_sha256(properties.get("Sha256")))


def read_quotas(value: Any) -> tuple[Quota, ...]:
    """Parse the quotas, and skip what makes no sense.

    Raises:
        TryLater: no list.
    """
    if not isinstance(value, list):
        raise TryLater(UNREADABLE, detail="quota: no list")
    quotas = []
    for entry in records(value, MOST_QUOTAS):
        used, allowed = (clamped(entry.get(name), 10**9) for name in ("used", "allowed"))
        if used is None or allowed is None or (numeral(entry["allowed"]) or 0) < 0:
            continue
        started_at, scale = timestamp(entry.get("startTime")), printable(entry.get("scale")) or ""
        quotas.append(Quota(used=used, allowed=allowed, started_at=started_at, scale=scale))
    return tuple(quotas)


def _risks(report: Mapping[str, object]) -> tuple[Risk, ...]:
    sections = list(report.values())[:MOST_SECTIONS]
    risks: dict[Risk, None] = {}
    for entry in chain.from_iterable(records(entries, MOST_RISKS) for entries in sections):
        level = printable(entry.get("Risk"))
        signature = printable(entry.get("Signature"), SIGNATURE_LIMIT)
        if level and signature:
            sources = words(entry.get("SignatureSources"), MOST_SOURCES, SIGNATURE_LIMIT)
            risks.setdefault(Risk(level=level, signature=signature, sources=sources))
    return tuple(risks)[:MOST_RISKS]


def _sha256(value: Any) -> str | None:
    digest = value.strip().lower() if isinstance(value, str) else ""
    return digest if _SHA256.fullmatch(digest) else None
