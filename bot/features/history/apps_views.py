"""The known apps, and the app IDs they are linked to."""

from collections.abc import Sequence
from typing import Final

from bot.core.scan import Link
from bot.features.history.history import APPS_A_PAGE
from bot.features.history.models import AppRow
from bot.features.onetrust_apps import views
from bot.features.onetrust_apps.service import AppListing
from bot.slack.blocks import scan_text, text
from bot.slack.blocks.elements import Block, context, page_buttons, section
from bot.slack.blocks.lists import count
from bot.slack.blocks.message import Message, compose

PREVIOUS: Final = "apps_previous"
NEXT: Final = "apps_next"


def apps(
    rows: Sequence[AppRow], *, offset: int = 0, has_more: bool = False, listing: AppListing | None = None
) -> Message:
    """List one page of known apps, then OneTrust's own; the buttons' value is the offset of their page."""
    theirs = views.page(listing) if listing is not None else []
    if not rows and offset == 0:
        hint = "Share an `.ipa` or `.apk` in a channel that this bot is in."
        nothing = section("No app is known yet, or none that you may see.")
        return compose([nothing, context(hint, "`/appscan help share`"), *theirs])
    ids = PREVIOUS, NEXT
    return compose(
        [
            section("*Apps, last scanned first*" if rows else "*Apps*: this page is empty."),
            *(section(_row(row)) for row in rows),
            page_buttons(("Previous", "Next"), ids, str, offset=offset, size=APPS_A_PAGE, has_more=has_more),
            next((_hint(row) for row in rows if row.app_id is None), None),
            *theirs,
        ]
    )


def linked(link: Link, *, before: Link | None = None, others: Sequence[Link] = ()) -> Message:
    """Confirm a new link; ``before`` is the one it replaced, ``others`` are linked to the same app."""
    app_id = text.code(link.app_id)
    lines = [f":white_check_mark: {scan_text.app(link)} is linked to {app_id}: its next build is a rescan."]
    if before is not None and before.app_id != link.app_id:
        lines.append(f"It was linked to {text.code(before.app_id)} until now.")
    if others:
        lines.append(f"Linked to the same app: {scan_text.owners(others)}. If that is not meant, unlink one.")
    return compose([section("\n".join(lines))])


def unlinked(link: Link) -> Message:
    """Confirm that a link was removed."""
    end = f"no longer linked to {text.code(link.app_id)}. At its next build the bot asks."
    return compose([section(f":white_check_mark: {scan_text.app(link)} is {end}")])


def _row(row: AppRow) -> str:
    version = f" {text.escape(row.version, 40)}" if row.version else ""
    app_id = f"app ID {text.code(row.app_id)}" if row.app_id is not None else "not linked"
    name = text.escape(row.name or row.bundle_id, 80)
    return (
        f"*{name}*{version} · {row.platform.title} · {count(row.scans, 'scan')}\n"
        f"{text.code(row.bundle_id)} · {app_id}"
    )


def _hint(row: AppRow) -> Block:
    typed = f"/appscan link {text.plain(row.bundle_id, 130)} <appId> {row.platform.value}"
    return context(f"Link one, so that its next build is a rescan: {text.code(typed, 200)}")
