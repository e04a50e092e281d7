"""Rescans that wait for their build.

Times are seconds since the epoch, UTC.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.scan import ChannelKind


class RequestState(StrEnum):
    """Where a waiting rescan is."""

    WAITING = "waiting"  # for a build in its thread, or its button
    ANSWERED = "answered"  # a build came
    LAPSED = "lapsed"  # none came in time


@dataclass(frozen=True, kw_only=True)
class RescanRequest:
    """A ``/appscan rescan <appId>`` that waits for its build."""

    number: int
    app_id: str
    channel: str
    channel_kind: ChannelKind
    message_ts: str | None
    """The bot's message that a build is to answer; ``None`` while it is being posted."""
    asked_by: str
    created_at: float
    expires_at: float
    state: RequestState = RequestState.WAITING
    latest: int | None = None
    """The scan with the latest build known for the app."""
    answer: int | None = None
    """The scan that answered."""
