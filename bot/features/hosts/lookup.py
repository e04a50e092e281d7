"""What people ask about URLs and hosts."""

import asyncio
import logging
import math
from dataclasses import dataclass
from typing import Final

from bot.errors import Maintenance, Refused, TryLater, UsageError
from bot.features.hosts.category_cache import CategoryCache
from bot.features.hosts.models import UrlCategories
from bot.features.hosts.url_parser import NamedUrls, parse_urls

logger = logging.getLogger(__name__)

ANSWER_S: Final = 60.0
"""How long a person waits for an answer."""
_SOON_S: Final = 300.0
MAINTAINED: Final = "Zscaler is being maintained and takes no look-ups until that is over. Ask again later."
BUSY: Final = "Zscaler is taking its time. Ask again in a few minutes: what it says by then is told at once."


@dataclass(frozen=True, kw_only=True)
class UrlsTold:
    """The answer to a question about URLs."""

    named: NamedUrls
    said: tuple[UrlCategories, ...] = ()
    """In the order named."""
    problem: str | None = None
    """Why the rest was not told: a sentence for people."""
    is_refused: bool = False
    """Whether somebody has to mend something before."""


def ask_again(retry_after_s: float | None) -> str:
    """Say when to ask again."""
    if retry_after_s is None or retry_after_s <= _SOON_S:
        return "Ask again in a few minutes."
    return f"Ask again in {math.ceil(retry_after_s / 60)} minutes."


class UrlLookupService:
    """Answers questions about URLs, by what was said of them within a day where that is known."""

    def __init__(self, categories: CategoryCache, *, answer_s: float = ANSWER_S) -> None:
        self._categories = categories
        self._answer_s = answer_s

    async def ask(self, typed: str) -> UrlsTold:
        """Tell the categories of the URLs that were typed.

        Raises:
            UsageError: nothing was typed.
        """
        asked = parse_urls(typed)
        if asked == NamedUrls():
            raise UsageError("Name the URLs or hosts to look up, with spaces between them.")
        said = await self._categories.known(asked.urls)
        problem, is_refused = None, False
        if rest := [url for url in asked.urls if url not in said]:
            try:
                async with asyncio.timeout(self._answer_s):
                    said |= await self._categories.ask(rest)
            except TimeoutError:
                problem = BUSY
            except Maintenance:
                problem = MAINTAINED
            except TryLater as error:
                problem = f"{error.user_message} {ask_again(error.retry_after_s)}"
            except Refused as error:
                logger.warning("Zscaler does not tell of URLs: %s", error)
                problem, is_refused = error.user_message, True
        return UrlsTold(
            named=asked,
            said=tuple(said[url] for url in asked.urls if url in said),
            problem=problem,
            is_refused=is_refused,
        )
