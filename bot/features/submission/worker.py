"""The jobs that process what is due: scans, files without a message, and rescan requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from bot.core.circuit_breaker import AWAY, CircuitBreaker
from bot.core.clock import first_of
from bot.core.log_context import working_on
from bot.core.ports import Announcer, Clock
from bot.core.scan import Source, SubmissionState
from bot.core.scheduler import Job, Scheduler
from bot.errors import StoreUnavailable
from bot.features.submission.intake import Intake
from bot.features.submission.pipeline import STOPPED, Pipeline
from bot.features.submission.ports import FILES, REQUESTS, SCAN_LEFT, SCANS, SubmissionStore
from bot.features.submission.queue_repository import QueuePoll

logger = logging.getLogger(__name__)

MAXIMUM_POLL_INTERVAL_S = 30.0
"""The longest wait between two polls of a queue."""
STOP_TIMEOUT_S = 12.0
"""For scans whose last bytes are being sent when the bot stops."""


def queue_job(name: str, run: Callable[[], Awaitable[float | None]], *woken_by: str) -> Job:
    """Return a job that polls a queue of rows; ``run`` returns when the next one is due."""
    return Job(name=name, run=run, interval_s=MAXIMUM_POLL_INTERVAL_S, woken_by=woken_by)


@dataclass(kw_only=True, eq=False, repr=False)
class Worker:
    """Processes due scans: ``concurrency`` at once, fairly between channels."""

    store: SubmissionStore
    pipeline: Pipeline
    intake: Intake
    announcer: Announcer
    clock: Clock
    breaker: CircuitBreaker
    concurrency: int
    scheduler: Scheduler

    def __post_init__(self) -> None:
        """Make the jobs, and watch the breaker."""
        self._jobs: tuple[Job, ...] = (
            queue_job(SCANS, self._process_scans),
            queue_job(FILES, self.intake.find_messages),
            queue_job(REQUESTS, self.intake.close_requests, SCAN_LEFT),  # apart, as Slack may limit it
        )
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._probe: int | None = None
        self._hasten = False
        self.breaker.watch(self._breaker_changed)

    async def start(self, *also: Job) -> None:
        """Recover the last process's scans and start; if the database can't be written to, do so later.

        ``also`` are other jobs that are woken and stopped with these.
        """
        self._jobs += also
        try:
            for number in await self.store.queue.recover(source=Source.SLACK):
                logger.info("recovered scan #%d, which was in progress when the bot last ended", number)
                self.announcer.changed(number)
        except StoreUnavailable as error:
            logger.warning("can't recover the last process's scans yet: %s", error)
        self.scheduler.start(*self._jobs)

    def wake(self, *reasons: str) -> None:
        """Poll the queues that these reasons concern now, or all of them."""
        self.scheduler.wake(*(reasons or (job.name for job in self._jobs)))

    def drop(self, number: int) -> None:
        """Stop processing a scan whose row is already cancelled."""
        if (task := self._tasks.get(number)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """Stop: finish scans that are committed, requeue the others."""
        await self.scheduler.stop(*(job.name for job in self._jobs))
        working = dict(self._tasks)
        for number, task in working.items():
            if not await self._is_committed(number):
                task.cancel()
        all_done = asyncio.gather(*working.values(), return_exceptions=True)
        await first_of(asyncio.shield(all_done), self.clock.sleep(STOP_TIMEOUT_S))
        for task in working.values():
            task.cancel()
        await all_done

    async def _is_committed(self, number: int) -> bool:
        """Requeue a scan unless its last bytes may have been sent; tell whether they may.

        In one transaction, so that it can't be committed between the check and cancelling its task.
        """
        try:
            if await self.store.scans.requeue(number, why=STOPPED, unless_committed=True) is not None:
                return False
            scan = await self.store.scans.scan(number)
        except StoreUnavailable:
            return False  # the next process recovers it
        return scan.submission.state is SubmissionState.COMMITTED

    async def _process_scans(self) -> float | None:
        """Start due scans, up to ``concurrency``."""
        queue, poll = self.store.queue, await self._poll()
        if poll.has_abandoned or poll.has_waiting:
            changed = await queue.recover(source=Source.SHELL)
            # A run that could not record its outcome (locked database, full disk) left its scan in progress.
            changed += await queue.recover(source=Source.SLACK, busy=tuple(self._tasks))
            for number in [*changed, *await queue.wake_waiting()]:
                self.announcer.changed(number)
            poll = await self._poll()
        if self.breaker.is_open:
            return await self._wait_for_scanner(poll.next_at)
        if poll.has_parked or self._hasten:
            hasten, self._hasten = self._hasten, False
            try:
                await queue.release(hasten=hasten)
            except StoreUnavailable:
                self._hasten |= hasten
                raise
            poll = await self._poll()
        for number in poll.due:
            self._start(number)
        return poll.next_at

    async def _poll(self) -> QueuePoll:
        free = max(0, self.concurrency - len(self._tasks))
        return await self.store.queue.poll(free, busy=tuple(self._tasks))

    async def _wait_for_scanner(self, next_at: float | None) -> float | None:
        """Start one scan as a probe when it is due; park the others."""
        if self._probe in self._tasks:
            return None  # its end wakes this job
        probe_at = self.breaker.probe_at
        if probe_at <= self.clock.now():
            self._probe = await self.store.queue.probe(busy=tuple(self._tasks))
            if self._probe is not None:
                self._start(self._probe)
            return next_at
        for number in await self.store.queue.park(AWAY, busy=tuple(self._tasks)):
            self.announcer.changed(number)
        return probe_at if next_at is None else min(probe_at, next_at)

    def _breaker_changed(self, is_open: bool) -> None:  # noqa: FBT001 - a watcher's only argument
        self._hasten = not is_open
        self.wake(SCANS)

    def _start(self, number: int) -> None:
        task = asyncio.create_task(self.pipeline.run(number), name=f"scan-{number}")
        self._tasks[number] = task
        task.add_done_callback(partial(self._done, number))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled() or (error := task.exception()) is None:
            self.wake(SCANS, SCAN_LEFT)
        elif isinstance(error, StoreUnavailable):
            logger.warning("could not process scan #%d: %s", number, error)
        else:  # still due: retried at the next poll, as the error may be temporary
            with working_on(number):
                logger.error("could not process scan #%d", number, exc_info=error)
