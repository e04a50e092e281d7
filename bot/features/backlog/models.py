"""The records of channels' queues and of the notices about them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """A channel's builds in the queue."""

    channel: str
    waiting: int = 0
    """Builds that are due, or are to be retried."""
    unanswered: int = 0
    """Builds without a first reply."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """The message about a channel's queue, with the numbers that it shows."""

    channel: str
    waiting: int
    unanswered: int
    message_ts: str | None = None
    """``None`` if it could not be posted; that is not retried."""
    opened_at: float
    away_since: float | None = None
    """Since when the scanner accepts no builds."""
    was_away: bool = False
    """Whether it accepted none at some time before."""
    closed_at: float | None = None
