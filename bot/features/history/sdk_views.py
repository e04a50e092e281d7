"""The apps, and their versions, that contain an SDK."""

from typing import Final

from bot.features.history import filters
from bot.features.history.compare import APPS_A_PAGE, SdkPage
from bot.features.history.models import SdkRow
from bot.features.results.models import UNREAD, Sdk
from bot.slack.blocks import text
from bot.slack.blocks.elements import button_value, context, page_buttons, section
from bot.slack.blocks.message import Message, compose

PREVIOUS: Final = "sdk_previous"
NEXT: Final = "sdk_next"

_SDKS: Final = 4


def sdk(page: SdkPage) -> Message:
    """List one page of the apps with an SDK, last scanned first."""
    name = text.code(page.name, 100)
    if not page.rows and not page.offset:
        if page.unread:
            return compose([section(UNREAD), context("Look in OneTrust which apps have the SDK.")])
        nothing = f"No completed scan that you may see found an SDK with {name} in its name."
        hint = "A part of its name, its vendor or its package ID: `/appscan help sdk`"
        return compose([section(nothing), context(hint)])
    typed = text.plain(page.name, filters.SDK_LIMIT)
    return compose(
        [
            section(f"*Apps with an SDK like* {name}, last scanned first"),
            *(section("\n".join(_lines(row))) for row in page.rows),
            page_buttons(
                ("Previous", "Next"),
                (PREVIOUS, NEXT),
                lambda offset: button_value(typed, offset),
                offset=page.offset,
                size=APPS_A_PAGE,
                has_more=page.has_more,
            ),
        ]
    )


def _lines(row: SdkRow) -> list[str]:
    versions = [f"{text.code(version or 'no version', 40)} (#{scan})" for version, scan in row.versions]
    lines = [
        f"*{text.escape(row.name or row.bundle_id, 80)}* · {row.platform.title} · {text.code(row.bundle_id)}",
        f"in {', '.join(versions)}{' and earlier ones' if row.has_more else ''}",
    ]
    if row.sdks:
        more = ", …" if len(row.sdks) > _SDKS else ""
        lines.append(", ".join(map(_named, row.sdks[:_SDKS])) + more)
    if row.newest is not None and not row.still:
        last = text.code(row.newest.version or "none", 40)
        lines.append(f"No longer in the last completed scan: {last} (#{row.newest.number})")
    return lines


def _named(each: Sdk) -> str:
    vendor = f" by {text.escape(each.vendor, 40)}" if each.vendor else ""
    return f"{text.escape(each.name or each.package_id, 60)}{vendor}"
