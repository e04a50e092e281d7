"""The scans that have not come to their end."""

from bot.core.scan import Scan
from bot.features.history.compare import InProgress
from bot.features.results.models import ResultStatus
from bot.features.results.polling_views import following
from bot.features.submission.views import DETAILS
from bot.slack.blocks import text
from bot.slack.blocks.elements import Block, button, context, section
from bot.slack.blocks.message import Message, compose
from bot.slack.blocks.scan_text import title
from bot.slack.blocks.state_text import MARKS, WORDS


def in_progress(listed: InProgress) -> Message:
    """List the scans that have not come to their end, newest first."""
    if not listed.scans:
        return compose(
            [
                section("No scan that you may see is under way."),
                context(
                    "One scan by its number: `/appscan status 12`", "`/appscan history` finds the others"
                ),
            ]
        )
    return compose(
        [
            section("*Scans under way, newest first*"),
            *(_row(scan, followed) for scan, followed in listed.scans),
            context("There are more: `/appscan history status:open`") if listed.has_more else None,
        ]
    )


def _row(scan: Scan, followed: ResultStatus | None) -> Block:
    platform = f" · {scan.platform.title}" if scan.platform is not None else ""
    lines = [
        f"{MARKS[scan.state]} *#{scan.number}* {title(scan)}{platform} · {text.channel(scan.channel)}",
        f"{WORDS[scan.state]} {text.when(scan.updated_at)}",
    ]
    if followed is not None and (told := following(followed)):
        lines.append(told)
    return section("\n".join(lines), accessory=button("Details", DETAILS, str(scan.number)))
