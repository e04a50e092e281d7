"""Waiting for something to become true in a stand-in, without asking again and again."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_AGAIN_S = 0.25
"""Conditions may also be about things outside the stand-in, which tell nobody of their changes."""


class Changes:
    """Counts the changes of a stand-in and wakes those who wait for one."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Say that something has changed."""
        self.count += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def until(self, predicate: Callable[[], T], timeout_s: float, what: Callable[[], str]) -> T:
        """Wait until ``predicate`` gives something true, and return that.

        Raises:
            TimeoutError: it did not in time; says what ``what`` gives then.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            found = predicate()
            if found:
                return found
            left = deadline - loop.time()
            if left <= 0:
                raise TimeoutError(f"still not so after {timeout_s:g} s. {what()}")
            change: asyncio.Future[None] = loop.create_future()
            self._waiting.add(change)
            await asyncio.wait({change}, timeout=min(left, LOOK_AGAIN_S))
            self._waiting.discard(change)
