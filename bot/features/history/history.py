"""Questions about the history (scans, timelines, known apps), and changes of links."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core import identifiers
from bot.core.access import Access, viewer_of
from bot.core.ports import Clock, Workspace
from bot.core.scan import Event, Link, Platform, Scan
from bot.errors import NotFound, UsageError
from bot.features.history import filters
from bot.features.history.models import AppRow, Cursor, HistoryQuery, Page
from bot.features.history.ports import HistoryStore
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.submission.user_actions import OTHER_PLATFORM
from bot.features.verdicts.scanner_profile import ScannerProfile

APPS_A_PAGE = 10


@dataclass(frozen=True, kw_only=True)
class AppsPage:
    """A page of known apps."""

    rows: tuple[AppRow, ...]
    offset: int
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class Linked:
    """The effect of linking."""

    link: Link
    before: Link | None
    """The replaced link."""
    others: tuple[Link, ...]
    """Other bundle identifiers linked to the same app."""


class HistoryService:
    """Answers questions about the history, limited to what the person may see.

    Each method raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify the
    person.
    """

    def __init__(
        self,
        *,
        store: HistoryStore,
        cards: Cards,
        workspace: Workspace,
        access: Access,
        clock: Clock,
        scanners: Sequence[ScannerProfile] = (),
    ) -> None:
        self.scanners = {scanner.name: scanner for scanner in scanners}
        self._store = store
        self._cards = cards
        self._workspace = workspace
        self._access = access
        self._clock = clock

    async def history(
        self, user: str, channel: str, text: str, cursor: Cursor | None = None
    ) -> tuple[Page, HistoryQuery]:
        """Return a page of the scans that match the filters in ``text``, newest first, and the parsed query.

        Raises:
            UsageError: a filter is invalid.
        """
        person = await self._access.admit(user, channel)
        query = filters.parse(text, now=self._clock.now(), tz=person.timezone, me=user, here=channel)
        viewer = await viewer_of(self._workspace, user, person, channel)
        page = await self._store.history.page(query, text, viewer, cursor)
        return page, query

    async def status(self, user: str, channel: str, word: str) -> tuple[Card, list[Event]]:
        """Return everything known of a scan, by its number or request ID.

        Raises:
            NotFound: there is no such scan that this person may see.
        """
        person = await self._access.admit(user, channel)
        scan = await self._find(word)
        viewer = await viewer_of(self._workspace, user, person, channel)
        if scan is None or not await self._store.scans.sees(viewer, scan):
            raise NotFound(
                "There is no scan with that number or request ID that you can see. "
                "`/appscan history` lists the scans that you can."
            )
        return await self._cards.card(scan.number), await self._store.scans.events(scan.number)

    async def _find(self, word: str) -> Scan | None:
        number = word.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 16:
            try:
                return await self._store.scans.scan(int(number))
            except NotFound:
                pass
        try:
            return await self._store.scans.of_request_id(identifiers.request_id(word))
        except UsageError:
            return None

    async def apps(self, user: str, channel: str, offset: int = 0) -> AppsPage:
        """Return a page of the known apps, last scanned first."""
        person = await self._access.admit(user, channel)
        viewer = await viewer_of(self._workspace, user, person, channel)
        rows = await self._store.history.apps(viewer, limit=APPS_A_PAGE + 1, offset=offset)
        return AppsPage(rows=tuple(rows[:APPS_A_PAGE]), offset=offset, has_more=len(rows) > APPS_A_PAGE)

    async def link(
        self, user: str, channel: str, bundle_id: str, app_id: str, platform: Platform | None
    ) -> Linked:
        """Link a bundle identifier to an app ID.

        Raises:
            UsageError: the platform is ambiguous, or the app is linked on another platform.
        """
        await self._access.admit(user, channel)
        self._access.admit_to_links(user)
        platform = platform or await self._platform(bundle_id, f"link {bundle_id} {app_id}")
        others = tuple(
            link
            for link in await self._store.links.of_app(app_id)
            if (link.bundle_id, link.platform) != (bundle_id, platform)
        )
        if any(link.platform is not platform for link in others):
            raise UsageError(
                OTHER_PLATFORM, example=f"/appscan unlink {others[0].bundle_id} {others[0].platform.value}"
            )
        before = await self._store.links.of_build(bundle_id, platform)
        await self._store.links.put(bundle_id, platform, app_id, who=user, replace=True)
        now = await self._store.links.of_build(bundle_id, platform)
        if now is None:
            raise NotFound("That link was removed at the same moment: try again.")
        await self._store.scans.note_app(bundle_id, platform, f"linked to {app_id}", user)
        return Linked(link=now, before=before, others=others)

    async def unlink(self, user: str, channel: str, bundle_id: str, platform: Platform | None) -> Link:
        """Remove a bundle identifier's link.

        Raises:
            UsageError: the platform is ambiguous.
            NotFound: there is no such link.
        """
        await self._access.admit(user, channel)
        self._access.admit_to_links(user)
        platform = platform or await self._platform(bundle_id, f"unlink {bundle_id}", linked_only=True)
        removed = await self._store.links.remove(bundle_id, platform)
        if removed is None:
            raise NotFound("That bundle identifier is not linked. `/appscan apps` shows what is.")
        await self._store.scans.note_app(bundle_id, platform, f"unlinked from {removed.app_id}", user)
        return removed

    async def _platform(self, bundle_id: str, words: str, *, linked_only: bool = False) -> Platform:
        if linked_only:
            known = {
                platform
                for platform in Platform
                if await self._store.links.of_build(bundle_id, platform) is not None
            }
            if not known:
                raise NotFound("That bundle identifier is not linked. `/appscan apps` shows what is.")
        else:
            known = await self._store.links.platforms(bundle_id)
        if len(known) == 1:
            return known.pop()
        raise UsageError(
            "Name the platform, `ios` or `android`: "
            + ("that bundle identifier is known on both." if known else "none of its builds is known yet."),
            example=f"/appscan {words} android",
        )
