"""Zscaler's categories of URLs.

Source: https://help.zscaler.com/zia/url-categories (``POST /urlLookup``)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import TryLater
from bot.features.hosts.models import BATCH, URL_LIMIT, UrlCategories
from bot.scanners.http.json_fields import words
from bot.scanners.zscaler.client import CloudClient
from bot.scanners.zscaler.status_codes import UNREADABLE, Endpoint

MOST_CATEGORIES: Final = 20
"""Categories of one URL that are kept, and as many alerts."""


@dataclass(eq=False, repr=False)
class UrlCategoriesApi:
    """Looks up URLs. Implements the ``UrlLookup`` port, and raises its errors."""

    cloud: CloudClient

    async def look_up(self, urls: Sequence[str]) -> list[UrlCategories]:
        """Return the categories of each URL, in the same order; more than ``BATCH`` take several requests.

        A URL that is not in the response has no categories.
        """
        if any(not 0 < len(url) <= URL_LIMIT for url in urls):
            raise ValueError(f"a URL to look up has 1 to {URL_LIMIT} characters")
        asked = list(dict.fromkeys(urls))
        found: dict[str, UrlCategories] = {}
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            found |= read_categories(await self.cloud.post(Endpoint.URL_LOOKUP, body=batch), batch)
        return [found[url] for url in urls]


def read_categories(value: Any, asked: Sequence[str]) -> dict[str, UrlCategories]:
    """Return the categories of each URL in ``asked``, by that URL.

    Entries are matched by URL, in any order, with or without a scheme and a slash at its end. An entry that
    can't be matched so is matched by position, if the response has as many entries as URLs were asked.

    Raises:
        TryLater: no list, or none of the URLs.
    """
    if not isinstance(value, list):
        raise TryLater(UNREADABLE, detail="urlLookup: no list")
    entries = [entry if isinstance(entry, dict) else {} for entry in value[: 2 * BATCH]]
    by_url = {_bare(entry["url"]): entry for entry in entries if isinstance(entry.get("url"), str)}
    wanted = {_bare(url) for url in asked}
    entry_of = {}
    for position, url in enumerate(asked):
        entry = by_url.get(_bare(url))
        if entry is None and len(entries) == len(asked):
            at_position = entries[position]
            entry = None if _bare(str(at_position.get("url"))) in wanted else at_position
        entry_of[url] = entry
    if asked and not any(entry_of.values()):
        raise TryLater(UNREADABLE, detail="urlLookup: about none of the URLs")
    return {url: _categories(url, entry or {}) for url, entry in entry_of.items()}


def _categories(url: str, entry: dict[str, Any]) -> UrlCategories:
    return UrlCategories(
        url=url,
        categories=words(entry.get("urlClassifications"), MOST_CATEGORIES),
        alerts=words(entry.get("urlClassificationsWithSecurityAlert"), MOST_CATEGORIES),
    )


def _bare(url: str) -> str:
    return url.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
