"""Which apps, and which of their versions, have an SDK in them."""

import json
from typing import Final

from bot.errors import UsageError
from bot.features.history import filters
from bot.features.history.compare import APPS_A_PAGE, SdkPage
from bot.features.history.models import SdkRow, SdkVersion
from bot.features.results.models import UNREAD, Sdk
from bot.slack.blocks import text
from bot.slack.blocks.elements import actions, button, context, section
from bot.slack.blocks.message import Message, compose

PREVIOUS: Final = "sdk_previous"
NEXT: Final = "sdk_next"

_SDKS: Final = 4


def sdk(page: SdkPage) -> Message:
    """List one page of the apps that have an SDK in them, those that were scanned last first."""
    name = text.code(page.name, 100)
    if not page.rows and not page.offset and page.unread:
        return compose([section(UNREAD), context("Look in OneTrust which apps have the SDK.")])
    if not page.rows and not page.offset:
        return compose(
            [
                section(f"No completed scan that you may see found an SDK with {name} in its name."),
                context("A part of its name, its vendor or its package ID: `/appscan help sdk`"),
            ]
        )
    before = max(0, page.offset - APPS_A_PAGE)
    return compose(
        [
            section(f"*Apps with an SDK like* {name}, last scanned first"),
            *(section("\n".join(_lines(row))) for row in page.rows),
            actions(
                button("Previous", PREVIOUS, page_value(page.name, before)) if page.offset else None,
                button("Next", NEXT, page_value(page.name, page.offset + APPS_A_PAGE))
                if page.has_more
                else None,
            ),
        ]
    )


def page_value(name: str, offset: int) -> str:
    """Put an SDK's name and a place in the list into a button's value."""
    shown = text.plain(name, filters.SDK_LIMIT)
    return json.dumps([shown, offset], ensure_ascii=False, separators=(",", ":"))


def read_page_value(value: str) -> tuple[str, int]:
    """Read what ``page_value`` wrote.

    Raises:
        UsageError: it did not write that.
    """
    try:
        name, offset = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        name = offset = None
    if not isinstance(name, str) or type(offset) is not int or not 0 <= offset < 10**9:
        raise UsageError("That button is out of date.", example="/appscan sdk firebase")
    return name, offset


def _lines(row: SdkRow) -> list[str]:
    lines = [
        f"*{text.escape(row.name or row.bundle_id, 80)}* · {row.platform.title} · {text.code(row.bundle_id)}",
        f"in {', '.join(_version(each) for each in row.versions)}"
        + (" and earlier ones" if row.has_more else ""),
    ]
    if row.sdks:
        more = ", …" if len(row.sdks) > _SDKS else ""
        lines.append(", ".join(_named(each) for each in row.sdks[:_SDKS]) + more)
    if row.newest is not None and not row.still:
        last = text.code(row.newest.version or "none", 40)
        lines.append(f"No longer in the last completed scan: {last} (#{row.newest.number})")
    return lines


def _version(each: SdkVersion) -> str:
    return f"{text.code(each.version or 'no version', 40)} (#{each.scan})"


def _named(each: Sdk) -> str:
    vendor = f" by {text.escape(each.vendor, 40)}" if each.vendor else ""
    return f"{text.escape(each.name or each.package_id, 60)}{vendor}"
