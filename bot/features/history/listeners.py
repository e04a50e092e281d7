"""Search and links: ``/appscan history``, ``status``, ``diff``, ``sdk``, ``apps``, ``link``, ``unlink``."""

import contextlib
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp

from bot.core import identifiers
from bot.core.identifiers import EXAMPLE_APP_ID, WHERE_APP_ID
from bot.core.scan import Platform
from bot.errors import NotFound, UsageError
from bot.features.history import apps_views, diff_views, sdk_views, views
from bot.features.history.compare import Comparisons, SeveralApps
from bot.features.history.history import HistoryService
from bot.features.history.models import Cursor
from bot.features.onetrust_apps import views as onetrust_views
from bot.features.onetrust_apps.service import AppListing, OneTrustApps, typed_name
from bot.slack.blocks.elements import read_button_value
from bot.slack.blocks.message import Message, compose
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.payload import Payload
from bot.slack.listening.respond import replace_on_press


@dataclass(eq=False, repr=False)
class HistoryCommands:
    """Answers the commands and the page buttons."""

    history: HistoryService
    comparisons: Comparisons
    onetrust_apps: OneTrustApps

    @property
    def commands(self) -> tuple[Command, ...]:
        """All commands, in the order of the help."""
        return (
            Command(word="history", topic=HISTORY, handler=self._list),
            Command(word="status", topic=STATUS, handler=self._status),
            Command(word="diff", topic=DIFF, handler=self._diff),
            Command(word="sdk", topic=SDK, handler=self._sdk),
            Command(word="apps", topic=APPS, handler=self._apps),
            Command(word="link", topic=LINK, handler=self._link),
            Command(word="unlink", topic=UNLINK, handler=self._unlink),
        )

    def register(self, app: AsyncApp) -> None:
        """Register the page buttons."""
        replace_on_press(app, self._page_of_history, views.NEWER, views.OLDER)
        replace_on_press(app, self._page_of_apps, apps_views.PREVIOUS, apps_views.NEXT)
        replace_on_press(app, self._page_of_sdk, sdk_views.PREVIOUS, sdk_views.NEXT)

    async def details(self, user: str, channel: str, word: str) -> Message:
        """Return everything known about the scan with this number or request ID."""
        card, events = await self.history.status(user, channel, word)
        return views.status(card, events, link=self.history.cards.permalink(card.scan))

    async def _list(self, typed: CommandText) -> Message:
        return await self._page(typed.user, typed.channel, typed.rest)

    async def _page_of_history(self, press: Payload) -> Message:
        return await self._page(press.user, press.channel, *views.read_cursor_value(press.value))

    async def _page(self, user: str, channel: str, filters: str, cursor: Cursor | None = None) -> Message:
        page = await self.history.history(user, channel, filters, cursor)
        permalink = self.history.cards.permalink
        links = {scan.number: link for scan in page.scans if (link := permalink(scan))}
        return views.page(page, links=links, scanners=self.history.scanners)

    async def _status(self, typed: CommandText) -> Message:
        if not typed.words:
            return views.in_progress(await self.comparisons.in_progress(typed.user, typed.channel))
        if len(typed.words) == 1:
            with contextlib.suppress(NotFound):  # then it may be an app
                return await self.details(typed.user, typed.channel, typed.words[0])
        newest = await self.comparisons.newest(typed.user, typed.channel, typed.rest)
        if isinstance(newest, SeveralApps):
            return diff_views.several(newest, "status")
        return await self.details(typed.user, typed.channel, str(newest))

    async def _diff(self, typed: CommandText) -> Message:
        compared = await self.comparisons.diff(typed.user, typed.channel, typed.rest)
        if isinstance(compared, SeveralApps):
            return diff_views.several(compared, "diff")
        return diff_views.diff(compared)

    async def _sdk(self, typed: CommandText) -> Message:
        return sdk_views.sdk(await self.comparisons.sdk(typed.user, typed.channel, typed.rest))

    async def _page_of_sdk(self, press: Payload) -> Message:
        name, offset = read_button_value(press.value, str, int, example=SDK.examples[-1])
        return sdk_views.sdk(await self.comparisons.sdk(press.user, press.channel, f'"{name}"', offset))

    async def _apps(self, typed: CommandText) -> Message:
        listing = await self.onetrust_apps.page(typed.user, typed.channel, typed_name(typed.rest))
        if typed.words and listing is not None:
            return compose(onetrust_views.page(listing))
        return await self._known_apps(typed.user, typed.channel, 0, listing)

    async def _page_of_apps(self, press: Payload) -> Message:
        offset = press.number(digits=5, example=APPS.examples[-1])
        listing = None if offset else await self.onetrust_apps.page(press.user, press.channel)
        return await self._known_apps(press.user, press.channel, offset, listing)

    async def _known_apps(self, user: str, channel: str, offset: int, listing: AppListing | None) -> Message:
        rows, has_more = await self.history.apps(user, channel, offset=offset)
        return apps_views.apps(rows, offset=offset, has_more=has_more, listing=listing)

    async def _link(self, typed: CommandText) -> Message:
        if len(typed.words) not in {2, 3}:
            raise UsageError("Say the bundle identifier and then the app ID.", example=LINK.examples[0])
        bundle_id, app_id = identifiers.bundle_id(typed.words[0]), identifiers.app_id(typed.words[1])
        linked = await self.history.link(typed.user, typed.channel, bundle_id, app_id, _platform(typed, 2))
        return apps_views.linked(linked.link, before=linked.before, others=linked.others)

    async def _unlink(self, typed: CommandText) -> Message:
        if len(typed.words) not in {1, 2}:
            raise UsageError("Say the bundle identifier.", example=UNLINK.examples[0])
        bundle_id, platform = identifiers.bundle_id(typed.words[0]), _platform(typed, 1)
        return apps_views.unlinked(await self.history.unlink(typed.user, typed.channel, bundle_id, platform))


