"""The real clock, and waiting by any clock."""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from bot.core.ports import Clock

T = TypeVar("T")


class SystemClock:
    """Time as the machine tells it."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(max(0.0, seconds))


class SteadyClock:
    """Another clock, for what is measured rather than told: where that one is set back, this one goes on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.now()
        self._lost_s = 0.0

    def now(self) -> float:
        """Return seconds, never fewer than before."""
        now = self._clock.now()
        self._lost_s += max(0.0, self._last - now)
        self._last = now
        return now + self._lost_s

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await self._clock.sleep(seconds)


async def within(clock: Clock, seconds: float, wanted: Awaitable[T]) -> T:
    """Wait for something, but by ``clock`` not longer than that.

    Raises:
        TimeoutError: it took longer; ``wanted`` was cancelled.
    """
    task = asyncio.ensure_future(wanted)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        alarm.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)  # and nobody misses what it may have raised
