"""Statistics about scans, for the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.scan import Platform, State


@dataclass(frozen=True, kw_only=True)
class Move:
    """A scan's transition from one state to another."""

    before: State
    after: State
    seconds: float
    """Time spent in ``before``."""
    total_s: float
    """Time since it was requested: shared, or last restarted by a person."""


@dataclass(frozen=True, kw_only=True)
class StatsSnapshot:
    """Statistics at one moment."""

    scans: Mapping[tuple[State, Platform | None], int]
    """Number of scans; no platform if the build was not read."""
    queued: int
    """Scans that are due now or later."""
    oldest_s: float
    """Age of the oldest of them; 0 without any."""
    moves: tuple[Move, ...]
    """Transitions since the last snapshot."""
