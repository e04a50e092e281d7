"""The modal with a side scanner's report on a build: its summary, and what the analysis saw."""

from typing import Final

from bot.core.scan import Scan
from bot.features.hosts.views import spoken
from bot.features.verdicts.models import Risk, SandboxVerdict
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.views import INSTANT, THREATS
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, context, facts, section
from bot.slack.blocks.lists import listed
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal
from bot.slack.blocks.scan_text import title

REPORT: Final = PagedModal(name="opinion", title="Report", page_size=20, source_key="scanner")
_SOURCES: Final = 3
_RANKS: Final = {"CRITICAL": 0, "HIGH": 1, "MODERATE": 2, "MEDIUM": 2, "LOW": 3}
"""Risk levels, the worst first; a level that Zscaler does not document comes last."""


def report_modal(
    scan: Scan, scanner: ScannerProfile, md5: str | None, verdict: SandboxVerdict, state: ModalState
) -> Block:
    """Show a page of the report on a scan's build."""
    risks = ranked(verdict)
    listing = Listing(
        title=f"{scanner.product} report",
        heading=[
            section(f"{title(scan)}, scan #{scan.number}"),
            facts(_facts(md5, verdict)),
            context(INSTANT) if verdict.is_instant else None,
        ],
        intro=[section("*What the analysis saw*")] if risks else [],
        rows=risks,
        row=risk,
        empty=without_risks(scanner, verdict),
    )
    return REPORT.render(state, listing)


def ranked(verdict: SandboxVerdict) -> list[Risk]:
    """Return a report's risks, the worst first."""
    ranks = {seen: _RANKS.get(seen.level.strip().upper(), len(_RANKS)) for seen in verdict.risks}
    return sorted(verdict.risks, key=lambda seen: (ranks[seen], seen.level, seen.signature))


def risk(seen: Risk) -> str:
    """Describe one thing that the analysis saw, and where."""
    sources = listed(seen.sources, lambda each: text.code(each, 120), _SOURCES)
    where = f"\nIn {sources}" if sources else ""
    return f"*{text.escape(seen.level, 30)}*: {text.escape(seen.signature, 300)}{where}"


def without_risks(scanner: ScannerProfile, verdict: SandboxVerdict) -> str:
    """Explain why no risks are shown."""
    if verdict.is_full:
        return "The report names no risks."
    if verdict.is_instant:
        return scanner.fill("{Short} makes no report beyond this for an instant verdict.")
    return "The full report has not been read, so only its summary is known here."


def _facts(md5: str | None, verdict: SandboxVerdict) -> list[tuple[str, str]]:
    values = {
        "Verdict": THREATS[verdict.threat],
        "Category": spoken(verdict.category, 80) if verdict.category else "",
        "Score": f"{verdict.score} of 100" if verdict.score is not None else "",
        "Detected malware": text.code(verdict.malware, 100) if verdict.malware else "",
        "File type": text.code(verdict.file_type, 60) if verdict.file_type else "",
        "Analysis took": text.duration(verdict.duration_s) if verdict.duration_s is not None else "",
        "MD5": text.code(md5) if md5 else "",
    }
    return [(name, value or "–") for name, value in values.items()]
