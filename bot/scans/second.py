"""The second scanner's part of a scan: pulls the build again, has its hosts read, sends it to the Sandbox.

It runs beside the pipeline and never in its way: a build is taken up only when its own step to OneTrust is
over, or waits. Whatever stops it leaves a row that says how it goes on; nothing is kept but the rows.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from bot.core.backoff import Backoff
from bot.errors import (
    BuildRejected,
    FileUnavailable,
    NoRoom,
    NotFound,
    PullFailed,
    Refused,
    StoreUnavailable,
    TooLarge,
    TryLater,
)
from bot.scans.breaker import PROBE_BACKOFF
from bot.scans.clock import SteadyClock
from bot.scans.current import concerning, working_on
from bot.scans.hosts import HostReader
from bot.scans.memory import Store
from bot.scans.models import FileType, Scan
from bot.scans.opinion_outcomes import OpinionOutcomes
from bot.scans.ports import Clock, Files
from bot.scans.sending import GAVE_UP, HEARD_S, Sending
from bot.scans.tasks import end
from bot.scans.verdicts import Opinion, OpinionState
from bot.scans.workroom import ROOM_BACKOFF, Workroom

logger = logging.getLogger(__name__)

PULL_BACKOFF: Final = Backoff(first_s=5.0, factor=1.5, maximum_s=900.0)
AT_ONCE: Final = 2
"""Builds that are worked on at the same time, so that one that goes slowly doesn't keep all others."""
HOSTS_S: Final = 300.0
"""For how long the hosts of one build may be read."""
ANSWER_S: Final = 20.0
"""How long Zscaler may take to say anything, before a build is pulled for it."""

ONLY_APKS: Final = "Only `.apk` files are sent to the Sandbox."
TOO_LARGE: Final = "This build is larger than 400 MB, which is the most that the Sandbox takes."
GONE: Final = (
    "The file that was scanned can't be had from Slack any more, so it was not sent to the Sandbox. "
    "Share it again to have it judged."
)
HOSTS_GONE: Final = "The file can't be had from Slack any more, so its hosts could not be read."
HOSTS_SLOW: Final = "Reading the hosts in this build took too long."
LOOKUP_AWAY: Final = (
    "Zscaler does not answer right now. Where this build talks to is looked up by itself later."
)
INSIDE: Final = "Something went wrong inside the bot. Its log says more, under this scan's number."


