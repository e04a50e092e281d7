"""What the rows say in figures, for whoever watches the bot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.core.scan import Platform, State


@dataclass(frozen=True, kw_only=True)
class Move:
    """A scan's way from one state to another."""

    before: State
    after: State
    seconds: float
    """How long it was in ``before``."""
    total_s: float
    """How long ago it had been asked for, by its share or by a person's later word."""


@dataclass(frozen=True, kw_only=True)
class StatsSnapshot:
    """What was found at one look."""

    scans: Mapping[tuple[State, Platform | None], int]
    """How many there are; no platform where the build was not read."""
    queued: int
    """Scans that are due to be worked on, now or later."""
    oldest_s: float
    """How long the oldest of them has been asked for; 0 where there is none."""
    moves: tuple[Move, ...]
    """What happened since the last look."""


class Stats(Protocol):
    """Where the figures come from."""

    async def look(self) -> StatsSnapshot:
        """Look at the rows; what happened before the first look is not told."""
        ...
