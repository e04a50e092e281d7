"""Zscaler's verdict on a build: its line in the reply, the message that breaks the quiet, and an answer.

Categories, names of malware and what the analysis saw are Zscaler's, so they come from outside.
"""

from typing import Final

from bot.blocks import text
from bot.blocks.elements import Block, actions, button, context, section
from bot.blocks.hosts import spoken
from bot.blocks.message import Message, compose
from bot.blocks.phrases import sharer, title
from bot.scans.holding import can_be_judged
from bot.scans.models import Card
from bot.scans.reporting import QUOTA_USED
from bot.scans.verdicts import ASKED, BAD, Opinion, OpinionState, SandboxVerdict, Threat

ADVICE: Final = "Don't install or hand out this build until somebody has looked into it."
REPORT: Final = "opinion_report"  # opens opinion_modals.report_modal
ASK_AGAIN: Final = "opinion_ask_again"
SANDBOX: Final = "Zscaler Sandbox"

_WORDS: Final = {
    Threat.MALICIOUS: "malicious",
    Threat.SUSPICIOUS: "suspicious",
    Threat.BENIGN: "benign",
    Threat.OTHER: "no clear verdict",
}


def opinion_blocks(card: Card) -> list[Block]:
    """Show in the reply what Zscaler says, or how far asking it has come; nothing where it is not asked."""
    opinion = card.opinion
    if opinion is None:
        return []
    late = _went_on(opinion)
    is_others = opinion.scan != card.scan.number
    if opinion.state is OpinionState.KNOWN and opinion.verdict is not None:
        advice = (
            ADVICE if is_others and opinion.verdict.threat in BAD else ""
        )  # no message of its own tells it
        lines = [_line(opinion.verdict), known_by(card, opinion), advice, late]
        return [section("\n".join(filter(None, lines)), accessory=report_button(card.scan.number))]
    if is_others:
        return [context(f"{SANDBOX}: no verdict yet; it is told in the thread of {_source(card, opinion)}.")]
    if opinion.state is OpinionState.WAITING and not can_be_judged(card.scan.file_type, card.scan.size_bytes):
        return (
            [context(text.sentence(opinion.problem))] if opinion.problem else []
        )  # its hosts are to be read
    lines = [f"{SANDBOX}: {_progress(opinion)}", text.sentence(opinion.problem or ""), late]
    told = " ".join(filter(None, lines))
    if not opinion.may_be_asked_again:
        return [context(told)]
    told = f":warning: {told}" if opinion.state is OpinionState.FAILED else told
    return [section(told, accessory=button("Ask Zscaler again", ASK_AGAIN, str(card.scan.number)))]


def told_problem(card: Card) -> str | None:
    """Return what ``opinion_blocks`` says is in the way of a verdict; ``None`` where it says nothing."""
    opinion = card.opinion
    if opinion is None or opinion.scan != card.scan.number or opinion.state is OpinionState.KNOWN:
        return None
    return opinion.problem


def held(card: Card) -> bool:
    """Whether OneTrust's part waits for the verdict."""
    opinion = card.opinion
    return opinion is not None and opinion.held_until is not None and opinion.state in ASKED


def held_line(card: Card) -> str:
    """Say what a held scan waits for, and until when at the latest."""
    until = card.opinion.held_until if card.opinion is not None else None
    latest = f", until {text.when(until)} at the latest" if until is not None else ""
    return f"{title(card.scan)} waits for Zscaler's verdict{latest}"


def verdict_message(card: Card, *, mention: bool) -> Message:
    """Tell that a build is malicious or suspicious; ``mention`` calls whoever shared it."""
    opinion, scan = card.opinion, card.scan
    verdict = opinion.verdict if opinion is not None else None
    if opinion is None or verdict is None:
        return compose([context(f"Scan #{scan.number}")])
    who = text.person(scan.asked_by or scan.shared_by) if mention else ""
    called = f"{who} " if who.startswith("<") else ""
    lines = [
        f":rotating_light: {called}*{SANDBOX}:* {title(scan)} *is {_WORDS[verdict.threat]}*",
        text.capital(judged(verdict)),
        known_by(card, opinion),
        ADVICE,
    ]
    return compose(
        [
            section("\n".join(filter(None, lines))),
            actions(report_button(scan.number)),
            context(f"Scan #{scan.number}", sharer(scan) if not called else None),
        ]
    )


