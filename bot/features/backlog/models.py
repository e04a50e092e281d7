"""How long the queues of channels are, and what is said there about them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """How much a channel has in the queue."""

    channel: str
    waiting: int
    """Builds that are due to be worked on, or to be tried again."""
    unanswered: int
    """Builds whose first reply is still to come."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is said about a channel's queue, in one message."""

    channel: str
    message_ts: str | None = None
    """``None`` where it could not be posted, and is not tried again."""
    opened_at: float
    away_since: float | None = None
    """Since when the scanner takes no builds."""
    was_away: bool = False
    """Whether it took none at some time since the notice was opened."""
    waiting: int
    unanswered: int
    closed_at: float | None = None
    """When there was nothing more to say."""
