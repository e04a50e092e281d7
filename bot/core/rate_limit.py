"""Rate limits for calls to other systems, first come, first served."""

import asyncio
from collections import deque
from dataclasses import dataclass

from bot.core.clock import SteadyClock
from bot.core.ports import Clock


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most ``calls`` in any ``window_s`` seconds; or a token bucket."""

    calls: int
    window_s: float
    is_bucket: bool = False
    """``calls`` is a burst, after which one more call may be made each ``window_s`` seconds."""


class RateLimiter:
    """Delays calls until all of its ``limits`` allow them."""

    def __init__(self, clock: Clock, *limits: Limit) -> None:
        self._clock = SteadyClock(clock)
        self._limits = limits
        self._free_at = [deque([float("-inf")] * limit.calls) for limit in limits]
        """For each limit, the times from which its calls may be made again, ascending."""
        self._paused_until = 0.0
        self._turn = asyncio.Lock()  # first in, first out
        self._waiting = 0

    async def take(self) -> None:
        """Wait until a call may be made, and count it."""
        asked_at = self._clock.now()
        self._waiting += 1
        try:
            async with self._turn:
                while (wait_s := self._next_at(self._free_at) - self._clock.now()) > 0:
                    await self._clock.sleep(wait_s)
                self._count(self._free_at, asked_at, self._clock.now())
        finally:
            self._waiting -= 1

    def try_take(self, *, reserved: int = 0) -> float:
        """Count a call if it may be made now and return 0; else return the wait in seconds.

        ``reserved`` calls are left for more important callers, which don't reserve any.
        """
        wait_s = self.wait_s(reserved=reserved)
        if wait_s <= 0:
            self._count(self._free_at, self._clock.now(), self._clock.now())
        return wait_s

    def pause(self, seconds: float) -> None:
        """Block all calls, as the other system asked; a longer pause stays as it is.

        A bucket starts with a single call after it: a system that asks for a pause doesn't want a burst.
        """
        until = self._clock.now() + seconds
        self._paused_until = max(self._paused_until, until)
        for number, limit in enumerate(self._limits):
            if limit.is_bucket:
                filled_at = (until + index * limit.window_s for index in range(limit.calls))
                self._free_at[number] = deque(map(max, self._free_at[number], filled_at))

    @property
    def paused_s(self) -> float:
        """Seconds until the pause ends; 0 without one."""
        return max(0.0, self._paused_until - self._clock.now())

    @property
    def left(self) -> list[int]:
        """Calls that each limit allows now, disregarding a pause."""
        now = self._clock.now()
        return [sum(at <= now for at in free_at) for free_at in self._free_at]

    @property
    def is_idle(self) -> bool:
        """Whether no call waits, no pause lasts and no earlier call counts any longer."""
        now = self._clock.now()
        return not (self._waiting or self.paused_s or any(free_at[-1] > now for free_at in self._free_at))

    def wait_s(self, calls: int = 1, *, reserved: int = 0) -> float:
        """Return the seconds until the last of ``calls`` more calls could be made, after those that wait."""
        now = at = self._clock.now()
        free_at = [each.copy() for each in self._free_at]
        for number in range(self._waiting + calls):
            at = max(now, self._next_at(free_at, 0 if number < self._waiting else reserved))
            self._count(free_at, now, at)
        return at - now

    def _next_at(self, free_at: list[deque[float]], reserved: int = 0) -> float:
        return max(self._paused_until, *(each[reserved] for each in free_at))

    def _count(self, free_at: list[deque[float]], asked_at: float, at: float) -> None:
        for limit, each in zip(self._limits, free_at, strict=True):
            # A bucket refills while a call waits; in a window, a call counts from when it is made.
            since = max(each[-1], asked_at) if limit.is_bucket else at
            each.popleft()
            each.append(since + limit.window_s)


class RateLimiters:
    """A rate limiter for each key, all with the same limits."""

    def __init__(self, clock: Clock, *limits: Limit) -> None:
        self._clock = SteadyClock(clock)
        self._limits = limits
        self._limiters: dict[str, RateLimiter] = {}

    def of(self, key: str) -> RateLimiter:
        """Return the limiter of a key; use it at once, as idle ones are dropped."""
        self._limiters = {name: each for name, each in self._limiters.items() if not each.is_idle}
        return self._limiters.setdefault(key, RateLimiter(self._clock, *self._limits))
