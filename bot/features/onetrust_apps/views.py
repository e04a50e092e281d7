"""OneTrust's own list of applications: to read, and to choose one from."""

import json
from typing import Final

from bot.errors import UsageError
from bot.features.onetrust_apps.service import A_PAGE, SEARCH_LIMIT, AppListing, Listed
from bot.features.results.models import OneTrustScanStatus
from bot.slack.blocks import scan_text, text
from bot.slack.blocks.elements import Block, actions, button, context, section, words
from bot.slack.blocks.message import Message, compose

PREVIOUS: Final = "applications_previous"
NEXT: Final = "applications_next"
RESCAN: Final = "application_rescan"
"""The menu's action; its value is the application's ID."""

OFFERED: Final = 100
"""Applications in the menu; Slack takes no more."""

LATE: Final = (
    "OneTrust did not say in time which applications it has: it is asked only so often a minute, and what "
    "scans found is asked for as well. Try again in a minute."
)
_SCANS: Final = {
    OneTrustScanStatus.PENDING: "a scan is pending",
    OneTrustScanStatus.PROGRESS: "being scanned",
    OneTrustScanStatus.COMPLETED: "scanned",
    OneTrustScanStatus.FAILED: "its last scan failed",
    OneTrustScanStatus.INTERRUPTED: "its last scan was interrupted",
    OneTrustScanStatus.UNSCANNED: "never scanned",
    OneTrustScanStatus.OTHER: "",
}
_OPTION_LIMIT: Final = 75


def applications(listing: AppListing) -> Message:
    """List one page of OneTrust's applications."""
    return compose(page(listing))


def page(listing: AppListing) -> list[Block | None]:
    """Make the blocks of one page of OneTrust's applications."""
    if listing.late:
        return [section(f":information_source: {LATE}")]
    if not listing.rows and not listing.offset and not listing.has_more:
        return [section(_none(listing))]
    before = max(0, listing.offset - A_PAGE)
    return [
        section(f"*OneTrust's own applications*{_sought(listing)}"),
        *(section(_row(row)) for row in listing.rows[:A_PAGE]),
        actions(
            button("Previous of OneTrust's", PREVIOUS, page_value(listing.search, before))
            if listing.offset
            else None,
            button("More of OneTrust's", NEXT, page_value(listing.search, listing.offset + A_PAGE))
            if listing.has_more
            else None,
        ),
    ]


def offered(listing: AppListing) -> Message:
    """Offer OneTrust's applications, to rescan one of them."""
    if listing.late:
        return compose([section(f":information_source: {LATE}")])
    if not listing.rows:
        return compose(
            [section(_none(listing)), context("Another word, or the app's ID: `/appscan help rescan`")]
        )
    menu: Block = {
        "type": "static_select",
        "action_id": RESCAN,
        "placeholder": words("Choose an application"),
        "options": [_option(row) for row in listing.rows[:OFFERED]],
    }
    return compose(
        [
            section(f"*Which of OneTrust's applications is to be rescanned?*{_sought(listing)}"),
            actions(menu),
            context(
                "These are not all: `/appscan rescan shop` offers those with that word in their name."
                if listing.has_more
                else "Then reply to the bot's message with the new build."
            ),
        ]
    )


def page_value(search: str, offset: int) -> str:
    """Put a search word and a place in the list into a button's value."""
    return json.dumps([text.plain(search, SEARCH_LIMIT), offset], ensure_ascii=False, separators=(",", ":"))


def read_page_value(value: str) -> tuple[str, int]:
    """Read what ``page_value`` wrote.

    Raises:
        UsageError: it did not write that.
    """
    try:
        search, offset = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        search = offset = None
    if not isinstance(search, str) or type(offset) is not int or not 0 <= offset < 10**6:
        raise UsageError("That button is out of date.", example="/appscan apps")
    return search, offset


def _sought(listing: AppListing) -> str:
    return f" with {text.code(listing.search)} in their name" if listing.search else ""


def _none(listing: AppListing) -> str:
    return f"OneTrust has no application{_sought(listing).replace('their', 'its')}, or none that you may see."


def _row(row: Listed) -> str:
    application = row.application
    about = [
        f"*{text.escape(application.name or 'without a name', 80)}*",
        application.platform.title if application.platform is not None else "",
        _SCANS[application.status],
    ]
    linked = f"linked to {scan_text.owners(row.links)}" if row.links else "not linked"
    return f"{' · '.join(part for part in about if part)}\n{text.code(application.id)} · {linked}"


def _option(row: Listed) -> Block:
    application = row.application
    platform = f" · {application.platform.title}" if application.platform is not None else ""
    name = text.plain(application.name, _OPTION_LIMIT - len(platform)) or "without a name"
    linked = row.links[0].bundle_id if row.links else application.id
    return {
        "text": words(name + platform),
        "value": application.id,
        "description": words(text.plain(linked, _OPTION_LIMIT) or "–"),
    }
