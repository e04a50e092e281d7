"""What runs again and again beside all else: each job in a task of its own, all by one clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.core.backoff import Backoff
from bot.core.clock import cancel_all, first_of
from bot.core.ports import Clock
from bot.errors import AppscanError

logger = logging.getLogger(__name__)

MINIMUM_S: Final = 0.01
"""Between two rounds of a job, however long its next one has been due."""
RETRY_S: Final = 60.0
"""After a failed round of a job that has no interval."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work that is done in rounds."""

    name: str
    """Unique; also in the log."""
    run: Callable[[], Awaitable[float | None]]
    """Does one round; returns when the next one is due, in seconds since the epoch, if that is known."""
    interval_s: float | None
    """The longest time between two rounds; ``None`` where only ``run`` or ``wake`` brings the next one."""
    backoff: Backoff | None = None
    """After failed rounds; without it, ``interval_s``."""
    starts_at_once: bool = True
    """Or after ``interval_s``."""


class Scheduler:
    """Runs jobs from ``start`` to ``stop``; a round that fails is logged and tried again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._woken: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def alive(self) -> bool:
        """Whether there are jobs, and all of them go on."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks.values())

    def start(self, *jobs: Job) -> None:
        """Begin with these jobs; returns at once."""
        for job in jobs:
            if job.name in self._tasks:
                raise ValueError(f"there are two jobs called {job.name}")
            woken = self._woken[job.name] = asyncio.Event()
            self._tasks[job.name] = asyncio.create_task(self._repeat(job, woken), name=job.name)

    def wake(self, *names: str) -> None:
        """Begin the next round of these jobs now, or as soon as the present one is over."""
        for name in names:
            if name in self._woken:
                self._woken[name].set()

    async def stop(self, *names: str) -> None:
        """Cancel these jobs, or all, and wait until they are over."""
        ending = [self._tasks.pop(name) for name in names or tuple(self._tasks) if name in self._tasks]
        await cancel_all(*ending)

    async def _repeat(self, job: Job, woken: asyncio.Event) -> None:
        failures = 0
        if not job.starts_at_once:
            await self._wait(woken, job.interval_s)
        while True:
            woken.clear()
            wait_s = job.interval_s
            try:
                next_at = await job.run()
            except Exception as error:  # whatever it was, it may pass
                failures += 1
                wait_s = job.backoff.delay_s(failures) if job.backoff else job.interval_s or RETRY_S
                if isinstance(error, AppscanError):
                    logger.warning("%s failed; trying again in %d s: %s", job.name, wait_s, error)
                else:
                    logger.exception("%s failed; trying again in %d s", job.name, wait_s)
            else:
                failures = 0
                if next_at is not None:
                    due_s = max(MINIMUM_S, next_at - self._clock.now())
                    wait_s = due_s if wait_s is None else min(wait_s, due_s)
            await self._wait(woken, wait_s)

    async def _wait(self, woken: asyncio.Event, wait_s: float | None) -> None:
        if wait_s is None:
            await woken.wait()
        else:
            await first_of(woken.wait(), self._clock.sleep(wait_s))
