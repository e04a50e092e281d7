"""The published rate limits of each endpoint of Zscaler's cloud service API.

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
"""The longest wait of a request for its turn."""

SECOND_S: Final = 1.2
"""A second, and the difference in latency between two requests."""
MINUTE_S: Final = WINDOW_S
HOUR_S: Final = 3660.0
"""An hour, and how long a request may wait for its shorter limit after it was counted here."""

TOO_OFTEN: Final = "The bot has reached Zscaler's rate limit for now. It continues automatically."


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A number of calls in a window of time."""

    calls: int
    window_s: float
    word: str
    """The window as a word."""


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
"""The longest window first. Signing in and out has other limits, which are not counted here."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """How many calls one endpoint still takes in one window."""

    endpoint: Endpoint
    window: str
    """``second``, ``minute`` or ``hour``."""
    left: int
    allowed: int
    paused_s: float
    """The rest of a pause that Zscaler asked for, in seconds."""


class Pace:
    """The rate limits of one endpoint; requests get their turns in order."""

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
            TryLater: the wait would be too long; says how long.
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
        """Block all calls for some seconds, as Zscaler asked for."""
        for budget in self._budgets:
            budget.pause(seconds)

    def left(self) -> list[Left]:
        """Return how many calls are left."""
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
    """The rate limits of all endpoints."""

    def __init__(self, clock: Clock) -> None:
        self._paces = {endpoint: Pace(endpoint, limits, clock) for endpoint, limits in LIMITS.items()}

    def of(self, endpoint: Endpoint) -> Pace:
        """Return the rate limits of an endpoint."""
        return self._paces[endpoint]

    def left(self) -> list[Left]:
        """Return how many calls are left, endpoint by endpoint."""
        return [left for pace in self._paces.values() for left in pace.left()]
