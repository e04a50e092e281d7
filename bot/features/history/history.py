"""Questions about the history (scans, timelines, known apps), and changes of links."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core import identifiers
from bot.core.access import Access, viewer_of
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.ports import Clock, Workspace
from bot.core.scan import Card, ChannelKind, Event, Link, Platform, Scan, State
from bot.errors import NotFound, UsageError
from bot.features.history import filters
from bot.features.history.models import AppRow, Cursor, HistoryQuery, Page
from bot.features.history.ports import HistoryStore
from bot.features.hosts.diff import host_changes
from bot.features.hosts.models import HostsState
from bot.features.results.diff import changes
from bot.features.results.models import POLLED, ResultStatus
from bot.features.results.poller import Outlook
from bot.features.submission.user_actions import OTHER_PLATFORM
from bot.features.verdicts.models import ASKED, CardVerdict, Verdict, VerdictState
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


class Cards:
    """Gathers what a scan's reply shows: the verdicts of ``scanners``, and with ``second`` its hosts."""

    def __init__(
        self,
        *,
        store: HistoryStore,
        log_url: Callable[[str], str | None],
        permalink: Callable[[Scan], str | None],
        breaker: CircuitBreaker | None = None,
        outlook: Callable[[ResultStatus, int], Outlook | None] | None = None,
        unread: Callable[[], bool] = lambda: False,
        second: bool = True,
        scanners: Sequence[ScannerProfile] = (),
    ) -> None:
        self._store = store
        self._second = second
        self.scanners = {scanner.name: scanner for scanner in scanners}
        self._outlook = outlook
        self._unread = unread
        self._log_url = log_url
        self.permalink = permalink
        self._breaker = breaker

    async def card(self, number: int) -> Card:
        """Return the card of a scan, without how far its bytes have moved.

        Raises:
            NotFound: there is none with that number.
        """
        scan = await self._store.scans.scan(number)
        original = await self._store.scans.scan(scan.original) if scan.original else None
        told = original if original is not None and scan.state is State.DUPLICATE else scan
        request_id = told.submission.request_id
        link: Link | None = None
        taken_by: tuple[Link, ...] = ()
        if scan.bundle_id and scan.platform:
            link = await self._store.links.of_build(scan.bundle_id, scan.platform)
        if scan.question is not None and scan.asked_app_id:
            taken_by = tuple(
                other
                for other in await self._store.links.of_app(scan.asked_app_id)
                if (other.bundle_id, other.platform) != (scan.bundle_id, scan.platform)
            )
        results = await self._store.results.of(number)
        before = await self._store.results.before(number) if results is not None else None
        previous = before[0] if before is not None else None
        followed = await self._store.results.followed(number)
        hosts = await self._store.hosts.of(number) if self._second else None
        known = hosts is not None and hosts.state in {HostsState.KNOWN, HostsState.NONE}
        hosts_before = await self._store.hosts.before(number) if known else None
        waiting, outlook = 0, None
        if followed is not None and followed.state in POLLED and self._outlook is not None:
            waiting = sum(await self._store.results.counts())
            outlook = self._outlook(followed, waiting)
        return Card(
            scan=scan,
            original=original,
            original_link=self.permalink(original) if original and _open_to(scan, original) else None,
            link=link,
            taken_by=taken_by,
            log_url=self._log_url(request_id) if request_id else None,
            scanner_away=self._breaker is not None and self._breaker.is_open,
            followed=followed,
            results=results,
            results_next_at=outlook.next_at if outlook is not None else None,
            results_late_s=outlook.late_s if outlook is not None else 0.0,
            results_waiting=waiting,
            results_unread=self._unread(),
            previous=previous,
            previous_link=self.permalink(previous) if previous and _open_to(scan, previous) else None,
            changes=changes(before[1], results) if before is not None and results is not None else None,
            violations=await self._store.violations.of(number),
            verdicts=await self._verdicts(scan, original),
            hosts=hosts,
            hosts_before=hosts_before[0] if hosts_before is not None else None,
            host_changes=host_changes(hosts_before[1], hosts) if hosts_before and hosts else None,
        )

    async def _verdicts(self, scan: Scan, original: Scan | None) -> tuple[CardVerdict, ...]:
        """Return the verdicts on a scan; a duplicate, which is not sent, shows those on its original."""
        if not self.scanners:
            return ()
        own = {each.scanner: each for each in await self._store.opinions.of_scan(scan.number)}
        others = {}
        if original is not None and scan.state is State.DUPLICATE:
            others = {
                each.scanner: replace(
                    each,
                    known_from=each.known_from or each.scan,
                    held_until=None,
                    went_on_after_s=None,
                    announced_ts=None,
                )
                for each in await self._store.opinions.of_scan(original.number)
                if each.state in {VerdictState.KNOWN, *ASKED}
            }
        shown = others | own
        return tuple(
            [
                CardVerdict(scanner=scanner, opinion=opinion, link=await self._known_from(scan, opinion))
                for name, scanner in self.scanners.items()
                if (opinion := shown.get(name)) is not None
            ]
        )

    async def _known_from(self, scan: Scan, opinion: Verdict) -> str | None:
        """Return a link to the scan that a verdict is known from, if everyone may read that."""
        if opinion.known_from is None:
            return None
        with contextlib.suppress(NotFound):  # it may be purged meanwhile
            source = await self._store.scans.scan(opinion.known_from)
            return self.permalink(source) if _open_to(scan, source) else None
        return None


def _open_to(scan: Scan, original: Scan) -> bool:
    """Return whether everyone who reads the scan's thread may read the original's."""
    return original.channel_kind is ChannelKind.PUBLIC or original.channel == scan.channel


class HistoryService:
    """Answers questions about the history, limited to what the person may see.

    Each method raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify the
    person.
    """

    def __init__(
        self, *, store: HistoryStore, cards: Cards, workspace: Workspace, access: Access, clock: Clock
    ) -> None:
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
