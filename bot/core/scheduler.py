"""Periodic background jobs, each in a task of its own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from bot.core.backoff import Backoff
from bot.core.clock import cancel_all, first_of
from bot.core.ports import Clock
from bot.errors import AppscanError

T = TypeVar("T")
logger = logging.getLogger(__name__)

MINIMUM_S: Final = 0.01
"""The shortest wait between two runs of a job, even if the next is overdue."""
RETRY_S: Final = 60.0
"""The wait after a failed run of a job without an interval."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A periodic job."""

    name: str
    """Unique; used in the log."""
    run: Callable[[], Awaitable[float | None]]
    """Runs once and returns when the next run is due, in seconds since the epoch; ``None`` if not known."""
    interval_s: float | None
    """The longest wait between two runs; ``None``: only ``run``'s result or ``wake`` starts the next one."""
    backoff: Backoff | None = None
    """After failed runs; ``None``: ``interval_s``."""
    starts_at_once: bool = True
    """Else the first run is after ``interval_s``."""
    woken_by: Collection[str] = ()
    """Reasons for which ``wake`` runs it, besides its name."""


@dataclass(frozen=True, kw_only=True)
class Due(Generic[T]):
    """What is due in a queue, read at once with when the next is."""

    now: list[T]
    next_at: float | None


class Wake(Protocol):
    """Runs the jobs that a change concerns."""

    def __call__(self, *reasons: str) -> None:
        """Run the queues' jobs with one of these names or reasons now; without any, all of them."""


class Scheduler:
    """Runs jobs from ``start`` to ``stop``; a failed run is logged and retried."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._woken: dict[str, asyncio.Event] = {}
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def alive(self) -> bool:
        """Whether there are jobs and all are running."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks.values())

    def start(self, *jobs: Job) -> None:
        """Start jobs; returns at once."""
        for job in jobs:
            if job.name in self._tasks:
                raise ValueError(f"there are two jobs called {job.name}")
            self._jobs[job.name] = job
            woken = self._woken[job.name] = asyncio.Event()
            self._tasks[job.name] = asyncio.create_task(self._repeat(job, woken), name=job.name)

    def wake(self, *reasons: str) -> None:
        """Run the jobs with these names or reasons now, or again as soon as their current run has ended."""
        for name, job in self._jobs.items():
            if not {name, *job.woken_by}.isdisjoint(reasons):
                self._woken[name].set()

    async def stop(self, *names: str) -> None:
        """Cancel these jobs, or all, and wait until they have ended."""
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
            except Exception as error:  # any error may be temporary
                failures += 1
                wait_s = job.backoff.delay_s(failures) if job.backoff else job.interval_s or RETRY_S
                if isinstance(error, AppscanError):
                    logger.warning("%s failed; retrying in %d s: %s", job.name, wait_s, error)
                else:
                    logger.exception("%s failed; retrying in %d s", job.name, wait_s)
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
