"""How often another system may be called; calls go in the order in which they were asked for."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Self

from bot.scans.clock import SteadyClock
from bot.scans.ports import Clock


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many ``calls`` in any ``window_s`` seconds; or a token bucket."""

    calls: int
    window_s: float
    is_bucket: bool = False
    """``calls`` is a burst, after which one more call may be made each ``window_s`` seconds."""


class _Slots:
    """The calls that one limit allows: each takes a slot, which is free again some time later."""

    def __init__(self, limit: Limit, free_at: deque[float] | None = None) -> None:
        self._limit = limit
        self._free_at = free_at or deque([float("-inf")] * limit.calls)  # ascending

    def copy(self) -> Self:
        return type(self)(self._limit, self._free_at.copy())

    def next_at(self, reserved: int) -> float:
        """Return when a call may be made that leaves ``reserved`` slots free."""
        return self._free_at[reserved]

    def take(self, asked_at: float, at: float) -> None:
        """Count a call that was asked for at ``asked_at`` and is made at ``at``."""
        # A bucket fills while a call waits; in a window a call counts from when it is made.
        since = max(self._free_at[-1], asked_at) if self._limit.is_bucket else at
        self._free_at.popleft()
        self._free_at.append(since + self._limit.window_s)

    def drain(self, until: float) -> None:
        """Leave a bucket with a single call after a pause: what asked for the pause wants no burst."""
        if self._limit.is_bucket:
            filled_at = (until + index * self._limit.window_s for index in range(self._limit.calls))
            self._free_at = deque(map(max, self._free_at, filled_at))

    def left(self, now: float) -> int:
        return sum(at <= now for at in self._free_at)


class RateLimiter:
    """Lets calls through as often as all of its ``limits`` allow; one that may not be made yet waits."""

    def __init__(self, clock: Clock, *limits: Limit) -> None:
        self._clock = SteadyClock(clock)
        self._slots = [_Slots(limit) for limit in limits]
        self._paused_until = 0.0
        self._turn = asyncio.Lock()  # it goes to those who wait in the order in which they asked
        self._waiting = 0

    async def take(self) -> None:
        """Wait until a call may be made, and count it."""
        asked_at = self._clock.now()
        self._waiting += 1
        try:
            async with self._turn:
                while (wait_s := self._next_at(self._slots) - self._clock.now()) > 0:
                    await self._clock.sleep(wait_s)
                self._count(asked_at)
        finally:
            self._waiting -= 1

    def try_take(self, *, reserved: int = 0) -> float:
        """Count a call if it may be made now; else return in how many seconds to ask again.

        ``reserved`` calls are left to more important ones, which don't reserve any.
        """
        wait_s = self.wait_s(reserved=reserved)
        if wait_s <= 0:
            self._count(self._clock.now())
        return wait_s

    def pause(self, seconds: float) -> None:
        """Let no call through for that long, as the other system asked; a longer pause stays as it is."""
        until = self._clock.now() + seconds
        self._paused_until = max(self._paused_until, until)
        for slots in self._slots:
            slots.drain(until)

    @property
    def paused_s(self) -> float:
        """How much longer the pause lasts, in seconds; 0 without one."""
        return max(0.0, self._paused_until - self._clock.now())

    @property
    def left(self) -> list[int]:
        """How many calls each limit allows right now; a pause in a window doesn't count here."""
        return [slots.left(self._clock.now()) for slots in self._slots]

    @property
    def is_idle(self) -> bool:
        """Whether nothing is waiting, and nothing that was counted still matters."""
        now = self._clock.now()
        return not (self._waiting or self.paused_s or any(slots.next_at(-1) > now for slots in self._slots))

    def wait_s(self, calls: int = 1, *, reserved: int = 0) -> float:
        """Return in how many seconds the last of ``calls`` more calls could be made, after all that wait."""
        now = at = self._clock.now()
        slots = [each.copy() for each in self._slots]
        for number in range(self._waiting + calls):
            at = max(now, self._next_at(slots, 0 if number < self._waiting else reserved))
            for each in slots:
                each.take(now, at)
        return at - now

    def _next_at(self, slots: list[_Slots], reserved: int = 0) -> float:
        return max(self._paused_until, *(each.next_at(reserved) for each in slots))

    def _count(self, asked_at: float) -> None:
        now = self._clock.now()
        for slots in self._slots:
            slots.take(asked_at, now)


class RateLimiters:
    """A rate limiter for each key, all with the same limits."""

    def __init__(self, clock: Clock, *limits: Limit) -> None:
        self._clock = SteadyClock(clock)
        self._limits = limits
        self._limiters: dict[str, RateLimiter] = {}

    def of(self, key: str) -> RateLimiter:
        """Return the limiter of a key, to be used at once: idle ones are forgotten."""
        self._limiters = {name: each for name, each in self._limiters.items() if not each.is_idle}
        return self._limiters.setdefault(key, RateLimiter(self._clock, *self._limits))
