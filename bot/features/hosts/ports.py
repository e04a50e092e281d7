"""What looking up hosts needs from outside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bot.features.hosts.models import HostsFound, ScanHosts, UrlCategories


class HostReader(Protocol):
    """Searches builds for hosts."""

    async def hosts(self, path: Path) -> HostsFound:
        """Return the hosts that a build names.

        Raises:
            BuildRejected: it can't be read within limits.
        """
        ...


class UrlLookup(Protocol):
    """The service that categorises URLs."""

    async def look_up(self, urls: Sequence[str]) -> list[UrlCategories]:
        """Return categories in the order of ``urls``: at most ``BATCH``, each within ``URL_LIMIT``.

        Raises:
            TryLater: a temporary error.
            Refused: a permanent error.
        """
        ...


class HostRepository(Protocol):
    """The hosts of builds, the progress of looking them up, and the cached categories of URLs."""

    async def found(self, number: int, found: HostsFound) -> ScanHosts: ...
    async def unread(self, number: int, problem: str) -> ScanHosts: ...
    async def of(self, number: int) -> ScanHosts | None: ...
    async def due(self, limit: int) -> list[int]: ...
    async def next_due_at(self) -> float | None: ...
    async def pending(self, number: int) -> list[str]: ...
    async def looked_up(self, number: int, results: Sequence[UrlCategories]) -> ScanHosts | None: ...
    async def reschedule(self, number: int, problem: str, due_at: float) -> ScanHosts | None: ...
    async def failed(self, number: int, problem: str) -> ScanHosts | None: ...
    async def cached(self, urls: Sequence[str], since: float) -> dict[str, UrlCategories]: ...
    async def cache(self, results: Sequence[UrlCategories], *, forget_before: float) -> None: ...
