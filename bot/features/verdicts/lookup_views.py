"""The answer to ``/appscan verdict``: what side scanners say of a scan's build, or of a file."""

from collections.abc import Sequence
from typing import Final

from bot.core.scan import Scan
from bot.features.submission.card import Card
from bot.features.verdicts.modals import ranked, risk, without_risks
from bot.features.verdicts.models import BAD, CardVerdict, HashAnswer, NoAnswer, ReportStatus, verdicts_of
from bot.features.verdicts.views import known_by, report_button, status_line, verdict_line
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, actions, context, section
from bot.slack.blocks.lists import count, paragraphs
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import title

LOW: Final = 50
"""Up to this many reports left, the answer says how many."""
_RISKS: Final = 10


def known(card: Card, *, link: str | None = None) -> Message:
    """Show how far the part of each side scanner that was asked is; ``link`` leads to the scan's reply."""
    return compose([block for shown in verdicts_of(card) for block in _known(card.scan, shown, link)])


def _known(scan: Scan, shown: CardVerdict, link: str | None) -> list[Block | None]:
    verdict, number = shown.verdict, f"scan #{scan.number}"
    mark = ":rotating_light: " if verdict.result is not None and verdict.result.threat in BAD else ""
    build = f"{mark}{title(scan)}, {text.link(link, number) if link is not None else number}"
    return [
        section("\n".join(filter(None, [build, status_line(shown), known_by(shown)]))),
        actions(report_button(shown.scanner, scan.number) if verdict.result is not None else None),
        context(f"MD5 {text.code(verdict.md5)}") if verdict.md5 else None,
    ]


def asked(answers: Sequence[HashAnswer | NoAnswer]) -> Message:
    """Show what side scanners say of a file that was asked about by its MD5."""
    return compose([block for answer in answers for block in _asked(answer)])


def _asked(answer: HashAnswer | NoAnswer) -> list[Block]:
    if isinstance(answer, NoAnswer):
        return [context(f"{answer.scanner.title}: {text.sentence(answer.problem)}")]
    left = count(answer.left, "more report") if answer.left is not None and answer.left <= LOW else None
    said = f"{answer.scanner.vendor} said so {text.when(answer.at)}"
    return [*map(section, _lines(answer)), context(said, f"{left} may be requested today" if left else None)]


def _lines(answer: HashAnswer) -> list[str]:
    scanner, verdict, file = answer.scanner, answer.report.verdict, f"MD5 {text.code(answer.md5)}"
    if verdict is not None:
        risks = ranked(verdict)
        lines = [f"• {risk(each)}" for each in risks[:_RISKS]] or [without_risks(scanner, verdict)]
        more = [f"• and {len(risks) - _RISKS:,} more"] if len(risks) > _RISKS else []
        return [f"{verdict_line(scanner, verdict)}\n{file}", *paragraphs([*lines, *more])]
    file = f"the file with the {file}"
    if answer.report.status is ReportStatus.IN_PROGRESS:
        return [f"{scanner.title} is still analysing {file}. Ask again in 10 minutes."]
    if answer.report.status is ReportStatus.NOT_FOUND:
        share = " Share the build to have it analysed." if answer.sends else ""
        return [f"{scanner.title} knows nothing of {file}. It is not asked about it again for a day.{share}"]
    return [f"{scanner.title} has no verdict on {file}."]
