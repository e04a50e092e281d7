"""Scanning a file once more where OneTrust's scan of it came to no result."""

from collections.abc import Awaitable, Callable

from bot.errors import Superseded
from bot.features.results.models import RETRIED
from bot.features.results.ports import ResultStore


class ScanRetry:
    """Carries out the button; ``scan_once_more`` gets the scan's number and who pressed it."""

    def __init__(self, store: ResultStore, scan_once_more: Callable[[int, str], Awaitable[None]]) -> None:
        self._store = store
        self._scan_once_more = scan_once_more

    async def ask(self, number: int, user: str) -> None:
        """Make another scan of the file.

        Raises:
            Superseded: OneTrust's scan did not fail, or another one was made already.
            NotFound: the file is not in Slack.
        """
        followed = await self._store.results.followed(number)
        if followed is None or followed.state not in RETRIED:
            raise Superseded(f"Scan #{number} has moved on: there is no failed scan to make again.")
        await self._scan_once_more(number, user)
