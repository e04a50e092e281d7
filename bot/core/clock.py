"""The real clock, waiting by any clock, and ending tasks."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, TypeVar

from bot.core.ports import Clock

T = TypeVar("T")


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Sleep; a negative time counts as 0."""
        await asyncio.sleep(max(0.0, seconds))


class SteadyClock:
    """A clock for measuring durations: it keeps running when the clock it reads is set back."""

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
        """Sleep by the clock that it reads."""
        await self._clock.sleep(seconds)


async def within(clock: Clock, seconds: float, wanted: Awaitable[T]) -> T:
    """Return the result of ``wanted``, with a timeout measured by ``clock``.

    Raises:
        TimeoutError: it took longer; ``wanted`` was cancelled.
    """
    task, timeout = asyncio.ensure_future(wanted), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timeout}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        timeout.cancel()  # not awaited: that would delay the caller
        await cancel_all(task)


async def cancel_all(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they have ended; their exceptions are dropped."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def first_of(*awaitables: Awaitable[object]) -> None:
    """Wait until one of them is done, then cancel the others."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all(*tasks)
