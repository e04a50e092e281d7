"""Zscaler's limits: so many calls to an endpoint in any second, minute and hour, and quotas by the day.

Sources: https://help.zscaler.com/zia/understanding-rate-limiting and
https://help.zscaler.com/zia/api-rate-limit-summary
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Literal

from sandbox.front import Refusal

Period = Literal["SECOND", "MINUTE", "HOUR", "DAY"]
Rate = tuple[int, Period]
"""So many calls in any such period."""

PERIODS_S: dict[Period, float] = {"SECOND": 1.0, "MINUTE": 60.0, "HOUR": 3600.0, "DAY": 86400.0}
HEAVY: tuple[Rate, ...] = ((1, "SECOND"), (400, "HOUR"))
LIGHT: tuple[Rate, ...] = ((2, "SECOND"), (1000, "HOUR"))
RARE: tuple[Rate, ...] = ((10, "MINUTE"), (40, "HOUR"))


def too_many(allowed: int, period: Period, wait_s: float) -> Refusal:
    """Return the refusal of a call beyond a limit: how long to wait stands in the body, in no header."""
    why = f"Rate Limit ({allowed}/{period}) exceeded"
    return Refusal(429, why, answer={"message": why, "Retry-After": f"{math.ceil(wait_s)} seconds"})


class Limits:
    """Counts the calls to each endpoint by the stand-in's clock; refuses none unless ``strict``."""

    def __init__(self, now: Callable[[], float], *, strict: bool) -> None:
        self.strict = strict
        self._now = now
        self._made: dict[str, deque[float]] = {}

    def take(self, name: str, rates: tuple[Rate, ...]) -> None:
        """Count one call, if it is within each rate.

        Raises:
            Refusal: it is not.
        """
        now = self._now()
        made = self._made.setdefault(name, deque())
        while made and made[0] <= now - PERIODS_S["HOUR"]:
            made.popleft()
        for allowed, period in rates if self.strict else ():
            if len(made) >= allowed and (wait_s := made[-allowed] + PERIODS_S[period] - now) > 0:
                raise too_many(allowed, period, wait_s)
        made.append(now)


class DayQuota:
    """So many a day, by the days of UTC; kept to whether rates are strict or not."""

    def __init__(self, now: Callable[[], float], allowed: int) -> None:
        self.allowed = allowed
        self._now = now
        self._day = -1
        self._used = 0

    @property
    def used(self) -> int:
        """How many were taken today."""
        return self._used if self._day == self._today() else 0

    @property
    def unused(self) -> int:
        """How many are left today."""
        return max(0, self.allowed - self.used)

    @property
    def start(self) -> float:
        """When today began, in seconds since the epoch."""
        return self._today() * PERIODS_S["DAY"]

    @property
    def left_s(self) -> float:
        """How long today still is, in seconds."""
        return self.start + PERIODS_S["DAY"] - self._now()

    def take(self) -> bool:
        """Take one; tell whether there was one left."""
        if not self.unused:
            return False
        self._day, self._used = self._today(), self.used + 1
        return True

    def _today(self) -> int:
        return int(self._now() // PERIODS_S["DAY"])
