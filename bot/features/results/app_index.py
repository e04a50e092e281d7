"""OneTrust's list of all applications, fetched when that takes fewer calls than single lookups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from bot.core.scan import Platform
from bot.features.results.models import Application, OneTrustScanStatus
from bot.features.results.ports import Applications

MIN_LOOKUPS: Final = 20
"""The list is fetched only for more lookups than this."""
LOOKUPS_PER_PAGE: Final = 4
"""One page of the list may be fetched per this many lookups that it could save."""


@dataclass(frozen=True, kw_only=True)
class IndexedApps:
    """The part of the list that was fetched."""

    apps: Sequence[Application] = ()
    is_complete: bool = False
    """Whether that is the entire list, so that an app missing from it does not exist."""

    def status(self, application_id: str) -> OneTrustScanStatus | None:
        """Return an application's status according to the list; ``None`` if it is not listed."""
        wanted = application_id.lower()
        return next((app.status for app in self.apps if app.id.lower() == wanted), None)

    def named(self, name: str, platform: Platform) -> list[Application] | None:
        """Return the applications of this name; ``None`` if the list is incomplete."""
        if not self.is_complete:
            return None
        return [app for app in self.apps if app.platform is platform and _bare(app.name) == _bare(name)]


class AppIndex:
    """Fetches the list when that pays off; remembers its minimum length in pages."""

    def __init__(self, applications: Applications) -> None:
        self._applications = applications
        self._min_pages = 1

    async def fetch(self, lookups: int) -> IndexedApps:
        """Fetch the list for a number of lookups; empty if single lookups take fewer calls.

        Raises:
            CannotRead, TryLater: see ``Applications``.
        """
        max_pages = lookups // LOOKUPS_PER_PAGE
        if lookups <= MIN_LOOKUPS or max_pages < self._min_pages:
            return IndexedApps()
        apps: list[Application] = []
        for number in range(max_pages):
            page, more = await self._applications.page(number)
            apps += page
            if not more:
                self._min_pages = number + 1
                return IndexedApps(apps=apps, is_complete=True)
        self._min_pages = max_pages + 1
        return IndexedApps(apps=apps)


def _bare(name: str) -> str:
    return normalize("NFC", name).strip()
