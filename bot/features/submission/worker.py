"""The jobs that process what is due: scans, files without a message, and rescan requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bot.core.circuit_breaker import AWAY, CircuitBreaker
from bot.core.clock import SteadyClock, first_of
from bot.core.log_context import working_on
from bot.core.ports import Announcer, Clock
from bot.core.scan import Source, SubmissionState
from bot.core.scheduler import Job, Scheduler
from bot.errors import StoreUnavailable
from bot.features.submission.intake import Intake
from bot.features.submission.pipeline import STOPPED, Pipeline
from bot.features.submission.ports import SubmissionStore

logger = logging.getLogger(__name__)

MAXIMUM_POLL_INTERVAL_S = 30.0
"""The longest wait between two polls of a queue."""
REFRESH_INTERVAL_S = 60.0
"""Between two searches for replies that are out of date, such as those of the last process."""
STOP_TIMEOUT_S = 12.0
"""For scans whose last bytes are being sent when the bot stops."""


def queue_job(name: str, run: Callable[[], Awaitable[float | None]]) -> Job:
    """Return a job that polls a queue of rows; ``run`` returns when the next one is due."""
    return Job(name=name, run=run, interval_s=MAXIMUM_POLL_INTERVAL_S)


class Worker:
    """Processes due scans: ``concurrency`` at once, fairly between channels."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        pipeline: Pipeline,
        intake: Intake,
        announcer: Announcer,
        clock: Clock,
        breaker: CircuitBreaker,
        concurrency: int,
        scheduler: Scheduler,
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._intake = intake
        self._announcer = announcer
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._breaker = breaker
        self._concurrency = concurrency
        self._scheduler = scheduler
        self._jobs: tuple[Job, ...] = (
            queue_job("queue of scans", self._process_scans),
            queue_job("search for messages of files", self._find_messages),
            queue_job("closing of rescan requests", self._close_requests),
        )
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._refresh_at = 0.0
        self._probe: int | None = None
        self._hasten = False
        breaker.watch(self._breaker_changed)

    async def start(self, *also: Job) -> None:
        """Recover the last process's scans and start; if the database can't be written to, do so later.

        ``also`` are other jobs that are woken and stopped with these.
        """
        self._jobs += also
        try:
            if recovered := await self._store.queue.recover(source=Source.SLACK):
                logger.info(
                    "recovered %d scans that were in progress when the bot last ended", len(recovered)
                )
        except StoreUnavailable as error:
            logger.warning("can't recover the last process's scans yet: %s", error)
        self._scheduler.start(*self._jobs)

    def wake(self) -> None:
        """Poll the queues now."""
        self._scheduler.wake(*(job.name for job in self._jobs))

    def drop(self, number: int) -> None:
        """Stop processing a scan whose row is already cancelled."""
        if (task := self._tasks.get(number)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """Stop: finish scans that are committed, requeue the others."""
        await self._scheduler.stop(*(job.name for job in self._jobs))
        working = dict(self._tasks)
        for number, task in working.items():
            if not await self._is_committed(number):
                task.cancel()
        all_done = asyncio.gather(*working.values(), return_exceptions=True)
        await first_of(asyncio.shield(all_done), self._clock.sleep(STOP_TIMEOUT_S))
        for task in working.values():
            task.cancel()
        await all_done

    async def _is_committed(self, number: int) -> bool:
        """Requeue a scan unless its last bytes may have been sent; tell whether they may.

        In one transaction, so that it can't be committed between the check and cancelling its task.
        """
        try:
            if await self._store.scans.requeue(number, why=STOPPED, unless_committed=True) is not None:
                return False
            scan = await self._store.scans.scan(number)
        except StoreUnavailable:
            return False  # the next process recovers it
        return scan.submission.state is SubmissionState.COMMITTED

    async def _close_requests(self) -> float | None:
        """Close rescan requests; a job of its own, as updating their messages may be rate-limited."""
        await self._intake.close_requests()
        return await self._store.requests.next_lapse_at()

    async def _find_messages(self) -> float | None:
        """Search for the messages of files, and for replies that are out of date."""
        await self._intake.find_messages()
        if (now := self._steady.now()) >= self._refresh_at:
            self._refresh_at = now + REFRESH_INTERVAL_S
            for number in await self._store.queue.stale():
                self._announcer.changed(number)
        return await self._intake.next_search_at()

    async def _process_scans(self) -> float | None:
        """Start due scans, up to ``concurrency``."""
        recovered = await self._store.queue.recover(source=Source.SHELL, before=self._clock.now())
        # A run that could not record its outcome (locked database, full disk) left its scan in progress.
        recovered += await self._store.queue.recover(source=Source.SLACK, busy=tuple(self._tasks))
        for number in [*recovered, *await self._store.queue.wake_waiting()]:
            self._announcer.changed(number)
        if self._breaker.is_open:
            return await self._wait_for_scanner()
        hasten, self._hasten = self._hasten, False
        try:
            await self._store.queue.release(hasten=hasten)
        except StoreUnavailable:
            self._hasten |= hasten
            raise
        next_at = await self._store.queue.next_due_at()
        free = self._concurrency - len(self._tasks)
        due = await self._store.queue.due(free, busy=tuple(self._tasks)) if free > 0 else []
        for number in due:
            self._start(number)
        return next_at

    async def _wait_for_scanner(self) -> float | None:
        """Start one scan as a probe when it is due; park the others."""
        if self._probe in self._tasks:
            return None  # its end wakes this job
        probe_at = self._breaker.probe_at
        next_at = await self._store.queue.next_due_at()
        if probe_at <= self._clock.now():
            self._probe = await self._store.queue.probe(busy=tuple(self._tasks))
            if self._probe is not None:
                self._start(self._probe)
            return next_at
        for number in await self._store.queue.park(AWAY, busy=tuple(self._tasks)):
            self._announcer.changed(number)
        return probe_at if next_at is None else min(probe_at, next_at)

    def _breaker_changed(self, is_open: bool) -> None:  # noqa: FBT001 - a watcher's only argument
        self._hasten = not is_open
        self.wake()

    def _start(self, number: int) -> None:
        task = asyncio.create_task(self._pipeline.run(number), name=f"scan-{number}")
        self._tasks[number] = task
        task.add_done_callback(partial(self._done, number))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled() or (error := task.exception()) is None:
            self.wake()
        elif isinstance(error, StoreUnavailable):
            logger.warning("could not process scan #%d: %s", number, error)
        else:  # still due: retried at the next poll, as the error may be temporary
            with working_on(number):
                logger.error("could not process scan #%d", number, exc_info=error)
