"""How often each endpoint of Zscaler's cloud service API is called: no more than Zscaler publishes.

Source: https://help.zscaler.com/zia/understanding-rate-limiting, and the API reference of each endpoint
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.errors import TryLater
from bot.scans.budget import WINDOW_S, Budget
from bot.scans.clock import within
from bot.scans.ports import Clock
from bot.zscaler.answers import Endpoint

LONGEST_WAIT_S: Final = 30.0
"""How long a call waits for its turn."""

SECOND_S: Final = 1.2
"""A second, and what two calls may differ by on their way."""
MINUTE_S: Final = WINDOW_S
HOUR_S: Final = 3660.0
"""An hour, and what a call may wait for its shorter limit after it was counted here."""

TOO_OFTEN: Final = "The bot has asked Zscaler as often as it may for now. It goes on by itself."


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many calls in so long."""

    calls: int
    window_s: float
    word: str
    """The window in words."""


def _second(calls: int) -> Limit:
    return Limit(calls=calls, window_s=SECOND_S, word="second")


def _hour(calls: int) -> Limit:
    return Limit(calls=calls, window_s=HOUR_S, word="hour")


LIMITS: Final[Mapping[Endpoint, tuple[Limit, ...]]] = {
    Endpoint.URL_LOOKUP: (_hour(400), _second(1)),
    Endpoint.REPORT: (_hour(1000), _second(2)),
    Endpoint.QUOTA: (_hour(1000), _second(2)),
    Endpoint.STATUS: (_hour(1000), _second(2)),
    Endpoint.ACTIVATE: (_hour(40), Limit(calls=10, window_s=MINUTE_S, word="minute")),
}
"""The longest window first. What is not here (logging in and out) has limits of its own."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What may still be called of one endpoint in one window."""

    endpoint: Endpoint
    window: str
    """``second``, ``minute`` or ``hour``."""
    left: int
    allowed: int
    paused_s: float
    """How much longer Zscaler asked not to be called, in seconds; 0 without that."""


class Pace:
    """The turns of one endpoint, in the order in which they were asked for."""

    def __init__(self, endpoint: Endpoint, limits: tuple[Limit, ...], clock: Clock) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._clock = clock
        self._budgets = [Budget(clock, limit.calls, window_s=limit.window_s) for limit in limits]
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def take(self) -> None:
        """Wait until one more call may be made, and count it.

        Raises:
            TryLater: that takes too long; says how long.
        """
        wait_s = self._wait_s()
        if wait_s <= 0:
            return await self._take()
        if wait_s <= LONGEST_WAIT_S:
            try:
                return await within(self._clock, LONGEST_WAIT_S, self._take())
            except TimeoutError:  # a pause began meanwhile
                wait_s = max(1.0, self._wait_s())
        raise TryLater(
            TOO_OFTEN, retry_after_s=wait_s, scanner_failed=False, detail=f"{self._endpoint}: pace"
        )

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long, as Zscaler asked for that."""
        for budget in self._budgets:
            budget.pause(seconds)

    def left(self) -> list[Left]:
        """Tell what may still be called."""
        return [
            Left(
                endpoint=self._endpoint,
                window=limit.word,
                left=budget.left,
                allowed=limit.calls,
                paused_s=budget.paused_s,
            )
            for limit, budget in zip(self._limits, self._budgets, strict=True)
        ]

    async def _take(self) -> None:
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            for budget in self._budgets:  # the long window first, so that the last wait is the short one's
                await budget.take()
        finally:
            self._turn.release()

    def _wait_s(self) -> float:
        return max(budget.wait_s(self._waiting + 1) for budget in self._budgets)


class Paces:
    """The paces of all endpoints."""

    def __init__(self, clock: Clock) -> None:
        self._paces = {endpoint: Pace(endpoint, limits, clock) for endpoint, limits in LIMITS.items()}

    def of(self, endpoint: Endpoint) -> Pace:
        """Return the pace of an endpoint."""
        return self._paces[endpoint]

    def left(self) -> list[Left]:
        """Tell what may still be called, endpoint by endpoint."""
        return [left for pace in self._paces.values() for left in pace.left()]
