"""The second scanner's part of a scan: pulls the build again, has its hosts read, sends it to the Sandbox.

It runs beside the pipeline and never in its way: a build is taken up only when its own step to OneTrust is
over, or waits. Whatever stops it leaves a row that says how it goes on; nothing is kept but the rows.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

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
from bot.scans import retries
from bot.scans.breaker import FIRST_PAUSE_S, Breaker
from bot.scans.current import concerning, working_on
from bot.scans.holding import can_be_judged
from bot.scans.hosts import HostReader
from bot.scans.memory import Store
from bot.scans.models import FileType, Scan, SubmissionState
from bot.scans.opinion_outcomes import OpinionOutcomes
from bot.scans.ports import Clock, Files
from bot.scans.tasks import end
from bot.scans.verdicts import (
    SUBMIT_LIMIT_BYTES,
    Opinion,
    OpinionState,
    SandboxApi,
    SandboxReceipt,
    Way,
)
from bot.scans.workroom import Workroom

logger = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""Builds that are worked on at the same time, so that one that goes slowly doesn't keep all others."""
A_DAY: Final = 100
"""Files that the Sandbox takes in 24 hours."""
DAY_S: Final = 86_400.0
GIVE_UP_S: Final = 30 * 3600.0
"""For how long sending a build is tried; waiting for the day's quota does not count."""
HOSTS_S: Final = 300.0
"""For how long the hosts of one build may be read."""
KNOWN_LOOK_S: Final = 30.0
"""After how long the report is asked for of a file that was analysed before."""

ONLY_APKS: Final = "Only `.apk` files are sent to the Sandbox."
TOO_LARGE: Final = "This build is larger than 400 MB, which is the most that the Sandbox takes."
NOT_COVERED: Final = (
    "No rule of the Sandbox covers this type of file. Your Zscaler administrator can add one."
)
NOT_READ: Final = (
    "It was sent to the Sandbox, and the verdict can't be read here: whoever runs the bot can set up the "
    "cloud service API for that (`ZSCALER_CLIENT_ID` or `ZSCALER_USERNAME`, and what goes with it)."
)
QUOTA_USED: Final = "The Sandbox takes 100 files a day, and has had them. This one is sent as soon as it may."
AWAY: Final = "Zscaler's Sandbox takes no files right now. This one is sent by itself as soon as it does."
GONE: Final = (
    "The file that was scanned can't be had from Slack any more, so it was not sent to the Sandbox. "
    "Share it again to have it judged."
)
GAVE_UP: Final = "This build could not be sent to Zscaler's Sandbox for more than a day: it has no verdict."
HOSTS_GONE: Final = "The file can't be had from Slack any more, so its hosts could not be read."
HOSTS_SLOW: Final = "Reading the hosts in this build took too long."
INSIDE: Final = "Something went wrong inside the bot. Its log says more, under this scan's number."


