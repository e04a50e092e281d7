"""OneTrust's list of all applications, fetched when that takes fewer calls than single lookups."""

from dataclasses import dataclass, field
from typing import Final
from unicodedata import normalize

from bot.core.scan import Platform
from bot.features.results.models import Application, OneTrustScanStatus
from bot.features.results.ports import Applications

MIN_LOOKUPS: Final = 20
"""The list is fetched only for more lookups than this."""
LOOKUPS_PER_PAGE: Final = 4
"""One page of the list may be fetched per this many lookups that it could save."""


@dataclass(eq=False, repr=False)
class AppIndex:
    """The part of the list that was fetched for this round of polls."""

    applications: Applications
    _apps: list[Application] = field(init=False, default_factory=list)
    _is_complete: bool = field(init=False, default=False)
    """Whether that is the entire list, so that an app missing from it does not exist."""
    _min_pages: int = field(init=False, default=1)
    """The minimum length of the list, as known from earlier rounds."""

    def status(self, application_id: str) -> OneTrustScanStatus | None:
        """Return an application's status according to the list; ``None`` if it is not listed."""
        wanted = application_id.lower()
        return next((app.status for app in self._apps if app.id.lower() == wanted), None)

    def named(self, name: str, platform: Platform) -> list[Application] | None:
        """Return the applications of this name; ``None`` if the list is incomplete."""
        if not self._is_complete:
            return None
        return [app for app in self._apps if app.platform is platform and _bare(app.name) == _bare(name)]

    async def fetch(self, lookups: int) -> None:
        """Fetch the list for a number of lookups, unless single lookups take fewer calls.

        Raises:
            CannotRead, TryLater: see ``Applications``.
        """
        self._apps, self._is_complete = [], False
        max_pages = lookups // LOOKUPS_PER_PAGE
        if lookups <= MIN_LOOKUPS or max_pages < self._min_pages:
            return
        for number in range(max_pages):
            page, more = await self.applications.page(number)
            self._apps += page
            if not more:
                self._is_complete, self._min_pages = True, number + 1
                return
        self._min_pages = max_pages + 1


def _bare(name: str) -> str:
    return normalize("NFC", name).strip()
