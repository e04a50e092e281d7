"""What Zscaler's Sandbox says of a file, asked for by its MD5.

Source: https://help.zscaler.com/zia/sandbox-report-api
"""

import re
from typing import Any, Final

from bot.errors import NotFound, TryLater
from bot.scans.verdicts import Quota, Report, ReportStatus, Risk, SandboxVerdict, Threat
from bot.zscaler import found
from bot.zscaler.answers import UNREADABLE, Endpoint
from bot.zscaler.cloud import Cloud

OTHER_FILE: Final = "Zscaler's report is about another file than the bot asked for."

MOST_RISKS: Final = 100
"""Risks of one report that are kept."""
MOST_SECTIONS: Final = 50
SIGNATURE_LIMIT: Final = 500
"""Characters of what was seen."""
MOST_SOURCES: Final = 10
"""Sources of one risk that are kept."""
MOST_QUOTAS: Final = 20
LONGEST_S: Final = 7 * 86_400.0
"""No analysis takes longer."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")


class Reports:
    """Reads reports. Implements the ``ReportApi`` port."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def report(self, md5: str, *, full: bool = False) -> Report:
        """Return the report about a hash, 32 hexadecimal digits.

        Raises:
            Refused, TryLater: as the port has it.
        """
        wanted = md5.lower()
        if not _MD5.fullmatch(wanted):
            raise ValueError("an MD5 has 32 hexadecimal digits")
        try:
            value = await self._cloud.get(
                Endpoint.REPORT, wanted, params={"details": "full" if full else "summary"}
            )
        except NotFound:
            return Report(status=ReportStatus.NOT_FOUND)
        return read_report(value, wanted)

    async def quota(self) -> tuple[Quota, ...]:
        """Return the quotas of ``report``.

        Raises:
            Refused, TryLater: as the port has it.
        """
        return read_quotas(await self._cloud.get(Endpoint.QUOTA))


def read_report(value: Any, md5: str) -> Report:
    """Read a summary or a full report.

    Raises:
        TryLater: it is neither, or about another file than ``md5``, which is in lower case.
    """
    if not isinstance(value, dict):
        raise TryLater(UNREADABLE, detail="report: no object")
    name = "Full Details" if "Full Details" in value else "Summary"
    if isinstance(value.get(name), str):  # in words: nothing is known of the hash, or not yet
        return Report(status=ReportStatus.NOT_FOUND)
    report = found.section(value, name)
    summary, judged = found.section(report, "Summary"), found.section(report, "Classification")
    properties = found.section(report, "FileProperties")
    if not summary and not judged:
        raise TryLater(UNREADABLE, detail="report: neither summary nor classification")
    named = properties.get("MD5")
    if isinstance(named, str) and named.strip() and named.strip().lower() != md5:
        raise TryLater(OTHER_FILE, detail="report: about another file")
    status = found.one_of(ReportStatus, summary.get("Status"), ReportStatus.OTHER)
    if status in {ReportStatus.IN_PROGRESS, ReportStatus.NOT_FOUND}:
        return Report(status=status)
    if status is not ReportStatus.COMPLETED and not judged.get("Type"):
        return Report(status=status)
    duration_ms = found.number(summary.get("Duration"))
    verdict = SandboxVerdict(
        threat=found.one_of(Threat, judged.get("Type"), Threat.OTHER),
        category=found.told(judged.get("Category")),
        score=found.whole(judged.get("Score"), 100),
        malware=found.told(judged.get("DetectedMalware")),
        file_type=found.told(summary.get("FileType")) or found.told(properties.get("FileType")),
        duration_s=None if duration_ms is None else min(max(duration_ms / 1000, 0.0), LONGEST_S),
        risks=_risks(report),
        is_full=name == "Full Details",
    )
    return Report(status=status, verdict=verdict, sha256=_sha256(properties.get("Sha256")))


def read_quotas(value: Any) -> tuple[Quota, ...]:
    """Read the quotas, each that makes sense.

    Raises:
        TryLater: it is no list.
    """
    if not isinstance(value, list):
        raise TryLater(UNREADABLE, detail="quota: no list")
    quotas = []
    for entry in found.objects(value, MOST_QUOTAS):
        used, allowed = (found.whole(entry.get(name), 10**9) for name in ("used", "allowed"))
        if used is None or allowed is None or (found.number(entry["allowed"]) or 0) < 0:
            continue
        quota = Quota(
            used=used,
            allowed=allowed,
            started_at=_started_at(entry.get("startTime")),
            scale=found.text(entry.get("scale")) or "",
        )
        quotas.append(quota)
    return tuple(quotas)


def _risks(report: dict[str, Any]) -> tuple[Risk, ...]:
    """Return what was seen, of whichever section of a full report."""
    risks: dict[Risk, None] = {}
    for entries in list(report.values())[:MOST_SECTIONS]:
        for entry in found.objects(entries, MOST_RISKS):
            if len(risks) == MOST_RISKS:
                return tuple(risks)
            level = found.text(entry.get("Risk"))
            signature = found.text(entry.get("Signature"), SIGNATURE_LIMIT)
            if level and signature:
                sources = found.texts(entry.get("SignatureSources"), MOST_SOURCES, SIGNATURE_LIMIT)
                risks.setdefault(Risk(level=level, signature=signature, sources=sources))
    return tuple(risks)


def _sha256(value: Any) -> str | None:
    digest = value.strip().lower() if isinstance(value, str) else ""
    return digest if _SHA256.fullmatch(digest) else None


def _started_at(value: Any) -> float | None:
    """Return seconds since the epoch, of seconds or milliseconds."""
    at = found.number(value)
    if at is None or not 0 < at < 10**14:
        return None
    return at / 1000 if at > 10**11 else at
