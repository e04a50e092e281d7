"""Answers of Slack's that are kept for a while, so that it is asked less than it allows."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from bot.core.clock import cancel_all
from bot.core.ports import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class CoalescingCache(Generic[K, V]):
    """Asks once for all who want to know the same at the same time, and keeps the answer ``keep_s`` seconds.

    Whoever waits may give up; the asking goes on, so that the next one to want it finds it. Of more than
    ``most`` answers the oldest go. An error is told to all who wait, and kept by nobody.
    """

    def __init__(
        self, ask: Callable[[K], Awaitable[V]], clock: Clock, *, keep_s: float, most: int = 5_000
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._keep_s = keep_s
        self._most = most
        self._answers: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    @property
    def asking(self) -> int:
        """About how many things Slack is being asked now."""
        return len(self._asking)

    def peek(self, key: K) -> V | None:
        """Return the answer that is kept; ``None`` where there is none."""
        kept = self._answers.get(key)
        return kept[1] if kept is not None and kept[0] > self._clock.now() else None

    async def get(self, key: K) -> V:
        """Return the answer, asked for where none is kept; raises what asking raises."""
        kept = self.peek(key)
        if kept is not None:
            return kept
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._fresh(key))
            asking.add_done_callback(lambda done: self._asked(key, done))
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Give up what is being asked."""
        await cancel_all(*self._asking.values())

    async def _fresh(self, key: K) -> V:
        return await self._ask(key)

    def _asked(self, key: K, done: asyncio.Task[V]) -> None:
        del self._asking[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._answers[key] = (self._clock.now() + self._keep_s, done.result())
        self._answers.move_to_end(key)
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
