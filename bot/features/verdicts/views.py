"""Verdicts of side scanners in the reply, and the message that announces a bad one.

Categories, names of malware and what the analysis saw come from outside.
"""

from typing import Final

from bot.features.hosts.views import spoken
from bot.features.submission.card import Card
from bot.features.verdicts.hold import joined
from bot.features.verdicts.models import (
    ASKED,
    BAD,
    CardVerdict,
    SandboxVerdict,
    Threat,
    VerdictState,
    verdicts_of,
)
from bot.features.verdicts.report_poller import QUOTA_USED
from bot.features.verdicts.scanner_profile import UNNAMED, ScannerProfile
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, context, section
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import sharer, title

ADVICE: Final = "Don't install or hand out this build until someone has looked into it."
INSTANT: Final = "An instant verdict: the build was not run."
REPORT: Final = "opinion_report"  # opens modals.report_modal
ASK_AGAIN: Final = "opinion_ask_again"
THREATS: Final = {
    Threat.MALICIOUS: "malicious",
    Threat.SUSPICIOUS: "suspicious",
    Threat.BENIGN: "benign",
    Threat.OTHER: "no clear verdict",
}


def action_id(action: str, scanner: ScannerProfile) -> str:
    """Return the action ID of a scanner's button."""
    return action if scanner.name == UNNAMED else f"{action}:{scanner.name}"


def scanner_of(action_id: str) -> str:
    """Return the name of the scanner that a button belongs to."""
    return action_id.partition(":")[2] or UNNAMED


def report_button(scanner: ScannerProfile, number: int) -> Block:
    """Offer the report on a scan's build."""
    return button(f"{scanner.product} report", action_id(REPORT, scanner), str(number))


def verdict_blocks(card: Card) -> list[Block]:
    """Show in the reply what each side scanner says, or how far it is."""
    return [block for shown in verdicts_of(card) for block in _blocks(card, shown)]


def _blocks(card: Card, shown: CardVerdict) -> list[Block]:
    verdict, scanner, number = shown.verdict, shown.scanner, card.scan.number
    late, is_others = "", verdict.scan != number
    if verdict.went_on_after_s is not None:
        waited = text.duration(verdict.went_on_after_s)
        late = f"OneTrust's part waited {waited} for it, and went on without it."
    if verdict.result is not None:
        # The announcement, with its advice, is in the thread of the other scan.
        advice = ADVICE if is_others and verdict.result.threat in BAD else ""
        lines = _lines(verdict_line(scanner, verdict.result), known_by(shown), advice, late)
        return [section(lines, accessory=report_button(scanner, number))]
    if is_others:
        return [context(f"{scanner.title}: no verdict yet; see the thread of {_source(shown)}.")]
    accepts = scanner.accepts(card.scan.file_type, card.scan.size_bytes)
    if verdict.state is VerdictState.WAITING and not accepts:  # only its hosts are to be read
        return [context(text.sentence(verdict.problem))] if verdict.problem else []
    line = " ".join(filter(None, [status_line(shown), late]))
    if not verdict.may_be_asked_again:
        return [context(line)]
    mark = ":warning: " if verdict.state is VerdictState.FAILED else ""
    again = button(f"Ask {scanner.vendor} again", action_id(ASK_AGAIN, scanner), str(number))
    return [section(f"{mark}{line}", accessory=again)]


def shown_problems(card: Card) -> set[str]:
    """Return the problems that ``verdict_blocks`` shows."""
    return {
        shown.verdict.problem
        for shown in verdicts_of(card)
        if shown.verdict.problem is not None
        and shown.verdict.scan == card.scan.number
        and shown.verdict.state is not VerdictState.KNOWN
    }


def held_line(card: Card) -> str:
    """Say what a held scan waits for, and until when at the latest; empty if it is not held."""
    held = [shown for shown in verdicts_of(card) if shown.verdict.held_until and shown.verdict.state in ASKED]
    if not held:
        return ""
    until = text.when(max(shown.verdict.held_until or 0.0 for shown in held))
    verdicts = joined(shown.scanner.verdict for shown in held)
    return f"{title(card.scan)} waits for {verdicts}, until {until} at the latest"


