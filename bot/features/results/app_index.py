"""OneTrust's whole list of applications, read at once where asking for each would take more calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from bot.core.scan import Platform
from bot.features.results.models import Application, OneTrustScanStatus
from bot.features.results.ports import Applications

FROM: Final = 20
"""Where more is to be asked for than this, the list is read."""
SHARE: Final = 4
"""The list may take one call for each so many that it could save."""


@dataclass(frozen=True, kw_only=True)
class IndexedApps:
    """What was read of the list."""

    apps: Sequence[Application] = ()
    whole: bool = False
    """Whether what is not in it was not there."""

    def status(self, application_id: str) -> OneTrustScanStatus | None:
        """Return what the list says of an application; ``None`` where it says nothing."""
        wanted = application_id.lower()
        return next((app.status for app in self.apps if app.id.lower() == wanted), None)

    def named(self, name: str, platform: Platform) -> list[Application] | None:
        """Return the applications of this name; ``None`` where there may be others."""
        if not self.whole:
            return None
        return [app for app in self.apps if app.platform is platform and _bare(app.name) == _bare(name)]


class AppIndex:
    """Reads the list where that is worth it; remembers how long it is at least."""

    def __init__(self, applications: Applications) -> None:
        self._applications = applications
        self._at_least = 1

    async def sweep(self, wanted: int) -> IndexedApps:
        """Read the list for ``wanted`` lookups; empty where they are better made one by one.

        Raises:
            CannotRead, TryLater: as ``Applications`` has it.
        """
        most = wanted // SHARE
        if wanted <= FROM or most < self._at_least:
            return IndexedApps()
        apps: list[Application] = []
        for number in range(most):
            page, more = await self._applications.page(number)
            apps += page
            if not more:
                self._at_least = number + 1
                return IndexedApps(apps=apps, whole=True)
        self._at_least = most + 1
        return IndexedApps(apps=apps)


def _bare(name: str) -> str:
    return normalize("NFC", name).strip()
