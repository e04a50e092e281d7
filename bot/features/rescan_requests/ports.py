"""The interface of rescan requests to Slack."""

from typing import Protocol

from bot.core.scan import Scan
from bot.features.rescan_requests.models import RescanRequest


class Board(Protocol):
    """The messages of rescan requests."""

    async def post(self, request: RescanRequest, latest: Scan | None) -> str:
        """Post a request's message; return its timestamp.

        Raises:
            NotInvited: the bot can't post there.
        """
        ...

    async def update(self, request: RescanRequest, latest: Scan | None) -> None:
        """Show that a request was fulfilled or has expired."""
        ...