def verdict_message(card: Card, *, scanner: str, mention: bool) -> Message:
    """Announce that a build is malicious or suspicious; ``mention`` calls the person who shared it."""
    scan = card.scan
    shown = next((each for each in verdicts_of(card) if each.scanner.name == scanner), None)
    verdict = shown.verdict.result if shown is not None else None
    if shown is None or verdict is None:
        return compose([context(f"Scan #{scan.number}")])
    who = text.person(scan.asked_by or scan.shared_by) if mention else ""
    called = f"{who} " if who.startswith("<") else ""
    build = f"{title(scan)} *is {THREATS[verdict.threat]}*"
    lines = _lines(
        f":rotating_light: {called}*{shown.scanner.title}:* {build}",
        text.capital(", ".join(_details(verdict))),
        known_by(shown),
        ADVICE,
    )
    report = actions(report_button(shown.scanner, scan.number))
    return compose(
        [section(lines), report, context(f"Scan #{scan.number}", sharer(scan) if not called else None)]
    )


def warning(scanner: ScannerProfile, bad: Threat) -> str:
    """Say in a few words that a build is bad."""
    return f":rotating_light: {scanner.title}: {THREATS[bad]}"


def verdict_line(scanner: ScannerProfile, verdict: SandboxVerdict) -> str:
    """Show a verdict, marked if it is bad: "Zscaler Sandbox: benign, score 3 of 100"."""
    line = f"{scanner.title}: {THREATS[verdict.threat]}"
    return ", ".join([f":rotating_light: *{line}*" if verdict.threat in BAD else line, *_details(verdict)])


def _details(verdict: SandboxVerdict) -> list[str]:
    category = verdict.category if verdict.category != verdict.threat.value else None
    parts = (
        f"category {spoken(category, 80)}" if category else "",
        f"score {verdict.score} of 100" if verdict.score is not None else "",
        f"detected {text.code(verdict.malware, 100)}" if verdict.malware else "",
    )
    return [*filter(None, parts)]


def status_line(shown: CardVerdict) -> str:
    """Show how far a side scanner's part of a scan is, in one line."""
    verdict, name = shown.verdict, shown.scanner.title
    if verdict.result is not None:
        return ", ".join([f"{name}: {THREATS[verdict.result.threat]}", *_details(verdict.result)])
    return " ".join(filter(None, [f"{name}: {_progress(shown)}", text.sentence(verdict.problem or "")]))


def known_by(shown: CardVerdict) -> str:
    """Say how the verdict came about if it is another scan's, or instant; else empty."""
    verdict = shown.verdict
    known = f"Known from {_source(shown)}: it is the very same file." if verdict.known_from else ""
    instant = INSTANT if verdict.result is not None and verdict.result.is_instant else ""
    return " ".join(filter(None, [known, instant]))


def _source(shown: CardVerdict) -> str:
    number = f"scan #{shown.verdict.known_from}"
    return text.link(shown.link, number) if shown.link else number


def _progress(shown: CardVerdict) -> str:
    verdict = shown.verdict
    match verdict.state:
        case VerdictState.WAITING:
            at = f"; next try {text.when(verdict.due_at)}" if verdict.problem and verdict.due_at else ""
            return f"to be submitted{at}."
        case VerdictState.ANALYSING:
            sent = f" {text.when(verdict.since)}" if verdict.since is not None else ""
            again = " again" if verdict.polls else ""
            # A used-up quota is checked more often than a report could come.
            is_polled = verdict.due_at and verdict.problem != shown.scanner.fill(QUOTA_USED)
            due = f"; the report is requested{again} {text.when(verdict.due_at)}" if is_polled else ""
            return f"submitted{sent}, analysing{due}."
        case VerdictState.EXCLUDED:
            return "not analysed."
        case _:
            return "no verdict."


def _lines(*lines: str) -> str:
    """Join lines, leaving out the empty."""
    return "\n".join(filter(None, lines))
