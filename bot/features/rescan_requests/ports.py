"""The interfaces of rescan requests to Slack and the database."""

from typing import Any, Protocol

from bot.core.scan import ChannelKind, Scan
from bot.features.rescan_requests.models import Arrival, RescanRequest


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


class RescanRequestRepository(Protocol):
    """Rescan requests, and files that arrived without their message."""

    async def create(
        self,
        *,
        app_id: str,
        channel: str,
        channel_kind: ChannelKind,
        asked_by: str,
        wait_s: float,
        latest: int | None,
    ) -> RescanRequest: ...
    async def update(self, number: int, **changes: Any) -> RescanRequest: ...
    async def close(self) -> tuple[list[RescanRequest], float | None]: ...
    async def request(self, number: int) -> RescanRequest | None: ...
    async def waiting_in(self, channel: str, thread_ts: str) -> RescanRequest | None: ...
    async def arrived(self, file_id: str, channel: str, event_ts: str) -> None: ...
    async def arrivals(self) -> list[Arrival]: ...
    async def settle_arrival(self, arrival: Arrival, *, retry_at: float | None) -> None: ...
