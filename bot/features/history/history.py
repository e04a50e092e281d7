"""Questions about the history (scans, timelines, known apps), and changes of links."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core import identifiers
from bot.core.access import Access
from bot.core.ports import Clock
from bot.core.scan import Event, Link, Platform, Scan
from bot.errors import NotFound, UsageError
from bot.features.history import filters
from bot.features.history.compare_repository import HistoryStore
from bot.features.history.models import AppRow, Cursor, Page
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.submission.user_actions import OTHER_PLATFORM
from bot.features.verdicts.scanner_profile import ScannerProfile

APPS_A_PAGE = 10


@dataclass(frozen=True, kw_only=True)
class Linked:
    """The effect of linking."""

    link: Link
    before: Link | None
    """The replaced link."""
    others: tuple[Link, ...]
    """Other bundle identifiers linked to the same app."""


@dataclass(kw_only=True, eq=False, repr=False)
class HistoryService:
    """Answers questions about the history, limited to what the person may see.

    Each method raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify the
    person.
    """

    store: HistoryStore
    cards: Cards
    access: Access
    clock: Clock
    scanners: Sequence[ScannerProfile] = ()
    """Side scanners whose bad verdicts are shown."""

    async def history(self, user: str, channel: str, text: str, cursor: Cursor | None = None) -> Page:
        """Return a page of the scans that match the filters in ``text``, newest first.

        Raises:
            UsageError: a filter is invalid.
        """
        viewer = await self.access.viewer(user, channel)
        query = filters.parse(text, now=self.clock.now(), tz=viewer.timezone, me=user, here=channel)
        return await self.store.history.page(query, text, viewer, cursor)

    async def status(self, user: str, channel: str, word: str) -> tuple[Card, list[Event]]:
        """Return everything known of a scan, by its number or request ID.

        Raises:
            NotFound: there is no such scan that this person may see.
        """
        viewer = await self.access.viewer(user, channel)
        scan = await self._find(word)
        if scan is None or not await self.store.scans.sees(viewer, scan):
            raise NotFound(
                "There is no scan with that number or request ID that you can see. "
                "`/appscan history` lists the scans that you can."
            )
        return await self.cards.card(scan.number), await self.store.scans.events(scan.number)

    async def _find(self, word: str) -> Scan | None:
        number = word.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 16:
            with contextlib.suppress(NotFound):
                return await self.store.scans.scan(int(number))
        with contextlib.suppress(UsageError):
            return await self.store.scans.of_request_id(identifiers.request_id(word))
        return None

    async def apps(self, user: str, channel: str, offset: int = 0) -> tuple[list[AppRow], bool]:
        """Return a page of the known apps, last scanned first, and whether there are more."""
        viewer = await self.access.viewer(user, channel)
        rows = await self.store.history.apps(viewer, limit=APPS_A_PAGE + 1, offset=offset)
        return rows[:APPS_A_PAGE], len(rows) > APPS_A_PAGE

    async def link(
        self, user: str, channel: str, bundle_id: str, app_id: str, platform: Platform | None
    ) -> Linked:
        """Link a bundle identifier to an app ID.

        Raises:
            UsageError: the platform is ambiguous, or the app is linked on another platform.
        """
        await self.access.admit(user, channel)
        self.access.admit_to_links(user)
        links = self.store.links
        platform = platform or _only(await links.platforms(bundle_id), f"link {bundle_id} {app_id}")
        own = (bundle_id, platform)
        others = tuple(link for link in await links.of_app(app_id) if (link.bundle_id, link.platform) != own)
        if any(link.platform is not platform for link in others):
            raise UsageError(
                OTHER_PLATFORM, example=f"/appscan unlink {others[0].bundle_id} {others[0].platform.value}"
            )
        before = await links.of_build(*own)
        await links.put(*own, app_id, who=user, replace=True)
        now = await links.of_build(*own)
        if now is None:
            raise NotFound("That link was removed at the same moment: try again.")
        await self.store.scans.note_app(*own, f"linked to {app_id}", user)
        return Linked(link=now, before=before, others=others)

    async def unlink(self, user: str, channel: str, bundle_id: str, platform: Platform | None) -> Link:
        """Remove a bundle identifier's link.

        Raises:
            UsageError: the platform is ambiguous.
            NotFound: there is no such link.
        """
        await self.access.admit(user, channel)
        self.access.admit_to_links(user)
        links = self.store.links
        linked = {each for each in Platform if await links.of_build(bundle_id, each) is not None}
        if platform is None and linked:
            platform = _only(linked, f"unlink {bundle_id}")
        removed = await links.remove(bundle_id, platform) if platform is not None else None
        if removed is None:
            raise NotFound("That bundle identifier is not linked. `/appscan apps` shows what is.")
        await self.store.scans.note_app(bundle_id, removed.platform, f"unlinked from {removed.app_id}", user)
        return removed


def _only(platforms: set[Platform], words: str) -> Platform:
    """Return the platform that a bundle identifier is known on.

    Raises:
        UsageError: it is known on both, or on none; the example names one after ``words``.
    """
    if len(platforms) == 1:
        return platforms.pop()
    why = "that bundle identifier is known on both." if platforms else "none of its builds is known yet."
    raise UsageError(f"Name the platform, `ios` or `android`: {why}", example=f"/appscan {words} android")
