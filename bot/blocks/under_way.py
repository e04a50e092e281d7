"""The scans that have not come to their end."""

from bot.blocks import text
from bot.blocks.elements import Block, button, context, section
from bot.blocks.following import following
from bot.blocks.message import Message, compose
from bot.blocks.phrases import title
from bot.blocks.reply import DETAILS
from bot.blocks.states import MARKS, WORDS
from bot.scans.inquiries import UnderWay
from bot.scans.models import Scan
from bot.scans.results import Followed


def under_way(listed: UnderWay) -> Message:
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


def _row(scan: Scan, followed: Followed | None) -> Block:
    platform = f" · {scan.platform.title}" if scan.platform is not None else ""
    lines = [
        f"{MARKS[scan.state]} *#{scan.number}* {title(scan)}{platform} · {text.channel(scan.channel)}",
        f"{WORDS[scan.state]} {text.when(scan.updated_at)}",
    ]
    if followed is not None and (told := following(followed)):
        lines.append(told)
    return section("\n".join(lines), accessory=button("Details", DETAILS, str(scan.number)))
