"""How often a scanner may be asked: so many calls in any minute, in the order in which they were wanted."""

import asyncio
from collections import deque
from typing import Final

from bot.scans.clock import SteadyClock
from bot.scans.ports import Clock

WINDOW_S: Final = 61.0
"""A minute, and what two calls may differ by on their way: the scanner counts them as they arrive."""


class Budget:
    """So many ``calls`` in any ``window_s`` seconds; whoever wants one more waits for it."""

    def __init__(self, clock: Clock, calls: int = 60, *, window_s: float = WINDOW_S) -> None:
        self._clock = SteadyClock(clock)
        self._taken: deque[float] = deque(maxlen=calls)
        self._calls = calls
        self._window_s = window_s
        self._paused_until = 0.0
        self._turn = asyncio.Lock()  # fair: it is given in the order in which it was asked for
        self._waiting = 0

    async def take(self) -> None:
        """Wait until one more call may be made, and count it."""
        self._waiting += 1
        try:
            async with self._turn:
                while (wait_s := self._next_at(self._taken) - self._clock.now()) > 0:
                    await self._clock.sleep(wait_s)
                self._taken.append(self._clock.now())
        finally:
            self._waiting -= 1

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long, as the scanner asked for that; a longer pause stays as it is."""
        self._paused_until = max(self._paused_until, self._clock.now() + seconds)

    @property
    def paused_s(self) -> float:
        """How much longer the pause is that the scanner asked for, in seconds; 0 without one."""
        return max(0.0, self._paused_until - self._clock.now())

    @property
    def left(self) -> int:
        """How many calls may be made right now; a pause counts for nothing here."""
        since = self._clock.now() - self._window_s
        return self._calls - sum(at > since for at in self._taken)

    def wait_s(self, calls: int) -> float:
        """Tell how many seconds from now the last of ``calls`` calls could be made, after all who wait."""
        now = self._clock.now()
        taken, last = self._taken.copy(), now
        for _ in range(self._waiting + calls):
            last = max(now, self._next_at(taken))
            taken.append(last)
        return last - now

    def _next_at(self, taken: deque[float]) -> float:
        free_at = taken[0] + self._window_s if len(taken) == self._calls else 0.0
        return max(free_at, self._paused_until)