def judged(verdict: SandboxVerdict) -> str:
    """Say category, score and detected malware, as far as they are told; empty where none is."""
    category = verdict.category if verdict.category and verdict.category != verdict.threat.value else ""
    parts = [
        f"category {spoken(category, 80)}" if category else "",
        f"score {verdict.score} of 100" if verdict.score is not None else "",
        f"detected {text.code(verdict.malware, 100)}" if verdict.malware else "",
    ]
    return ", ".join(filter(None, parts))


def warning(bad: Threat) -> str:
    """Say in a few words that a build is bad."""
    return f":rotating_light: {SANDBOX}: {_WORDS[bad]}"


def threat(verdict: SandboxVerdict) -> str:
    """Say what a file is: "malicious"."""
    return _WORDS[verdict.threat]


def report_button(number: int) -> Block:
    """Offer the report about a scan's build."""
    return button("Sandbox report", REPORT, str(number))


def status_line(opinion: Opinion) -> str:
    """Say how far Zscaler's part of a scan is, in one line."""
    if opinion.state is OpinionState.KNOWN and opinion.verdict is not None:
        return ", ".join(filter(None, [threat(opinion.verdict), judged(opinion.verdict)]))
    return " ".join(filter(None, [_progress(opinion), text.sentence(opinion.problem or "")]))


def _line(verdict: SandboxVerdict) -> str:
    """Say the verdict, loudly only where it calls for somebody."""
    if verdict.threat in BAD:
        first = f":rotating_light: *{SANDBOX}: {_WORDS[verdict.threat]}*"
    else:
        first = f"{SANDBOX}: {_WORDS[verdict.threat]}"
    return ", ".join(filter(None, [first, judged(verdict)]))


def known_by(card: Card, opinion: Opinion) -> str:
    """Say how the verdict came about where that is not the usual way; empty where it is."""
    said = []
    if opinion.known_from is not None:
        said.append(f"Known from {_source(card, opinion)}: it is the very same file.")
    if opinion.verdict is not None and opinion.verdict.is_instant:
        said.append("An instant verdict: the build was not run.")
    return " ".join(said)


def _source(card: Card, opinion: Opinion) -> str:
    """Name the scan that an opinion comes from, with a link to it where that may be read."""
    number = f"scan #{opinion.known_from}"
    return text.link(card.opinion_link, number) if card.opinion_link else number


def _progress(opinion: Opinion) -> str:
    match opinion.state:
        case OpinionState.WAITING:
            at = f"; next try {text.when(opinion.due_at)}" if opinion.problem and opinion.due_at else ""
            return f"to be submitted{at}."
        case OpinionState.ANALYSING:
            sent = f" {text.when(opinion.since)}" if opinion.since is not None else ""
            again = " again" if opinion.looks else ""
            tells = opinion.due_at and opinion.problem != QUOTA_USED  # which is looked at again and again
            due = f"; the report is asked for{again} {text.when(opinion.due_at)}" if tells else ""
            return f"submitted{sent}, analysing{due}."
        case OpinionState.EXCLUDED:
            return "not analysed."
        case OpinionState.FAILED:
            return "no verdict."
        case _:
            return "done, without a verdict."


def _went_on(opinion: Opinion) -> str:
    """Say that OneTrust's part did not wait longer for the verdict; empty where it did, or never had to."""
    if opinion.went_on_after_s is None:
        return ""
    return f"OneTrust's part waited {text.duration(opinion.went_on_after_s)} for it, and went on without it."
