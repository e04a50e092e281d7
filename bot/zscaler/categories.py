"""The categories that Zscaler has for URLs.

Source: https://help.zscaler.com/zia/url-categories (``POST /urlLookup``)
"""

from collections.abc import Sequence
from typing import Any, Final

from bot.errors import TryLater
from bot.scans.hosts import BATCH, URL_LIMIT, UrlCategories
from bot.zscaler import found
from bot.zscaler.answers import UNREADABLE, Endpoint
from bot.zscaler.cloud import Cloud

MOST_CATEGORIES: Final = 20
"""Categories of one URL that are kept, and as many with an alert."""


class Categories:
    """Looks up URLs. Implements the ``UrlLookup`` port."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def look_up(self, urls: Sequence[str]) -> list[UrlCategories]:
        """Return what is said of each, in the order asked; more than ``BATCH`` take more calls.

        A URL of which nothing is said has no categories.

        Raises:
            Refused, TryLater: as the port has it.
        """
        if any(not 0 < len(url) <= URL_LIMIT for url in urls):
            raise ValueError(f"a URL to look up has 1 to {URL_LIMIT} characters")
        asked = list(dict.fromkeys(urls))
        told: dict[str, UrlCategories] = {}
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            told |= read_categories(await self._cloud.post(Endpoint.URL_LOOKUP, body=batch), batch)
        return [told[url] for url in urls]


def read_categories(value: Any, asked: Sequence[str]) -> dict[str, UrlCategories]:
    """Return what an answer says of each URL that was asked, by that URL.

    Entries are told by their own URL, whatever their order, and whether it has a scheme and a slash at its
    end or not; an answer of as many entries as were asked is in order for what can't be told so.

    Raises:
        TryLater: it is no list, or about none of them.
    """
    if not isinstance(value, list):
        raise TryLater(UNREADABLE, detail="urlLookup: no list")
    entries = [entry if isinstance(entry, dict) else {} for entry in value[: 2 * BATCH]]
    by_url = {_bare(entry["url"]): entry for entry in entries if isinstance(entry.get("url"), str)}
    wanted = {_bare(url) for url in asked}
    said = {}
    for place, url in enumerate(asked):
        entry = by_url.get(_bare(url))
        if entry is None and len(entries) == len(asked):
            by_place = entries[place]
            entry = None if _bare(str(by_place.get("url"))) in wanted else by_place
        said[url] = entry
    if asked and not any(said.values()):
        raise TryLater(UNREADABLE, detail="urlLookup: about none of the URLs")
    return {url: _categories(url, entry or {}) for url, entry in said.items()}


def _categories(url: str, entry: dict[str, Any]) -> UrlCategories:
    return UrlCategories(
        url=url,
        categories=found.texts(entry.get("urlClassifications"), MOST_CATEGORIES),
        alerts=found.texts(entry.get("urlClassificationsWithSecurityAlert"), MOST_CATEGORIES),
    )


def _bare(url: str) -> str:
    """Return a URL as it is compared."""
    return url.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
