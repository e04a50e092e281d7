"""OneTrust's own list of applications, limited to what a person may see; cached, and with a short timeout."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from bot.core import identifiers
from bot.core.access import Access
from bot.core.ports import Clock
from bot.core.scan import Link
from bot.errors import CannotRead, TryLater
from bot.features.onetrust_apps.repository import OneTrustAppRepository
from bot.features.results.models import Application
from bot.features.results.ports import Applications

A_PAGE: Final = 10
"""Applications per page of a message."""
ONETRUST_PAGE: Final = 100
"""Applications per page of OneTrust's, as the port says."""
SEARCH_LIMIT: Final = 60
"""Maximum characters of a search; the rest is ignored."""
ANSWER_TIMEOUT_S: Final = 8.0
"""OneTrust limits calls per minute, so a call can wait for longer than a person does."""
CACHED_S: Final = 60.0
_MAX_CACHED: Final = 50

OneTrustPage = tuple[tuple[Application, ...], bool]
"""Applications, and whether there are more after them."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One of OneTrust's applications."""

    application: Application
    links: tuple[Link, ...]
    """Its links that this person may see."""


@dataclass(frozen=True, kw_only=True)
class AppListing:
    """A part of OneTrust's list."""

    search: str
    offset: int
    rows: tuple[Listed, ...] = ()
    has_more: bool = False
    late: bool = False
    """OneTrust did not answer in time, so there are no rows."""


@dataclass(kw_only=True, eq=False, repr=False)
class OneTrustApps:
    """Lists applications, except those that the bot knows only from scans that the person may not see."""

    applications: Applications | None
    store: OneTrustAppRepository
    policy: Access
    clock: Clock
    wait_s: float = ANSWER_TIMEOUT_S
    _cache: dict[tuple[int, str], tuple[float, OneTrustPage]] = field(init=False, default_factory=dict)
    """Pages with the time until which they are valid, by number and search."""

    async def page(
        self, user: str, channel: str, search: str = "", *, offset: int = 0, limit: int = A_PAGE
    ) -> AppListing | None:
        """Return the applications with ``search`` in their name; ``None`` if results can't be read.

        Raises:
            NotAllowed: the allow-lists say no.
            Unidentified: Slack can't identify the person.
        """
        viewer = await self.policy.viewer(user, channel)
        if self.applications is None or not viewer.member:
            return None
        search = " ".join(search.split())[:SEARCH_LIMIT].strip()
        offset -= offset % limit  # so that no page spans two of OneTrust's
        number, first = divmod(offset, ONETRUST_PAGE)
        try:
            found, more = await self._fetch(self.applications, number, search)
        except CannotRead:
            return None
        except (TryLater, TimeoutError):
            return AppListing(search=search, offset=offset, late=True)
        shown = found[first : first + limit]
        links = await self.store.visible(shown, viewer)
        return AppListing(
            search=search,
            offset=offset,
            rows=tuple(
                Listed(application=each, links=links[each.id])
                for each in shown
                if each.id in links and identifiers.is_app_id(each.id)
            ),
            has_more=more or len(found) > first + limit,
        )

    async def _fetch(self, applications: Applications, number: int, search: str) -> OneTrustPage:
        """Return a page of OneTrust's list, from the cache if it is there."""
        now = self.clock.now()
        self._cache = {key: cached for key, cached in self._cache.items() if cached[0] > now}
        if cached := self._cache.get((number, search)):
            return cached[1]
        async with asyncio.timeout(self.wait_s):
            found, more = await applications.page(number, search)
        page = tuple(found[:ONETRUST_PAGE]), more
        if len(self._cache) < _MAX_CACHED:
            self._cache[number, search] = now + CACHED_S, page
        return page


def typed_name(typed: str) -> str:
    """Return a typed name without quotes around it."""
    return identifiers.unwrapped(typed).strip("\"'“”„‟‘’«» ")