def _platform(typed: CommandText, place: int) -> Platform | None:
    return identifiers.platform(typed.words[place]) if len(typed.words) > place else None


HISTORY = Topic(
    gist="find scans",
    body=(
        "Newest first. Words are searched in the name, bundle identifier, file name and version; quotes keep "
        "words together; a request ID finds its scan. Filters combine:\n"
        "`app:` an app ID or a bundle identifier\n"
        "`platform:` `ios` or `android`\n"
        "`status:` `submitted`, `failed`, `rejected`, `uncertain`, `open`, …; several with commas\n"
        "`by:` @person or `me`\n"
        "`in:` #channel or `here`\n"
        "`since:` `until:` a day, `today`, `yesterday`, or how long ago (`24h`, `7d`, `2w`); days are in "
        "your time zone, and both count\n"
        "`sdk:` a part of an SDK's name, vendor or package ID: scans that found it\n"
        "`violation:` `open`, `any`, or a part of a rule's name: scans that violate compliance rules\n"
        "`result:` `completed`, `failed`, `interrupted`, `lost`, `ambiguous`: how OneTrust's scan ended\n"
        "Scans of private channels and direct messages are shown only to those who are in them."
    ),
    examples=(
        "/appscan history",
        "/appscan history shop platform:ios since:7d",
        "/appscan history status:failed,rejected by:me",
        "/appscan history sdk:firebase violation:open",
        "/appscan history app:com.example.shop until:2026-11-01",
    ),
)
STATUS = Topic(
    gist="the scans under way, or everything about one",
    body=(
        "Alone, the unfinished scans, and when OneTrust is polled next for each. With a scan's number or its "
        "request ID, everything known about it, with its timeline; with an app, the same for its newest scan."
    ),
    examples=("/appscan status", "/appscan status com.example.shop", "/appscan status 12"),
)
DIFF = Topic(
    gist="what changed in an app between two versions",
    body=(
        "SDKs and permissions that were added, removed or moved to another category. The app is a bundle "
        "identifier, an app ID or a part of its name, in quotes if it has spaces; for an app on both "
        "platforms, add `ios` or `android`. Without a version, its last two completed scans are compared; "
        "with one, that version and the newest; with two, those. A version that was scanned more than once "
        "means its last completed scan. With a scan's number in place of the app, that scan and the one "
        "before it are compared."
    ),
    examples=(
        "/appscan diff com.example.shop",
        "/appscan diff com.example.shop android 4.1.0 4.2.0",
        '/appscan diff "My Shop" 4.1.0',
        "/appscan diff 12",
    ),
)
SDK = Topic(
    gist="which apps have an SDK in them",
    body=(
        "With a part of its name, its vendor or its package ID: each app with the versions in which OneTrust "
        "found it, newest first, and whether it is still in the newest."
    ),
    examples=("/appscan sdk com.google.firebase", "/appscan sdk firebase"),
)
APPS = Topic(
    gist="the apps known here, and their app IDs",
    body=(
        "Each app with its newest version, how often it was submitted, and the app ID it is linked to. "
        "Below them OneTrust's own applications, if the bot may read them; with a word, only those that have "
        "it in their name."
    ),
    examples=("/appscan apps shop", "/appscan apps"),
)
LINK = Topic(
    gist="make an app's next builds rescans",
    body=(
        "Links a bundle identifier to an app in OneTrust. The platform is needed only if the bundle "
        f"identifier is used on both.\nThe app ID is {WHERE_APP_ID}."
    ),
    examples=(
        f"/appscan link com.example.shop {EXAMPLE_APP_ID}",
        f"/appscan link com.example.shop {EXAMPLE_APP_ID} ios",
    ),
)
UNLINK = Topic(
    gist="forget an app's app ID",
    body="At the app's next build the bot asks again. Nothing changes in OneTrust.",
    examples=("/appscan unlink com.example.shop", "/appscan unlink com.example.shop ios"),
)
