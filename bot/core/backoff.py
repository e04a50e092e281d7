"""Exponential backoff between attempts."""

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
    """The largest share of a wait that is cut at random, to spread retries of simultaneous failures."""

    def delay_s(
        self, attempt: int, retry_after_s: float | None = None, draw: Callable[[], float] = random.random
    ) -> float:
        """Return the wait after the failed ``attempt`` (from 1), in seconds.

        ``retry_after_s``, the server's own, replaces it, but is at least a second.
        """
        if retry_after_s is not None:
            return max(1.0, retry_after_s)
        exponent = max(0, min(attempt - 1, _MAXIMUM_EXPONENT))
        delay_s = min(self.maximum_s, self.first_s * self.factor**exponent)
        return delay_s * (1 - self.jitter * draw()) if self.jitter else delay_s

    def delay_after_s(self, elapsed_s: float) -> float:
        """Return the wait where only the time since the first attempt is known, in seconds.

        Each wait that grows by ``factor`` is ``factor - 1`` times the time elapsed.
        """
        return min(self.maximum_s, max(self.first_s, elapsed_s * (self.factor - 1)))


SERVER_BACKOFF: Final = Backoff(first_s=5.0, maximum_s=900.0, jitter=0.5)
"""For requests to a server that fails or asks to retry later."""
