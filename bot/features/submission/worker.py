"""Takes what is due, as the rows say: scans, messages of files and rescans, each in a job."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bot.core.circuit_breaker import AWAY, CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.log_context import working_on
from bot.core.ports import Announcer, Clock
from bot.core.scan import Source, SubmissionState
from bot.core.scheduler import Job, Scheduler
from bot.core.tasks import first_of
from bot.errors import StoreUnavailable
from bot.features.submission.intake import Intake
from bot.features.submission.pipeline import STOPPED, Pipeline
from bot.features.submission.ports import SubmissionStore

logger = logging.getLogger(__name__)

LONGEST_NAP_S = 30.0
"""Queues look at the rows at least this often, whatever they believe to be due."""
REFRESH_S = 60.0
"""How often replies that do not show their rows are taken up again, those of the last process first."""
STOP_S = 12.0
"""How long work whose last bytes are on their way may still take at a stop."""


def queue_job(name: str, turn: Callable[[], Awaitable[float | None]]) -> Job:
    """Return a job that does what is due by the rows; ``turn`` returns when more is, as far as it knows."""
    return Job(name=name, run=turn, interval_s=LONGEST_NAP_S)


class Worker:
    """Works on due scans, a bounded number at once, fairly between channels."""

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
            queue_job("queue of scans", self._take_scans),
            queue_job("search for messages of files", self._find_messages),
            queue_job("closing of rescan requests", self._close_requests),
        )
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._refresh_at = 0.0
        self._probe: int | None = None
        self._hasten = False
        breaker.watch(self._breaker_changed)

    async def start(self, *also: Job) -> None:
        """Take up what the last process left, and begin; what can't be written is tried again.

        ``also`` are other jobs that are woken and stopped with these.
        """
        self._jobs += also
        try:
            if recovered := await self._store.queue.recover(source=Source.SLACK):
                logger.info("took up %d scans that were under way when the bot last ended", len(recovered))
        except StoreUnavailable as error:
            logger.warning("what the last process left can't be taken up yet: %s", error)
        self._scheduler.start(*self._jobs)

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._scheduler.wake(*(job.name for job in self._jobs))

    def drop(self, number: int) -> None:
        """Stop working on a scan, whose row says already that it is cancelled."""
        if (task := self._tasks.get(number)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """Take nothing more; finish what is nearly done, hand back the rest."""
        await self._scheduler.stop(*(job.name for job in self._jobs))
        working = dict(self._tasks)
        for number, task in working.items():
            if not await self._nearly_done(number):
                task.cancel()
        all_done = asyncio.gather(*working.values(), return_exceptions=True)
        await first_of(asyncio.shield(all_done), self._clock.sleep(STOP_S))
        for task in working.values():
            task.cancel()
        await all_done

    async def _nearly_done(self, number: int) -> bool:
        """Tell whether a scan's last bytes may be going; one whose last bytes are not is handed back.

        That is one transaction: what is handed back can't be committed between this look and its cancelling.
        """
        try:
            if await self._store.scans.requeue(number, why=STOPPED, unless_committed=True) is not None:
                return False
            scan = await self._store.scans.scan(number)
        except StoreUnavailable:
            return False  # the next start finds what its row says
        return scan.submission.state is SubmissionState.COMMITTED

    async def _close_requests(self) -> float | None:
        """Close waiting rescans; showing that may wait long for its turn."""
        await self._intake.close_requests()
        return await self._store.requests.next_lapse_at()

    async def _find_messages(self) -> float | None:
        """Look for messages of files, and for replies that do not show their rows."""
        await self._intake.find_messages()
        if (now := self._steady.now()) >= self._refresh_at:
            self._refresh_at = now + REFRESH_S
            for number in await self._store.queue.stale():
                self._announcer.changed(number)
        return await self._intake.next_look_at()

    async def _take_scans(self) -> float | None:
        """Begin as many of the due scans as there is room for."""
        left = await self._store.queue.recover(source=Source.SHELL, before=self._clock.now())
        # What a run could not even record (a locked database, a full disk) is under way with nobody at work.
        left += await self._store.queue.recover(source=Source.SLACK, busy=tuple(self._tasks))
        for number in [*left, *await self._store.queue.wake_waiting()]:
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
        due = await self._store.queue.due(free, busy=self._tasks) if free > 0 else []
        for number in due:
            self._begin(number)
        return next_at

    async def _wait_for_scanner(self) -> float | None:
        """Begin one scan as a probe when it is time for that, and none else; what falls due waits."""
        if self._probe in self._tasks:
            return None  # its end wakes this job
        probe_at = self._breaker.probe_at
        next_at = await self._store.queue.next_due_at()
        if probe_at <= self._clock.now():
            self._probe = await self._store.queue.probe(busy=self._tasks)
            if self._probe is not None:
                self._begin(self._probe)
            return next_at
        for number in await self._store.queue.park(AWAY, busy=self._tasks):
            self._announcer.changed(number)
        return probe_at if next_at is None else min(probe_at, next_at)

    def _breaker_changed(self, is_open: bool) -> None:  # noqa: FBT001 - a watcher's only argument
        self._hasten = not is_open
        self.wake()

    def _begin(self, number: int) -> None:
        task = asyncio.create_task(self._pipeline.run(number), name=f"scan-{number}")
        self._tasks[number] = task
        task.add_done_callback(partial(self._done, number))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled() or (error := task.exception()) is None:
            self.wake()
        elif isinstance(error, StoreUnavailable):
            logger.warning("scan #%d could not be worked on: %s", number, error)
        else:  # it is due still: what went wrong gets a while to pass
            with working_on(number):
                logger.error("scan #%d could not be worked on", number, exc_info=error)
