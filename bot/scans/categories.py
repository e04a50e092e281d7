"""The categories of URLs: what was said of them within a day, and asking for the rest."""

from collections.abc import Sequence
from typing import Final

from bot.scans.hosts import UrlCategories, UrlLookup
from bot.scans.memory import Hosts
from bot.scans.ports import Clock

KEPT_S: Final = 86_400.0
"""How long what was said of a URL is taken for true."""


class Categories:
    """Tells the categories of URLs, and remembers them."""

    def __init__(self, *, rows: Hosts, lookup: UrlLookup, clock: Clock) -> None:
        self._rows = rows
        self._lookup = lookup
        self._clock = clock

    async def known(self, urls: Sequence[str]) -> dict[str, UrlCategories]:
        """Return what was said of these within a day, by URL."""
        return await self._rows.cached(urls, self._clock.now() - KEPT_S)

    async def forget_old(self) -> None:
        """Let go of what was said longer ago."""
        await self._rows.cache([], forget_before=self._clock.now() - KEPT_S)

    async def ask(self, urls: Sequence[str]) -> dict[str, UrlCategories]:
        """Ask for the categories of URLs, ``BATCH`` at most; what is not told is an unknown category.

        Raises:
            TryLater: it may work later.
            Refused: a clear no.
        """
        told = {each.url: each for each in await self._lookup.look_up(urls)}
        said = {url: told.get(url, UrlCategories(url=url)) for url in urls}
        await self._rows.cache(list(said.values()), forget_before=self._clock.now() - KEPT_S)
        return said
