"""Reads the hosts of builds and submits them to one side scanner.

A build that was pulled for OneTrust is used if it is still kept; else it is pulled again. OneTrust is never
delayed: a build is worked on only while its own step to OneTrust is over or waits. All state is in the row,
so the work continues after any stop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from bot.core.backoff import Backoff
from bot.core.circuit_breaker import PROBE_BACKOFF
from bot.core.clock import SteadyClock, cancel_all
from bot.core.log_context import concerning, working_on
from bot.core.ports import Clock, Files
from bot.core.scan import Scan
from bot.core.scheduler import Wake
from bot.core.work_dir import FULL_BACKOFF, WorkDir
from bot.errors import (
    BuildRejected,
    FileUnavailable,
    NoRoom,
    NotFound,
    PullFailed,
    Refused,
    StoreUnavailable,
    TryLater,
)
from bot.features.hosts.models import LOOKUP, HostReader
from bot.features.verdicts.models import Verdict, VerdictState
from bot.features.verdicts.outcomes import VerdictOutcomes, VerdictStore
from bot.features.verdicts.side_scanner import SideScanner
from bot.features.verdicts.submitter import GAVE_UP, REACHABLE_S, VerdictSubmitter

logger = logging.getLogger(__name__)

PULL_BACKOFF: Final = Backoff(first_s=5.0, factor=1.5, maximum_s=900.0)
MAXIMUM_CONCURRENT: Final = 2
"""Maximum number of builds worked on at a time; more than one, as a slow build must not block the others."""
HOSTS_TIMEOUT_S: Final = 300.0
"""Timeout for reading the hosts of one build."""
ANSWER_S: Final = 20.0
"""Timeout for asking whether hosts can be looked up."""

BUILDS: Final = "builds for {}"
REPORTS: Final = "reports of {}"
"""The queues of a scanner, by its name."""

GONE: Final = (
    "The file is no longer available in Slack, so it was not sent to {short}. "
    "Share it again to get a verdict."
)
HOSTS_GONE: Final = "The file is no longer available in Slack, so its hosts could not be read."
HOSTS_SLOW: Final = "Reading the hosts in this build took too long."
LOOKUP_AWAY: Final = (
    "{vendor} does not answer right now. Where this build talks to is looked up automatically later."
)
INSIDE: Final = "Something went wrong inside the bot. Its log says more, under this scan's number."


@dataclass(kw_only=True, eq=False, repr=False)
class VerdictWorker:
    """Reads and submits the builds of one side scanner; ``turn`` is one of the scheduler's jobs."""

    store: VerdictStore
    scanner: SideScanner
    files: Files
    work_dir: WorkDir
    outcomes: VerdictOutcomes
    clock: Clock
    wake: Wake
    sending: VerdictSubmitter
    hosts: HostReader | None = None
    """Reads the hosts of builds; ``None`` if none are looked up beside this scanner."""
    ask: Callable[[], Awaitable[object]] | None = None
    """Raises if the look-up service does not answer; without it, hosts are always read."""
    _answers: bool = field(init=False, default=True)
    _ask_again_at: float = field(init=False, default=0.0)
    busy: dict[int, asyncio.Task[None]] = field(init=False, default_factory=dict)
    """The tasks that work on builds, by scan."""

    def __post_init__(self) -> None:
        """Take the scanner's profile and a steady clock."""
        self._profile = self.scanner.profile
        self._steady = SteadyClock(self.clock)

    async def turn(self) -> float | None:
        """Start on as many due builds as ``MAXIMUM_CONCURRENT`` allows; return when more are due."""
        rows, name = self.store.verdicts, self.scanner.name
        if (closed_until := self.work_dir.closed_until) is not None:
            await self.stop()  # frees the room they take for builds on their way to OneTrust
            return closed_until
        if kept := self.work_dir.kept:
            self.work_dir.drop_kept(kept - await rows.waiting(kept))
        due = await rows.due(name, MAXIMUM_CONCURRENT - len(self.busy), busy=tuple(self.busy))
        for number in due.now:
            task = asyncio.create_task(self._run(number), name=f"{name} verdict on scan {number}")
            self.busy[number] = task
            task.add_done_callback(partial(self._done, number))
        return due.next_at

    async def stop(self) -> None:
        """Stop the work, and remove the builds that are kept for it; it resumes at the next start."""
        await cancel_all(*self.busy.values())
        self.work_dir.drop_kept(self.work_dir.kept)

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self.busy[number]
        if task.cancelled() or (error := task.exception()) is None:
            self.wake(BUILDS.format(self.scanner.name), REPORTS.format(self.scanner.name))
        elif isinstance(error, StoreUnavailable):
            logger.warning("scan #%d could not be shown to %s: %s", number, self._profile.vendor, error)
        else:  # it is still due; without a wake, the next turn retries it
            vendor = self._profile.vendor
            with working_on(number):
                logger.error("scan #%d could not be shown to %s", number, vendor, exc_info=error)

    @concerning
    async def _run(self, number: int) -> None:
        try:
            scan, verdict = await self.store.verdicts.of(self.scanner.name, number)
            if verdict is None or verdict.state is not VerdictState.WAITING:
                return
            if not self.sending.is_over(verdict, 0.0):
                await self._work(scan, verdict)
            elif await self.sending.wants(scan):  # after days, no one expects it any more
                await self.outcomes.ended(number, VerdictState.FAILED, self._profile.fill(GAVE_UP))
            else:
                await self._settle(scan)
        except NotFound:
            return  # dropped or purged meanwhile
        except StoreUnavailable:
            raise
        except Exception:
            vendor = self._profile.vendor
            logger.exception("scan #%d met an unexpected error on its way to %s", number, vendor)
            await self.outcomes.ended(number, VerdictState.FAILED, INSIDE)

    async def _work(self, scan: Scan, verdict: Verdict) -> None:
        reader = self.hosts if await self.store.hosts.of(scan.number) is None else None
        if await self.sending.wants(scan):
            async with self.sending.may_send(verdict) as may:
                if may or (reader is not None and await self._may_be_looked_up()):
                    await self._with_build(scan, verdict, reader, sends=may)
        elif reader is not None and not await self._may_be_looked_up():
            if not await self._wait(verdict, None, self._profile.fill(LOOKUP_AWAY)):
                await self._settle(scan)
        elif reader is None or await self._with_build(scan, verdict, reader, sends=False):
            await self._settle(scan)

    async def _may_be_looked_up(self) -> bool:
        """Return whether hosts can be looked up now; otherwise no build is pulled for them."""
        now = self._steady.now()
        if self.ask is None or now < self._ask_again_at:
            return self._answers
        self._answers = True
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.ask()
        except (TryLater, TimeoutError):
            self._answers = False
        except Refused:
            pass  # the look-up itself will report what is wrong
        self._ask_again_at = self._steady.now() + (REACHABLE_S if self._answers else PROBE_BACKOFF.first_s)
        return self._answers

    async def _wait(self, verdict: Verdict, asked_s: float | None, problem: str) -> bool:
        """Reschedule a build, with growing delays; return whether it may still wait."""
        wait_s = max(asked_s or 0.0, PULL_BACKOFF.delay_after_s(self.clock.now() - verdict.begun_at))
        if self.sending.is_over(verdict, wait_s):
            return False
        await self.sending.reschedule(verdict, problem, wait_s)
        return True

    async def _settle(self, scan: Scan) -> None:
        """End the scanner's part without sending the build."""
        is_sent = self.scanner.submissions is not None
        if not is_sent or not await self.sending.reuse(scan):
            problem = self._profile.rejection(scan.file_type, scan.size_bytes) if is_sent else None
            await self.outcomes.ended(scan.number, VerdictState.EXCLUDED, problem)

    async def _with_build(
        self, scan: Scan, verdict: Verdict, reader: HostReader | None, *, sends: bool
    ) -> bool:
        """Pull the build, have its hosts read and submit it; return false if it was rescheduled."""
        try:
            with self.work_dir.room(scan.number) as room:
                if not self.work_dir.link_kept(scan.sha256 or "", room / "build"):
                    await self._pull(scan, room / "build")
                if reader is not None:
                    await self._read_hosts(scan.number, reader, room / "build")
                if sends:
                    await self.sending.send(scan, verdict, room / "build")
        except NoRoom as error:  # about this pull only: OneTrust's pulls find out for themselves
            due_at = self.clock.now() + FULL_BACKOFF.maximum_s
            vendor = self._profile.vendor
            logger.warning("scan #%d waits for room on its way to %s: %s", scan.number, vendor, error)
            await self.outcomes.reschedule(verdict, due_at, error.user_message, begun_at=due_at)
            return False
        except PullFailed as error:
            if await self._wait(verdict, error.retry_after_s, error.user_message):
                return False
        except (FileUnavailable, BuildRejected):
            pass
        else:
            return True
        if reader is not None:
            await self.store.hosts.unread(scan.number, HOSTS_GONE)
            self.outcomes.announcer.changed(scan.number)
        if sends:
            await self.outcomes.ended(scan.number, VerdictState.FAILED, self._profile.fill(GONE))
        return True

    async def _pull(self, scan: Scan, path: Path) -> None:
        """Pull a build, if the disk has room for another one of its size, on its way to OneTrust."""
        size_bytes = scan.size_bytes or 0
        if await asyncio.to_thread(self.work_dir.free_bytes) < 2 * size_bytes:
            vendor = self._profile.vendor
            raise NoRoom(detail=f"a build is not pulled for {vendor}: the room is needed for OneTrust's")
        pulled = await self.files.pull(scan, path, limit_bytes=size_bytes + 1, progress=lambda *_: None)
        if pulled.sha256 != scan.sha256:
            raise BuildRejected(self._profile.fill(GONE))

    async def _read_hosts(self, number: int, reader: HostReader, path: Path) -> None:
        rows = self.store.hosts
        try:
            async with asyncio.timeout(HOSTS_TIMEOUT_S):
                found = await reader.hosts(path)
        except BuildRejected as error:
            await rows.unread(number, error.user_message)
        except TimeoutError:
            await rows.unread(number, HOSTS_SLOW)
        except OSError as error:
            logger.warning("the hosts of scan #%d could not be read: %s", number, error.strerror)
            await rows.unread(number, INSIDE)
        else:
            await rows.found(number, found)
        self.outcomes.announcer.changed(number)
        self.wake(LOOKUP)
