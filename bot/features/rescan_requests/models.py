"""Rescan requests. Times are seconds since the epoch, UTC."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.core.scan import ChannelKind, Scan


class RequestState(StrEnum):
    """The state of a rescan request."""

    WAITING = "waiting"  # for a build in its thread, or for its button
    ANSWERED = "answered"  # fulfilled by a build
    LAPSED = "lapsed"  # expired without a build


@dataclass(frozen=True, kw_only=True)
class RescanRequest:
    """A request for a build of an app, from ``/appscan rescan <appId>``."""

    number: int
    app_id: str
    channel: str
    channel_kind: ChannelKind
    message_ts: str | None
    """The bot's message, whose thread builds are shared in; ``None`` while it is being posted."""
    asked_by: str
    created_at: float
    expires_at: float
    state: RequestState = RequestState.WAITING
    latest: int | None = None
    """The scan of the app's latest known build."""
    answer: int | None = None
    """The scan that fulfilled it."""


class Board(Protocol):
    """The messages of rescan requests."""

    async def post(self, request: RescanRequest, latest: Scan | None) -> str:
        """Post a request's message; return its timestamp.

        Raises:
            NotInvited: the bot can't post there.
        """

    async def update(self, request: RescanRequest, latest: Scan | None) -> None:
        """Show that a request was fulfilled or has expired."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A file that arrived without its message."""

    file_id: str
    channel: str
    event_ts: str
    due_at: float
    """When its message is searched for next."""
    attempts: int
    """Searches so far."""
