"""How long to wait before the next attempt at something that failed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_MAXIMUM_EXPONENT: Final = 64
"""Bounds the power, so that no number of attempts overflows a float."""


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Waits that grow from ``first_s`` by ``factor``, up to ``maximum_s``."""

    first_s: float
    maximum_s: float
    factor: float = 2.0
    jitter: float = 0.0
    """By which share a wait may be shortened at random, so that what failed together is retried apart."""

    def delay_s(
        self, attempt: int, retry_after_s: float | None = None, draw: Callable[[], float] = random.random
    ) -> float:
        """Return how long to wait after the failed ``attempt`` (from 1), in seconds.

        ``retry_after_s``, the wait that the server asked for, is used instead of ours, but is at least a
        second.
        """
        if retry_after_s is not None:
            return max(1.0, retry_after_s)
        exponent = max(0, min(attempt - 1, _MAXIMUM_EXPONENT))
        delay_s = min(self.maximum_s, self.first_s * self.factor**exponent)
        return delay_s * (1 - self.jitter * draw()) if self.jitter else delay_s

    def delay_after_s(self, elapsed_s: float) -> float:
        """Return how long to wait where only the time since the first attempt is known, in seconds.

        Waits that grow by ``factor`` are each ``factor - 1`` times the time that has passed.
        """
        return min(self.maximum_s, max(self.first_s, elapsed_s * (self.factor - 1)))


SERVER_BACKOFF: Final = Backoff(first_s=5.0, maximum_s=900.0, jitter=0.5)
"""For requests to a server that fails, or answers "later"."""
