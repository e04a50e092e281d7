"""The published rate limits of each endpoint of Zscaler's cloud service API.

Source: https://help.zscaler.com/zia/understanding-rate-limiting, and the API reference of each endpoint
"""

from collections.abc import Mapping
from typing import Final

from bot.core.clock import within
from bot.core.ports import Clock
from bot.core.rate_limit import Limit, RateLimiter
from bot.errors import TryLater
from bot.features.zscaler_admin.models import CallsLeft
from bot.scanners.zscaler.status_codes import Endpoint

LONGEST_WAIT_S: Final = 30.0
"""The longest wait of a request for its turn."""

SECOND_S: Final = 1.2
"""A second, and the difference in latency between two requests."""
MINUTE_S: Final = 61.0
HOUR_S: Final = 3660.0
_WORDS: Final = {SECOND_S: "second", MINUTE_S: "minute", HOUR_S: "hour"}

TOO_OFTEN: Final = "The bot has reached Zscaler's rate limit for now. It continues automatically."

Limits = tuple[Limit, ...]
_READING: Final[Limits] = (Limit(calls=1000, window_s=HOUR_S), Limit(calls=2, window_s=SECOND_S))
LIMITS: Final[Mapping[Endpoint, Limits]] = {
    Endpoint.URL_LOOKUP: (Limit(calls=400, window_s=HOUR_S), Limit(calls=1, window_s=SECOND_S)),
    Endpoint.REPORT: _READING,
    Endpoint.QUOTA: _READING,
    Endpoint.STATUS: _READING,
    Endpoint.ACTIVATE: (Limit(calls=40, window_s=HOUR_S), Limit(calls=10, window_s=MINUTE_S)),
}
"""Signing in and out has other limits, which are not counted here."""


class RateLimits:
    """The rate limiters of all endpoints."""

    def __init__(self, clock: Clock, limits: Mapping[Endpoint, Limits] = LIMITS) -> None:
        self._clock = clock
        self._limits = limits
        self._limiters = {endpoint: RateLimiter(clock, *each) for endpoint, each in limits.items()}

    async def take(self, endpoint: Endpoint) -> None:
        """Wait until one more call may be made, and count it.

        Raises:
            TryLater: the wait would be too long; says how long.
        """
        limiter = self._limiters[endpoint]
        if (wait_s := limiter.try_take()) <= 0:
            return None
        if wait_s <= LONGEST_WAIT_S:
            try:
                return await within(self._clock, LONGEST_WAIT_S, limiter.take())
            except TimeoutError:  # a pause began meanwhile
                wait_s = max(1.0, limiter.wait_s())
        raise TryLater(TOO_OFTEN, retry_after_s=wait_s, scanner_failed=False, detail=f"{endpoint}: pace")

    def pause(self, endpoint: Endpoint, seconds: float) -> None:
        """Block all calls of an endpoint for some seconds, as Zscaler asked for."""
        self._limiters[endpoint].pause(seconds)

    def left(self) -> list[CallsLeft]:
        """Return how many calls are left, endpoint by endpoint."""
        return [
            CallsLeft(
                endpoint=endpoint,
                window=_WORDS[limit.window_s],
                left=left,
                allowed=limit.calls,
                paused_s=limiter.paused_s,
            )
            for endpoint, limiter in self._limiters.items()
            for limit, left in zip(self._limits[endpoint], limiter.left, strict=True)
        ]
