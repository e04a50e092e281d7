"""The modal with a side scanner's report on a build: its summary, and page by page what the analysis saw."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.blocks import text
from bot.blocks.elements import Block, context, facts, section, words
from bot.blocks.hosts import spoken
from bot.blocks.modals import kept_in, scan_number
from bot.blocks.opinion import threat
from bot.blocks.pages import kept_page, last_page, place, pressed_page, turning
from bot.blocks.phrases import title
from bot.features.verdicts.scanner_profile import UNNAMED, ScannerProfile
from bot.scans.models import Scan
from bot.scans.verdicts import CardVerdict, Risk, SandboxVerdict

REPORT_FORM: Final = "opinion_form"
PREVIOUS: Final = "opinion_previous"
NEXT: Final = "opinion_next"
TURNS: Final = (PREVIOUS, NEXT)
"""The action IDs of the form's buttons."""
A_PAGE: Final = 20
_SOURCES: Final = 3
_RANKS: Final = {"CRITICAL": 0, "HIGH": 1, "MODERATE": 2, "MEDIUM": 2, "LOW": 3}
"""Levels of risk, the worst first; what was not published comes last."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """Which page of which report is open."""

    scan: int
    channel: str
    """Where it was opened: who may see the scan there may leaf through it."""
    page: int = 0
    scanner: str = UNNAMED
    """Whose report it is."""


def report_modal(scan: Scan, shown: CardVerdict, leaf: Leaf) -> Block:
    """Show a page of the report on a scan's build; a page that is not there shows the last one."""
    scanner, verdict = shown.scanner, shown.opinion.verdict
    risks = ranked(verdict) if verdict is not None else []
    last = last_page(len(risks), A_PAGE)
    page = min(leaf.page, last)
    seen = risks[page * A_PAGE : (page + 1) * A_PAGE]
    blocks = [
        section(f"{title(scan)}, scan #{scan.number}"),
        facts(_facts(shown.opinion.md5, verdict)),
        context("An instant verdict: the build was not run.") if verdict and verdict.is_instant else None,
        section("*What the analysis saw*" if risks else without_risks(scanner, verdict)),
        *(section(risk(each)) for each in seen),
        context(place(page, A_PAGE, len(risks))) if last else None,
        turning(PREVIOUS, NEXT, page, last),
    ]
    return {
        "type": "modal",
        "callback_id": REPORT_FORM,
        "private_metadata": json.dumps(
            {"scan": leaf.scan, "channel": leaf.channel, "page": page, "scanner": leaf.scanner}
        ),
        "title": words(f"{scanner.product} report"),
        "close": words("Close"),
        "blocks": [block for block in blocks if block is not None],
    }


def ranked(verdict: SandboxVerdict) -> list[Risk]:
    """Return a report's risks, the worst first."""
    return sorted(verdict.risks, key=lambda each: (_rank(each), each.level, each.signature))


def risk(seen: Risk) -> str:
    """Say one thing that the analysis saw, and where."""
    line = f"*{text.escape(seen.level, 30)}*: {text.escape(seen.signature, 300)}"
    sources = [text.code(each, 120) for each in seen.sources[:_SOURCES]]
    if not sources:
        return line
    more = len(seen.sources) - _SOURCES
    return f"{line}\nIn {', '.join(sources)}{f' and {more:,} more' if more > 0 else ''}"


def without_risks(scanner: ScannerProfile, verdict: SandboxVerdict | None) -> str:
    """Say why no risks are shown."""
    if verdict is not None and verdict.is_full:
        return "The report names no risks."
    if verdict is not None and verdict.is_instant:
        return scanner.fill("{Short} makes no report beyond this for an instant verdict.")
    return "The full report has not been read, so only its summary is known here."


def read_report(view: Mapping[str, Any]) -> Leaf:
    """Read which page is open.

    Raises:
        UsageError: the form is not ours.
    """
    kept = kept_in(view)
    channel, page, scanner = kept.get("channel"), kept.get("page"), kept.get("scanner")
    return Leaf(
        scan=scan_number(kept),
        channel=channel if isinstance(channel, str) else "",
        page=kept_page(page),
        scanner=scanner if isinstance(scanner, str) else UNNAMED,
    )


def turned(leaf: Leaf, value: str) -> Leaf:
    """Return what a press of one of ``TURNS`` opens."""
    return replace(leaf, page=pressed_page(value))


def _rank(seen: Risk) -> int:
    return _RANKS.get(seen.level.strip().upper(), len(_RANKS))


def _facts(md5: str | None, verdict: SandboxVerdict | None) -> list[tuple[str, str]]:
    pairs = [("Verdict", threat(verdict) if verdict is not None else "none yet")]
    if verdict is not None:
        pairs += [
            ("Category", spoken(verdict.category, 80) if verdict.category else "–"),
            ("Score", f"{verdict.score} of 100" if verdict.score is not None else "–"),
            ("Detected malware", text.code(verdict.malware, 100) if verdict.malware else "–"),
            ("File type", text.code(verdict.file_type, 60) if verdict.file_type else "–"),
            ("Analysis took", text.duration(verdict.duration_s) if verdict.duration_s is not None else "–"),
        ]
    return [*pairs, ("MD5", text.code(md5) if md5 else "–")]
