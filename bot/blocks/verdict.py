"""The answer to ``/appscan verdict``: what Zscaler's Sandbox says of a scan's build, or of a file."""

from typing import Final

from bot.blocks import text
from bot.blocks.elements import Block, actions, context, section
from bot.blocks.findings import paragraphs
from bot.blocks.message import Message, compose
from bot.blocks.opinion import SANDBOX, judged, known_by, report_button, status_line, threat
from bot.blocks.opinion_modals import ranked, risk, without_risks
from bot.blocks.phrases import title
from bot.scans.models import Card
from bot.scans.verdicts import BAD, HashAnswer, ReportStatus, SandboxVerdict

LOW: Final = 50
"""With no more reports left than this it is said how many there are."""
_RISKS: Final = 10


def known(card: Card, *, link: str | None = None) -> Message:
    """Tell how far Zscaler's part of a scan is; ``link`` leads to its reply."""
    scan, opinion = card.scan, card.opinion
    number = text.link(link, f"scan #{scan.number}") if link is not None else f"scan #{scan.number}"
    if opinion is None:
        return compose([section(f"Zscaler was not asked about {number}.")])
    bad = opinion.verdict is not None and opinion.verdict.threat in BAD
    mark = ":rotating_light: " if bad else ""
    return compose(
        [
            section(
                "\n".join(
                    filter(
                        None,
                        [
                            f"{mark}{title(scan)}, {number}",
                            f"{SANDBOX}: {status_line(opinion)}",
                            known_by(card, opinion),
                        ],
                    )
                )
            ),
            actions(report_button(scan.number) if opinion.verdict is not None else None),
            context(f"MD5 {text.code(opinion.md5)}") if opinion.md5 else None,
        ]
    )


def asked(answer: HashAnswer) -> Message:
    """Tell what Zscaler says of a file that was asked about by its MD5."""
    verdict = answer.report.verdict
    left = answer.left
    low = left is not None and left <= LOW
    return compose(
        [
            *([_unjudged(answer)] if verdict is None else _judged(answer.md5, verdict)),
            context(
                f"Zscaler said so {text.when(answer.at)}",
                f"{left:,} more {'report' if left == 1 else 'reports'} may be asked for today"
                if low
                else None,
            ),
        ]
    )


def _judged(md5: str, verdict: SandboxVerdict) -> list[Block]:
    mark = ":rotating_light: " if verdict.threat in BAD else ""
    line = ", ".join(filter(None, [f"{mark}{SANDBOX}: *{threat(verdict)}*", judged(verdict)]))
    risks = ranked(verdict)
    lines = [f"• {risk(each)}" for each in risks[:_RISKS]]
    if len(risks) > _RISKS:
        lines.append(f"• and {len(risks) - _RISKS:,} more")
    if not lines:
        lines = [without_risks(verdict)]
    return [section(f"{line}\nMD5 {text.code(md5)}"), *(section(told) for told in paragraphs(lines))]


def _unjudged(answer: HashAnswer) -> Block:
    named = f"the file with the MD5 {text.code(answer.md5)}"
    if answer.report.status is ReportStatus.IN_PROGRESS:
        return section(f"{SANDBOX} is still analysing {named}. Ask again in 10 minutes.")
    if answer.report.status is ReportStatus.NOT_FOUND:
        share = " Share the build to have it analysed." if answer.sends else ""
        return section(
            f"{SANDBOX} knows nothing of {named}. It is not asked about it again for a day.{share}"
        )
    return section(f"{SANDBOX} has no verdict on {named}.")