class SecondOpinion:
    """Takes up what Zscaler is to be asked about; ``turn`` is one of the runner's loops.

    ``sandbox`` and ``hosts`` are ``None`` where those are not asked; ``reads`` tells whether reports can be.
    """

    def __init__(
        self,
        *,
        store: Store,
        files: Files,
        workroom: Workroom,
        outcomes: OpinionOutcomes,
        clock: Clock,
        breaker: Breaker,
        wake: Callable[[], None],
        sandbox: SandboxApi | None,
        hosts: HostReader | None,
        reads: bool,
        first_s: float,
    ) -> None:
        self._store = store
        self._files = files
        self._workroom = workroom
        self._outcomes = outcomes
        self._clock = clock
        self._breaker = breaker
        self._wake = wake
        self._sandbox = sandbox
        self._hosts = hosts
        self._reads = reads
        self._first_s = first_s
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._counting = asyncio.Lock()

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
            if self._is_over(opinion, 0.0):  # such as after days without Zscaler: it comes as a surprise
                await self._outcomes.ended(number, OpinionState.FAILED, GAVE_UP)
            else:
                await self._work(scan, opinion)
        except NotFound:
            return  # dropped or purged meanwhile
        except StoreUnavailable:
            raise
        except Exception:
            logger.exception("scan #%d met an error that nobody foresaw, on its way to Zscaler", number)
            await self._outcomes.ended(number, OpinionState.FAILED, INSIDE)

    async def _work(self, scan: Scan, opinion: Opinion) -> None:
        reader = self._hosts if await self._store.hosts.of(scan.number) is None else None
        if await self._is_to_be_sent(scan):
            async with self._may_send(opinion) as may:
                if may or reader is not None:
                    await self._with_build(scan, opinion, reader, sends=may)
            return
        if reader is None or await self._with_build(scan, opinion, reader, sends=False):
            await self._settle(scan)

    async def _is_to_be_sent(self, scan: Scan) -> bool:
        if self._sandbox is None or not can_be_judged(scan.file_type, scan.size_bytes):
            return False
        return await self._store.opinions.known(scan.sha256 or "") is None

    async def _settle(self, scan: Scan) -> None:
        """End an opinion for which nothing is sent."""
        number = scan.number
        known = await self._store.opinions.known(scan.sha256 or "")
        if self._sandbox is None:
            await self._outcomes.ended(number, OpinionState.EXCLUDED, None)
        elif known is not None and known.verdict is not None:
            source = known.known_from or known.scan
            await self._outcomes.known(number, known.verdict, known_from=source, md5=known.md5)
        else:
            problem = TOO_LARGE if scan.file_type is FileType.APK else ONLY_APKS
            await self._outcomes.ended(number, OpinionState.EXCLUDED, problem)

    @asynccontextmanager
    async def _may_send(self, opinion: Opinion) -> AsyncIterator[bool]:
        """Tell whether the build may be sent now; where it may not, that was put off."""
        now = self._clock.now()
        if (free_at := await self._free_at()) > now:
            await self._outcomes.put_off(opinion, free_at, QUOTA_USED, begun_at=free_at)
            yield False
        elif self._breaker.enter(opinion.scan):
            try:
                yield True
            finally:
                self._breaker.leave(opinion.scan)
        else:
            # The pause is over as long as another is sent as a probe, however long that takes.
            await self._later(opinion, AWAY, max(self._breaker.wait_s, FIRST_PAUSE_S))
            yield False

    async def _free_at(self) -> float:
        """Return when the Sandbox takes one more file, by how many it had in the last 24 hours."""
        last = await self._store.opinions.sent_before(A_DAY)
        return 0.0 if last is None else last + DAY_S

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
                if sends:
                    await self._send(scan, opinion, room / "build")
        except NoRoom as error:  # only of this pull: those for OneTrust find out for themselves
            due_at = self._clock.now() + retries.ROOM_LONGEST_S
            logger.warning("scan #%d waits for room on its way to Zscaler: %s", scan.number, error)
            await self._outcomes.put_off(opinion, due_at, error.user_message, begun_at=due_at)
            return False
        except PullFailed as error:
            # Its waits grow with how long it has been tried, as pulls are not counted.
            grown_s = min(retries.LONGEST_S, (self._clock.now() - opinion.begun_at) / 2)
            wait_s = max(error.retry_after_s or 0.0, retries.FIRST_S, grown_s)
            if not self._is_over(opinion, wait_s):
                await self._later(opinion, error.user_message, wait_s)
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

    async def _send(self, scan: Scan, opinion: Opinion, path: Path) -> None:
        number, sandbox = scan.number, self._sandbox
        if sandbox is None:
            return
        if not await self._is_to_be_sent(scan):  # its verdict is known meanwhile
            await self._settle(scan)
            return
        md5 = await asyncio.to_thread(_md5, path)
        if await self._join(scan, md5):
            return
        way = Way.SUBMIT if (scan.size_bytes or 0) <= SUBMIT_LIMIT_BYTES else Way.DISCAN
        async with self._counting:  # whoever comes second counts the first
            if (free_at := await self._free_at()) > self._clock.now():
                await self._outcomes.put_off(opinion, free_at, QUOTA_USED, begun_at=free_at)
                return
            opinion = await self._outcomes.kept(
                number,
                tell=False,
                tries=opinion.tries + 1,
                way=way,
                md5=md5,
                submission=SubmissionState.SENDING,
            )
        send = sandbox.submit if way is Way.SUBMIT else sandbox.discan
        try:
            receipt = await send(path, md5)
        except Refused as error:
            self._breaker.answered(number)
            await self._outcomes.ended(
                number,
                OpinionState.FAILED,
                error.user_message,
                submission=SubmissionState.REFUSED,
                status=error.status,
            )
        except TryLater as error:
            if error.scanner_failed:
                self._breaker.failed(number, error.retry_after_s)
            wait_s = retries.delay_s(opinion.tries, error.retry_after_s)
            await self._later(opinion, error.user_message, wait_s, status=error.status)
        else:
            self._breaker.answered(number)
            await self._taken(number, receipt)

    async def _join(self, scan: Scan, md5: str) -> bool:
        """Wait for the report on the very same file with another scan, where that one was sent already."""
        for other in await self._store.opinions.of_md5(md5):
            same = other.scan != scan.number and other.state is OpinionState.ANALYSING
            if same and (await self._store.scans.scan(other.scan)).sha256 == scan.sha256:
                await self._outcomes.kept(
                    scan.number,
                    why=f"Zscaler's Sandbox analyses it already, for scan #{other.scan}",
                    state=OpinionState.ANALYSING,
                    md5=md5,
                    way=other.way,
                    since=other.since,
                    due_at=other.due_at,
                    problem=None,
                    submission=SubmissionState.ACCEPTED,
                    tries=0,
                )
                return True
        return False

    async def _taken(self, number: int, receipt: SandboxReceipt) -> None:
        now = self._clock.now()
        sent: dict[str, Any] = {"since": now, "submission": SubmissionState.ACCEPTED, "status": 200}
        if receipt.verdict is not None:
            await self._outcomes.known(number, receipt.verdict, **sent)
        elif not receipt.is_covered:
            await self._outcomes.ended(number, OpinionState.EXCLUDED, NOT_COVERED, **sent)
        elif not self._reads:
            await self._outcomes.ended(number, OpinionState.EXCLUDED, NOT_READ, **sent)
        else:
            wait_s = self._first_s if receipt.is_analysed else min(KNOWN_LOOK_S, self._first_s)
            logger.info("scan #%d was sent to Zscaler's Sandbox", number)
            await self._outcomes.kept(
                number,
                why="sent to Zscaler's Sandbox",
                state=OpinionState.ANALYSING,
                due_at=now + wait_s,
                problem=None,
                **sent,
            )

    async def _later(self, opinion: Opinion, problem: str, wait_s: float, **changes: Any) -> None:
        """Put a build off, or end it where it was tried for too long."""
        changes |= {"submission": SubmissionState.PENDING}
        if self._is_over(opinion, wait_s):
            await self._outcomes.ended(opinion.scan, OpinionState.FAILED, GAVE_UP, **changes)
            return
        logger.info("scan #%d goes to Zscaler later, in %.0f s: %s", opinion.scan, wait_s, problem)
        await self._outcomes.put_off(opinion, self._clock.now() + wait_s, problem, **changes)

    def _is_over(self, opinion: Opinion, wait_s: float) -> bool:
        return self._clock.now() + wait_s - opinion.begun_at > GIVE_UP_S


def _md5(path: Path) -> str:
    """Hash a build as the Sandbox names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
