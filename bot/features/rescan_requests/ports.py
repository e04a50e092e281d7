"""The interfaces of rescan requests to Slack and the database."""

from typing import Any, Protocol

from bot.core.scan import ChannelKind, Scan
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
    async def answer(self) -> list[RescanRequest]: ...
    async def request(self, number: int) -> RescanRequest | None: ...
    async def waiting_in(self, channel: str, thread_ts: str) -> RescanRequest | None: ...
    async def lapse(self) -> list[RescanRequest]: ...
    async def next_lapse_at(self) -> float | None: ...
    async def arrived(self, file_id: str, channel: str, event_ts: str) -> None: ...
    async def arrivals(self, *, all_: bool = False) -> list[tuple[str, str, str, int, float]]: ...
    async def settle_arrival(
        self, file_id: str, channel: str, event_ts: str, *, retry_at: float | None
    ) -> None: ...
