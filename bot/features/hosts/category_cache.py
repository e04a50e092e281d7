"""The categories of URLs: what was said of them within a day, and asking for the rest.

Path and query of a URL that somebody typed can hold tokens, so of such a URL only a hash is remembered.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.core.ports import Clock
from bot.features.hosts.models import UrlCategories, UrlLookup
from bot.features.hosts.repository import HostRepository

KEPT_S: Final = 86_400.0
"""How long what was said of a URL is taken for true."""


class CategoryCache:
    """Tells the categories of URLs, and remembers them."""

    def __init__(self, *, rows: HostRepository, lookup: UrlLookup, clock: Clock) -> None:
        self._rows = rows
        self._lookup = lookup
        self._clock = clock

    async def known(self, urls: Sequence[str]) -> dict[str, UrlCategories]:
        """Return what was said of these within a day, by URL."""
        by_key = {_key(url): url for url in urls}
        found = await self._rows.cached(list(by_key), self._clock.now() - KEPT_S)
        return {by_key[key]: replace(each, url=by_key[key]) for key, each in found.items()}

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
        kept = [replace(each, url=_key(url)) for url, each in said.items()]
        await self._rows.cache(kept, forget_before=self._clock.now() - KEPT_S)
        return said


def _key(url: str) -> str:
    """Return by what a URL is remembered: a host as it is, any other by its hash."""
    if "/" not in url and "?" not in url:
        return url
    return f"sha256:{hashlib.sha256(url.encode(errors='replace')).hexdigest()}"
