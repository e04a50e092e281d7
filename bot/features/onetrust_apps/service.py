"""OneTrust's own list of applications, as one person may see it: asked rarely, and never waited for long."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.core import identifiers
from bot.core.access import Access, viewer_of
from bot.core.ports import Clock, Workspace
from bot.core.scan import Link
from bot.errors import CannotRead, TryLater
from bot.features.onetrust_apps.repository import OneTrustAppRepository
from bot.features.results.models import Application
from bot.features.results.ports import Applications

A_PAGE: Final = 10
"""Applications that are shown at a time."""
OF_ONETRUST: Final = 100
"""Applications that OneTrust tells of at a time, as the port has it."""
SEARCH_LIMIT: Final = 60
"""Characters of a search word; more are left out."""
LONGEST_WAIT_S: Final = 8.0
"""How long a person waits for OneTrust, which takes so many calls a minute only."""
REMEMBERED_S: Final = 60.0
_REMEMBERED: Final = 50

Pages = dict[tuple[int, str], tuple[float, tuple[tuple[Application, ...], bool]]]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One of OneTrust's applications."""

    application: Application
    links: tuple[Link, ...]
    """What is linked to it, of what this person may see."""


@dataclass(frozen=True, kw_only=True)
class AppListing:
    """A part of OneTrust's list."""

    search: str
    offset: int
    rows: tuple[Listed, ...] = ()
    has_more: bool = False
    late: bool = False
    """OneTrust did not answer in time, so there are no rows."""


class OneTrustApps:
    """Looks applications up for people.

    An application that the bot knows only from scans that this person may not see is left out.
    """

    def __init__(
        self,
        *,
        applications: Applications | None,
        store: OneTrustAppRepository,
        workspace: Workspace,
        policy: Access,
        clock: Clock,
        wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._applications = applications
        self._store = store
        self._workspace = workspace
        self._policy = policy
        self._clock = clock
        self._wait_s = wait_s
        self._pages: Pages = {}

    async def page(
        self, user: str, channel: str, search: str = "", *, offset: int = 0, limit: int = A_PAGE
    ) -> AppListing | None:
        """Return the applications whose names hold ``search``; ``None`` where results can't be read.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
        """
        person = await self._policy.admit(user, channel)
        if self._applications is None or person.outsider:
            return None
        search = " ".join(search.split())[:SEARCH_LIMIT].strip()
        offset -= offset % limit  # so that what is shown never spans two of OneTrust's pages
        number, first = divmod(offset, OF_ONETRUST)
        try:
            found, more = await self._asked(self._applications, number, search)
        except CannotRead:
            return None
        except (TryLater, TimeoutError):
            return AppListing(search=search, offset=offset, late=True)
        shown = found[first : first + limit]
        asker = await viewer_of(self._workspace, user, person, channel)
        hidden, links = await self._store.seen([each.id for each in shown], asker)
        told = {link.app_id.lower() for link in links}
        hidden |= await self._store.named_alike(
            [each for each in shown if each.id.lower() not in told], asker
        )
        return AppListing(
            search=search,
            offset=offset,
            rows=tuple(
                Listed(
                    application=each,
                    links=tuple(link for link in links if link.app_id.lower() == each.id.lower()),
                )
                for each in shown
                if each.id not in hidden and identifiers.is_app_id(each.id)
            ),
            has_more=more or len(found) > first + limit,
        )

    async def _asked(
        self, applications: Applications, number: int, search: str
    ) -> tuple[tuple[Application, ...], bool]:
        """Ask OneTrust, or remember what it said a moment ago."""
        now = self._clock.now()
        self._pages = {asked: kept for asked, kept in self._pages.items() if kept[0] > now}
        kept = self._pages.get((number, search))
        if kept is not None:
            return kept[1]
        async with asyncio.timeout(self._wait_s):
            found, more = await applications.page(number, search)
        answer = tuple(found[:OF_ONETRUST]), more
        if len(self._pages) < _REMEMBERED:
            self._pages[number, search] = now + REMEMBERED_S, answer
        return answer


def typed_name(typed: str) -> str:
    """Return a name that was typed, without the quotes around it."""
    return identifiers.unwrapped(typed).strip("\"'“”„‟‘’«» ")
