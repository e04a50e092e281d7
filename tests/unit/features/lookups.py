"""A stand-in for what tells the categories of URLs."""

from collections.abc import Sequence

from bot.features.hosts.models import UrlCategories


class FakeLookup:
    """Tells what it was given; of others that they are of no category in particular."""

    def __init__(self) -> None:
        self.known: dict[str, UrlCategories] = {}
        self.troubles: list[Exception | None] = []
        self.refuses: dict[str, Exception] = {}
        """What is said to a call with such a URL in it."""
        self.silent_about: set[str] = set()
        self.asked: list[list[str]] = []

    async def look_up(self, urls: Sequence[str]) -> list[UrlCategories]:
        self.asked.append(list(urls))
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            raise trouble
        for url in urls:
            if url in self.refuses:
                raise self.refuses[url]
        told = [self.known.get(url, UrlCategories(url=url, categories=("WEB",))) for url in urls]
        return [each for each in told if each.url not in self.silent_about]