class SecondOpinion:
    """Takes up what Zscaler is to be asked about; ``turn`` is one of the runner's jobs.

    ``hosts`` is ``None`` where no hosts are looked up. ``ask`` asks what looks them up something harmless,
    and raises as that does; without it they are read whether it answers or not.
    """

    def __init__(
        self,
        *,
        store: Store,
        files: Files,
        workroom: Workroom,
        outcomes: OpinionOutcomes,
        clock: Clock,
        wake: Callable[[], None],
        sending: Sending,
        hosts: HostReader | None,
        ask: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._store = store
        self._files = files
        self._workroom = workroom
        self._outcomes = outcomes
        self._clock = clock
        self._wake = wake
        self._sending = sending
        self._hosts = hosts
        self._ask = ask
        self._steady = SteadyClock(clock)
        self._answers = True
        self._ask_again_at = 0.0
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def busy(self) -> frozenset[int]:
        """The scans whose builds are being worked on."""
        return frozenset(self._tasks)

    async def turn(self) -> float | None:
        """Begin as many of the due builds as there is room for; return when more are due."""
        if (closed_until := self._workroom.closed_until) is not None:
            await self.stop()  # the room that they take is for builds on their way to OneTrust
            return closed_until
        while len(self._tasks) < AT_ONCE and (due := await self._store.opinions.due(1, busy=self._tasks)):
            (number,) = due  # one by one, as the very same file is not worked on twice at a time
            task = asyncio.create_task(self._run(number), name=f"second opinion on scan {number}")
            self._tasks[number] = task
            task.add_done_callback(partial(self._done, number))
        return await self._store.opinions.next_due_at()

    async def stop(self) -> None:
        """End the work; what was under way is taken up again by the next start."""
        await end(*self._tasks.values())

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        if task.cancelled() or (error := task.exception()) is None:
            self._wake()
        elif isinstance(error, StoreUnavailable):
            logger.warning("scan #%d could not be shown to Zscaler: %s", number, error)
        else:  # it is due still: what went wrong gets a while to pass
            with working_on(number):
                logger.error("scan #%d could not be shown to Zscaler", number, exc_info=error)

    @concerning
    async def _run(self, number: int) -> None:
        try:
            scan, opinion = await self._store.scans.scan(number), await self._store.opinions.of(number)
            if opinion is None or opinion.state is not OpinionState.WAITING:
                return
            if not self._sending.is_over(opinion, 0.0):
                await self._work(scan, opinion)
            elif await self._sending.wants(scan):  # after days without Zscaler it would surprise
                await self._outcomes.ended(number, OpinionState.FAILED, GAVE_UP)
            else:
                await self._settle(scan)
        except NotFound:
            return  # dropped or purged meanwhile
        except StoreUnavailable:
            raise
        except Exception:
            logger.exception("scan #%d met an error that nobody foresaw, on its way to Zscaler", number)
            await self._outcomes.ended(number, OpinionState.FAILED, INSIDE)

    async def _work(self, scan: Scan, opinion: Opinion) -> None:
        reader = self._hosts if await self._store.hosts.of(scan.number) is None else None
        if await self._sending.wants(scan):
            async with self._sending.may_send(opinion) as may:
                if may or (reader is not None and await self._may_be_looked_up()):
                    await self._with_build(scan, opinion, reader, sends=may)
            return
        if reader is not None and not await self._may_be_looked_up():
            waits = await self._wait(opinion, None, LOOKUP_AWAY)
        else:
            waits = reader is not None and not await self._with_build(scan, opinion, reader, sends=False)
        if not waits:
            await self._settle(scan)

    async def _may_be_looked_up(self) -> bool:
        """Tell whether hosts can be looked up now, so that no build is pulled for them in vain."""
        now = self._steady.now()
        if self._ask is None or now < self._ask_again_at:
            return self._answers
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._ask()
        except (TryLater, TimeoutError):
            self._answers = False
        except Refused:
            self._answers = True  # the look-up will say what is wrong
        else:
            self._answers = True
        self._ask_again_at = self._steady.now() + (HEARD_S if self._answers else PROBE_BACKOFF.first_s)
        return self._answers

    async def _wait(self, opinion: Opinion, asked_s: float | None, problem: str) -> bool:
        """Put a build off, longer the longer it has been tried; tell whether it may wait still."""
        wait_s = max(asked_s or 0.0, PULL_BACKOFF.delay_after_s(self._clock.now() - opinion.begun_at))
        if self._sending.is_over(opinion, wait_s):
            return False
        await self._sending.later(opinion, problem, wait_s)
        return True

    async def _settle(self, scan: Scan) -> None:
        """End an opinion for which nothing is sent."""
        number = scan.number
        known = await self._store.opinions.known(scan.sha256 or "")
        if not self._sending.is_there:
            await self._outcomes.ended(number, OpinionState.EXCLUDED, None)
        elif known is not None and known.verdict is not None:
            source = known.known_from or known.scan
            await self._outcomes.known(number, known.verdict, known_from=source, md5=known.md5)
        else:
            problem = TOO_LARGE if scan.file_type is FileType.APK else ONLY_APKS
            await self._outcomes.ended(number, OpinionState.EXCLUDED, problem)

    async def _with_build(
        self, scan: Scan, opinion: Opinion, reader: HostReader | None, *, sends: bool
    ) -> bool:
        """Pull the build, have its hosts read and send it, as far as wanted; false where it was put off."""
        try:
            with self._workroom.room(scan.number) as room:
                await self._leave_room(scan)
                await self._pull(scan, room / "build")
                if reader is not None:
                    await self._read_hosts(scan.number, reader, room / "build")
                if sends and not await self._sending.wants(scan):  # its verdict is known meanwhile
                    await self._settle(scan)
                elif sends:
                    await self._sending.send(scan, opinion, room / "build")
        except NoRoom as error:  # only of this pull: those for OneTrust find out for themselves
            due_at = self._clock.now() + ROOM_BACKOFF.maximum_s
            logger.warning("scan #%d waits for room on its way to Zscaler: %s", scan.number, error)
            await self._outcomes.put_off(opinion, due_at, error.user_message, begun_at=due_at)
            return False
        except PullFailed as error:
            if await self._wait(opinion, error.retry_after_s, error.user_message):
                return False
        except (FileUnavailable, BuildRejected, TooLarge):
            pass
        else:
            return True
        if reader is not None:
            await self._store.hosts.unread(scan.number, HOSTS_GONE)
            self._outcomes.changed(scan.number)
        if sends:
            await self._outcomes.ended(scan.number, OpinionState.FAILED, GONE)
        return True

    async def _pull(self, scan: Scan, path: Path) -> None:
        limit_bytes = (scan.size_bytes or 0) + 1
        pulled = await self._files.pull(scan, path, limit_bytes=limit_bytes, progress=lambda *_: None)
        if pulled.sha256 != scan.sha256:
            raise BuildRejected(GONE)

    async def _leave_room(self, scan: Scan) -> None:
        """Leave room for one more build of this size, as those on their way to OneTrust come first.

        Raises:
            NoRoom: there is not as much.
        """
        if await asyncio.to_thread(self._workroom.free_bytes) < 2 * (scan.size_bytes or 0):
            raise NoRoom(detail="a build is not pulled for Zscaler, as it would take the room of another")

    async def _read_hosts(self, number: int, reader: HostReader, path: Path) -> None:
        try:
            async with asyncio.timeout(HOSTS_S):
                found = await reader.hosts(path)
        except BuildRejected as error:
            await self._store.hosts.unread(number, error.user_message)
        except TimeoutError:
            await self._store.hosts.unread(number, HOSTS_SLOW)
        except OSError as error:
            logger.warning("the hosts of scan #%d could not be read: %s", number, error.strerror)
            await self._store.hosts.unread(number, INSIDE)
        else:
            await self._store.hosts.found(number, found)
        self._outcomes.changed(number)  # they are to be looked up
