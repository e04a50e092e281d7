"""OneTrust's own list of applications: pages of it, and a menu."""

from typing import Final

from bot.features.onetrust_apps.service import A_PAGE, SEARCH_LIMIT, AppListing, Listed
from bot.features.results.models import OneTrustScanStatus
from bot.slack.blocks import scan_text, text
from bot.slack.blocks.elements import Block, actions, button_value, context, page_buttons, section, words
from bot.slack.blocks.message import Message, compose

PREVIOUS: Final = "applications_previous"
NEXT: Final = "applications_next"
RESCAN: Final = "application_rescan"
"""The menu's action; its value is the application's ID."""

OFFERED: Final = 100
"""Maximum number of applications in the menu, which is Slack's limit."""

LATE: Final = (
    "OneTrust did not list its applications in time: the bot's calls per minute are limited, and the results "
    "of scans need some too. Try again in a minute."
)
_MORE: Final = "These are not all: `/appscan rescan shop` offers those with that word in their name."
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


def page(listing: AppListing) -> list[Block | None]:
    """Return the blocks of one page of OneTrust's applications."""
    if listing.late:
        return [section(f":information_source: {LATE}")]
    if not listing.rows and not listing.offset and not listing.has_more:
        return [section(_none(listing))]
    search = text.plain(listing.search, SEARCH_LIMIT)
    return [
        section(f"*OneTrust's own applications*{_search(listing)}"),
        *(section(_row(row)) for row in listing.rows),
        page_buttons(
            ("Previous of OneTrust's", "More of OneTrust's"),
            (PREVIOUS, NEXT),
            lambda offset: button_value(search, offset),
            offset=listing.offset,
            size=A_PAGE,
            has_more=listing.has_more,
        ),
    ]


def offered(listing: AppListing) -> Message:
    """Show a menu of OneTrust's applications, to rescan one of them."""
    if listing.late:
        return compose([section(f":information_source: {LATE}")])
    if not listing.rows:
        hint = context("Another word, or the app's ID: `/appscan help rescan`")
        return compose([section(_none(listing)), hint])
    menu: Block = {
        "type": "static_select",
        "action_id": RESCAN,
        "placeholder": words("Choose an application"),
        "options": [_option(row) for row in listing.rows[:OFFERED]],
    }
    return compose(
        [
            section(f"*Which of OneTrust's applications is to be rescanned?*{_search(listing)}"),
            actions(menu),
            context(_MORE if listing.has_more else "Then reply to the bot's message with the new build."),
        ]
    )


def _search(listing: AppListing) -> str:
    return f" with {text.code(listing.search)} in their name" if listing.search else ""


def _none(listing: AppListing) -> str:
    return f"OneTrust has no application{_search(listing).replace('their', 'its')}, or none that you may see."


def _row(row: Listed) -> str:
    application = row.application
    parts = (
        f"*{text.escape(application.name or 'without a name', 80)}*",
        application.platform.title if application.platform is not None else "",
        _SCANS[application.status],
    )
    linked = f"linked to {scan_text.owners(row.links)}" if row.links else "not linked"
    return f"{' · '.join(filter(None, parts))}\n{text.code(application.id)} · {linked}"


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
