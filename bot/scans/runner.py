"""Takes what is due: scans, arrivals, waiting rescans that lapse. One loop, and the rows say what."""

import asyncio
import logging
from functools import partial

from bot.scans.intake import Intake
from bot.scans.memory import Store
from bot.scans.models import Source
from bot.scans.pipeline import Pipeline
from bot.scans.ports import Announcer, Clock

logger = logging.getLogger(__name__)

LONGEST_NAP_S = 30.0
"""The loop looks at the rows at least this often, whatever it believes to be due."""
STOP_S = 20.0
"""How long work whose last bytes are on their way may still take at a stop."""


class Runner:
    """Works on due scans, a bounded number at once, fairly between channels."""

    def __init__(
        self,
        *,
        store: Store,
        pipeline: Pipeline,
        intake: Intake,
        announcer: Announcer,
        clock: Clock,
        concurrency: int,
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._intake = intake
        self._announcer = announcer
        self._clock = clock
        self._concurrency = concurrency
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the loop is running."""
        return self._loop is not None and not self._loop.done()

    async def start(self) -> None:
        """Take up what the last process left, and begin."""
        recovered = await self._store.queue.recover(source=Source.SLACK)
        if recovered:
            logger.info("took up %d scans that were under way when the bot last ended", len(recovered))
        for number in await self._store.queue.stale():
            self._announcer.changed(number)
        self._loop = asyncio.create_task(self._run(), name="runner")

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._woken.set()

    def drop(self, number: int) -> None:
        """Stop working on a scan, whose row says already that it is cancelled."""
        if (task := self._tasks.get(number)) is not None:
            task.cancel()

    async def stop(self) -> None:
        """Take nothing more; finish what is nearly done, hand back the rest."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        for number, task in self._tasks.items():
            if not await self._nearly_done(number):
                task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _nearly_done(self, number: int) -> bool:
        return (await self._store.scans.scan(number)).submission.state.value == "committed"

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                nap_s = await self._turn()
            except Exception:  # the database may be locked or its disk full: say so and look again
                logger.exception("the queue could not be read; looking again in %d s", LONGEST_NAP_S)
                nap_s = LONGEST_NAP_S
            try:
                async with asyncio.timeout(nap_s):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _turn(self) -> float:
        """Do what is due and return how long nothing else will be, in seconds."""
        await self._intake.find_messages()
        await self._intake.lapse()
        stale = await self._store.queue.recover(source=Source.SHELL, before=self._clock.now())
        for number in [*stale, *await self._store.queue.wake_waiting()]:
            self._announcer.changed(number)
        free = self._concurrency - len(self._tasks)
        due = await self._store.queue.due(free, busy=self._tasks) if free > 0 else []
        for number in due:
            task = asyncio.create_task(self._pipeline.run(number), name=f"scan-{number}")
            self._tasks[number] = task
            task.add_done_callback(partial(self._done, number))
        times = [
            await self._store.queue.next_due_at(),
            await self._store.requests.next_lapse_at(),
            await self._intake.next_look_at(),
        ]
        next_at = min((at for at in times if at is not None), default=float("inf"))
        return max(0.01, min(LONGEST_NAP_S, next_at - self._clock.now()))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("scan #%d could not be worked on", number, exc_info=error)
        self.wake()
