"""A cache of Slack's answers, which also merges concurrent requests for the same one."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar

from bot.core.clock import cancel_all
from bot.core.ports import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(eq=False, repr=False)
class CoalescingCache(Generic[K, V]):
    """Fetches each value once for all concurrent callers, and keeps it for ``keep_s`` seconds.

    If a caller gives up, the fetch continues, so that the next caller finds its result. Above ``max_kept``
    values the oldest are dropped. An error is raised to all callers that wait for it, and not kept.
    """

    fetch: Callable[[K], Coroutine[Any, Any, V]]
    clock: Clock
    _: KW_ONLY
    keep_s: float
    max_kept: int = 5_000
    _kept: OrderedDict[K, tuple[float, V]] = field(init=False, default_factory=OrderedDict)
    _fetching: dict[K, asyncio.Task[V]] = field(init=False, default_factory=dict)

    @property
    def fetching(self) -> int:
        """The number of values being fetched."""
        return len(self._fetching)

    def peek(self, key: K) -> V | None:
        """Return the value if it is kept, else ``None``."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] > self.clock.now() else None

    async def get(self, key: K) -> V:
        """Return the value, fetched unless it is kept; raises what the fetch raises."""
        kept = self.peek(key)
        if kept is not None:
            return kept
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self.fetch(key))
            task.add_done_callback(lambda done: self._fetched(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel all fetches."""
        await cancel_all(*self._fetching.values())

    def _fetched(self, key: K, done: asyncio.Task[V]) -> None:
        del self._fetching[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = (self.clock.now() + self.keep_s, done.result())
        self._kept.move_to_end(key)
        while len(self._kept) > self.max_kept:
            self._kept.popitem(last=False)
