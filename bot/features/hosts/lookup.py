"""Looking up the categories of URLs, for builds and for ``/appscan urls``; answers are cached for a day."""

import asyncio
import hashlib
import logging
import math
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from bot.core.ports import Clock
from bot.errors import Maintenance, Refused, TryLater, UsageError
from bot.features.hosts.models import UrlCategories, UrlLookup
from bot.features.hosts.repository import HostRepository
from bot.features.hosts.url_parser import NamedUrls, parse_urls

T = TypeVar("T")
logger = logging.getLogger(__name__)

KEPT_S: Final = 86_400.0
"""How long categories are cached."""
ANSWER_S: Final = 60.0
"""Timeout for an answer to a person."""
_SOON_S: Final = 300.0
MAINTAINED: Final = "{vendor} is under maintenance. Ask again later."
BUSY: Final = "{vendor} is taking its time. Ask again in a few minutes."


@dataclass(kw_only=True, eq=False, repr=False)
class CategoryCache:
    """Looks up categories and caches them.

    The path and query of a URL that a person typed can hold tokens, so such a URL is stored as a hash.
    """

    rows: HostRepository
    lookup: UrlLookup
    clock: Clock

    async def known(self, urls: Sequence[str]) -> dict[str, UrlCategories]:
        """Return the cached categories, by URL."""
        by_key = {_key(url): url for url in urls}
        found = await self.rows.cached(list(by_key), self.clock.now() - KEPT_S)
        return {by_key[key]: replace(each, url=by_key[key]) for key, each in found.items()}

    async def forget_old(self) -> None:
        """Remove what is older than ``KEPT_S``."""
        await self.rows.cache([], forget_before=self.clock.now() - KEPT_S)

    async def ask(self, urls: Sequence[str]) -> dict[str, UrlCategories]:
        """Look up URLs, at most ``BATCH``; one without an answer is of an unknown category.

        Raises:
            TryLater: a temporary error.
            Refused: a permanent error.
        """
        answers = {each.url: each for each in await self.lookup.look_up(urls)}
        found = {url: answers.get(url, UrlCategories(url=url)) for url in urls}
        kept = [replace(each, url=_key(url)) for url, each in found.items()]
        await self.rows.cache(kept, forget_before=self.clock.now() - KEPT_S)
        return found


def _key(url: str) -> str:
    if "/" not in url and "?" not in url:
        return url
    return f"sha256:{hashlib.sha256(url.encode(errors='replace')).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class UrlAnswer:
    """The answer to ``/appscan urls``."""

    named: NamedUrls
    found: tuple[UrlCategories, ...] = ()
    """In the order named."""
    problem: str | None = None
    """Why the others were not looked up: a sentence for people."""
    is_refused: bool = False
    """Whether ``problem`` is permanent until someone fixes it."""


async def explained(vendor: str, request: Awaitable[T]) -> T:
    """Return a vendor's answer to a person's question; a temporary error also says when to ask again."""
    try:
        return await request
    except Maintenance as error:
        raise TryLater(MAINTAINED.format(vendor=vendor)) from error
    except TryLater as error:
        is_soon = error.retry_after_s is None or error.retry_after_s <= _SOON_S
        minutes = "a few" if is_soon else math.ceil((error.retry_after_s or 0.0) / 60)
        problem = f"{error.user_message} Ask again in {minutes} minutes."
        raise TryLater(problem, detail=str(error)) from error
    except Refused as error:
        logger.warning("%s rejects a look-up: %s", vendor, error)
        raise


@dataclass(eq=False, repr=False)
class UrlLookupService:
    """Answers ``/appscan urls``."""

    categories: CategoryCache
    answer_s: float = ANSWER_S

    async def ask(self, typed: str) -> UrlAnswer:
        """Return the categories of the URLs that were typed.

        Raises:
            UsageError: nothing was typed.
        """
        named = parse_urls(typed)
        if named == NamedUrls():
            raise UsageError("Name the URLs or hosts to look up, with spaces between them.")
        found = await self.categories.known(named.urls)
        problem, is_refused = None, False
        if rest := [url for url in named.urls if url not in found]:
            try:
                async with asyncio.timeout(self.answer_s):
                    found |= await explained("Zscaler", self.categories.ask(rest))
            except TimeoutError:
                problem = BUSY.format(vendor="Zscaler")
            except (TryLater, Refused) as error:
                problem, is_refused = error.user_message, isinstance(error, Refused)
        return UrlAnswer(
            named=named,
            found=tuple(found[url] for url in named.urls if url in found),
            problem=problem,
            is_refused=is_refused,
        )
