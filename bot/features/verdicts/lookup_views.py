"""The answer to ``/appscan verdict``: what side scanners say of a scan's build, or of a file."""

from collections.abc import Sequence
from typing import Final

from bot.core.scan import Scan
from bot.features.submission.card import Card
from bot.features.verdicts.modals import ranked, risk, without_risks
from bot.features.verdicts.models import (
    BAD,
    CardVerdict,
    HashAnswer,
    NoAnswer,
    ReportStatus,
    SandboxVerdict,
    verdicts_of,
)
from bot.features.verdicts.views import judged, known_by, report_button, status_line, threat
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, context, section
from bot.slack.blocks.lists import paragraphs
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import title

LOW: Final = 50
"""If no more reports are left than this, the answer says how many."""
_RISKS: Final = 10


def known(card: Card, *, link: str | None = None) -> Message:
    """Show how far the part of each side scanner that was asked is; ``link`` leads to the scan's reply."""
    return compose([block for shown in verdicts_of(card) for block in _known(card.scan, shown, link)])


def _known(scan: Scan, shown: CardVerdict, link: str | None) -> list[Block | None]:
    verdict = shown.verdict
    number = text.link(link, f"scan #{scan.number}") if link is not None else f"scan #{scan.number}"
    bad = verdict.result is not None and verdict.result.threat in BAD
    mark = ":rotating_light: " if bad else ""
    lines = [
        f"{mark}{title(scan)}, {number}",
        f"{shown.scanner.title}: {status_line(shown)}",
        known_by(shown),
    ]
    return [
        section("\n".join(filter(None, lines))),
        actions(report_button(shown.scanner, scan.number) if verdict.result is not None else None),
        context(f"MD5 {text.code(verdict.md5)}") if verdict.md5 else None,
    ]


def asked(answers: Sequence[HashAnswer | NoAnswer]) -> Message:
    """Show what side scanners say of a file that was asked about by its MD5."""
    return compose([block for answer in answers for block in _asked(answer)])


def _asked(answer: HashAnswer | NoAnswer) -> list[Block]:
    if isinstance(answer, NoAnswer):
        return [context(f"{answer.scanner.title}: {text.sentence(answer.problem)}")]
    verdict, left = answer.report.verdict, answer.left
    low = left is not None and left <= LOW
    return [
        *([_unjudged(answer)] if verdict is None else _judged(answer, verdict)),
        context(
            f"{answer.scanner.vendor} said so {text.when(answer.at)}",
            f"{left:,} more {'report' if left == 1 else 'reports'} may be asked for today" if low else None,
        ),
    ]


def _judged(answer: HashAnswer, verdict: SandboxVerdict) -> list[Block]:
    mark = ":rotating_light: " if verdict.threat in BAD else ""
    line = ", ".join(filter(None, [f"{mark}{answer.scanner.title}: *{threat(verdict)}*", judged(verdict)]))
    risks = ranked(verdict)
    lines = [f"• {risk(each)}" for each in risks[:_RISKS]]
    if len(risks) > _RISKS:
        lines.append(f"• and {len(risks) - _RISKS:,} more")
    if not lines:
        lines = [without_risks(answer.scanner, verdict)]
    return [section(f"{line}\nMD5 {text.code(answer.md5)}"), *(section(told) for told in paragraphs(lines))]


def _unjudged(answer: HashAnswer) -> Block:
    named, scanner = f"the file with the MD5 {text.code(answer.md5)}", answer.scanner.title
    if answer.report.status is ReportStatus.IN_PROGRESS:
        return section(f"{scanner} is still analysing {named}. Ask again in 10 minutes.")
    if answer.report.status is ReportStatus.NOT_FOUND:
        share = " Share the build to have it analysed." if answer.sends else ""
        return section(
            f"{scanner} knows nothing of {named}. It is not asked about it again for a day.{share}"
        )
    return section(f"{scanner} has no verdict on {named}.")
