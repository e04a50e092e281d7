"""Verdicts of side scanners: their lines in the reply, and the message that announces a bad one.

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
    Verdict,
    VerdictState,
    verdicts_of,
)
from bot.features.verdicts.report_poller import QUOTA_USED
from bot.features.verdicts.scanner_profile import UNNAMED, ScannerProfile
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, button, context, section
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import sharer, title

ADVICE: Final = "Don't install or hand out this build until somebody has looked into it."
REPORT: Final = "opinion_report"  # opens modals.report_modal
ASK_AGAIN: Final = "opinion_ask_again"
_WORDS: Final = {
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


def verdict_blocks(card: Card) -> list[Block]:
    """Show in the reply what each side scanner says, or how far it is."""
    return [block for shown in verdicts_of(card) for block in _blocks(card, shown)]


def _blocks(card: Card, shown: CardVerdict) -> list[Block]:
    verdict, scanner, number = shown.verdict, shown.scanner, card.scan.number
    late = _went_on(verdict)
    is_others = verdict.scan != number
    if verdict.state is VerdictState.KNOWN and verdict.result is not None:
        # The announcement, with its advice, is in the thread of the other scan.
        advice = ADVICE if is_others and verdict.result.threat in BAD else ""
        lines = [_line(scanner, verdict.result), known_by(shown), advice, late]
        return [section("\n".join(filter(None, lines)), accessory=report_button(scanner, number))]
    if is_others:
        return [context(f"{scanner.title}: no verdict yet; it is told in the thread of {_source(shown)}.")]
    accepts = scanner.accepts(card.scan.file_type, card.scan.size_bytes)
    if verdict.state is VerdictState.WAITING and not accepts:  # only its hosts are to be read
        return [context(text.sentence(verdict.problem))] if verdict.problem else []
    lines = [f"{scanner.title}: {_progress(shown)}", text.sentence(verdict.problem or ""), late]
    told = " ".join(filter(None, lines))
    if not verdict.may_be_asked_again:
        return [context(told)]
    told = f":warning: {told}" if verdict.state is VerdictState.FAILED else told
    again = button(f"Ask {scanner.vendor} again", action_id(ASK_AGAIN, scanner), str(number))
    return [section(told, accessory=again)]


def told_problems(card: Card) -> set[str]:
    """Return what ``verdict_blocks`` says is in the way of verdicts."""
    return {
        shown.verdict.problem
        for shown in verdicts_of(card)
        if shown.verdict.problem is not None
        and shown.verdict.scan == card.scan.number
        and shown.verdict.state is not VerdictState.KNOWN
    }


def holding(card: Card) -> list[CardVerdict]:
    """Return the verdicts that OneTrust's part waits for."""
    return [
        shown
        for shown in verdicts_of(card)
        if shown.verdict.held_until is not None and shown.verdict.state in ASKED
    ]


def held_line(card: Card) -> str:
    """Say what a held scan waits for, and until when at the latest; empty if it is not held."""
    if not (held := holding(card)):
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
    lines = [
        f":rotating_light: {called}*{shown.scanner.title}:* {title(scan)} *is {_WORDS[verdict.threat]}*",
        text.capital(judged(verdict)),
        known_by(shown),
        ADVICE,
    ]
    return compose(
        [
            section("\n".join(filter(None, lines))),
            actions(report_button(shown.scanner, scan.number)),
            context(f"Scan #{scan.number}", sharer(scan) if not called else None),
        ]
    )


def judged(verdict: SandboxVerdict) -> str:
    """Say category, score and detected malware, as far as they are known; empty if none is."""
    category = verdict.category if verdict.category and verdict.category != verdict.threat.value else ""
    parts = [
        f"category {spoken(category, 80)}" if category else "",
        f"score {verdict.score} of 100" if verdict.score is not None else "",
        f"detected {text.code(verdict.malware, 100)}" if verdict.malware else "",
    ]
    return ", ".join(filter(None, parts))


def warning(scanner: ScannerProfile, bad: Threat) -> str:
    """Say in a few words that a build is bad."""
    return f":rotating_light: {scanner.title}: {_WORDS[bad]}"


def threat(verdict: SandboxVerdict) -> str:
    """Say what a file is: "malicious"."""
    return _WORDS[verdict.threat]


def report_button(scanner: ScannerProfile, number: int) -> Block:
    """Offer the report on a scan's build."""
    return button(f"{scanner.product} report", action_id(REPORT, scanner), str(number))


def status_line(shown: CardVerdict) -> str:
    """Say how far a side scanner's part of a scan is, in one line."""
    verdict = shown.verdict
    if verdict.state is VerdictState.KNOWN and verdict.result is not None:
        return ", ".join(filter(None, [threat(verdict.result), judged(verdict.result)]))
    return " ".join(filter(None, [_progress(shown), text.sentence(verdict.problem or "")]))


def _line(scanner: ScannerProfile, verdict: SandboxVerdict) -> str:
    """Say the verdict, loudly only if it is bad."""
    if verdict.threat in BAD:
        first = f":rotating_light: *{scanner.title}: {_WORDS[verdict.threat]}*"
    else:
        first = f"{scanner.title}: {_WORDS[verdict.threat]}"
    return ", ".join(filter(None, [first, judged(verdict)]))


def known_by(shown: CardVerdict) -> str:
    """Say how the verdict came about if it is another scan's, or instant; else empty."""
    said = []
    if shown.verdict.known_from is not None:
        said.append(f"Known from {_source(shown)}: it is the very same file.")
    if shown.verdict.result is not None and shown.verdict.result.is_instant:
        said.append("An instant verdict: the build was not run.")
    return " ".join(said)


def _source(shown: CardVerdict) -> str:
    """Name the scan that a verdict comes from, with a link if everyone may read that."""
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
            again = " again" if verdict.looks else ""
            # A used-up quota is checked more often than a report could come.
            tells = verdict.due_at and verdict.problem != shown.scanner.fill(QUOTA_USED)
            due = f"; the report is asked for{again} {text.when(verdict.due_at)}" if tells else ""
            return f"submitted{sent}, analysing{due}."
        case VerdictState.EXCLUDED:
            return "not analysed."
        case VerdictState.FAILED:
            return "no verdict."
        case _:
            return "done, without a verdict."


def _went_on(verdict: Verdict) -> str:
    """Say that OneTrust's part continued without the verdict; empty if it didn't."""
    if verdict.went_on_after_s is None:
        return ""
    return f"OneTrust's part waited {text.duration(verdict.went_on_after_s)} for it, and went on without it."
