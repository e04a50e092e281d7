"""Sending builds to the Sandbox: as many a day as it takes, none twice, and later where it takes none now."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from bot.core.backoff import SERVER_BACKOFF
from bot.errors import Refused, TryLater
from bot.scans.breaker import PROBE_BACKOFF, Breaker
from bot.scans.clock import SteadyClock
from bot.scans.holding import can_be_judged
from bot.scans.memory import Store
from bot.scans.models import Scan, SubmissionState
from bot.scans.opinion_outcomes import OpinionOutcomes
from bot.scans.ports import Clock
from bot.scans.verdicts import SUBMIT_LIMIT_BYTES, Opinion, OpinionState, SandboxApi, SandboxReceipt, Way

logger = logging.getLogger(__name__)

A_DAY: Final = 100
"""Files that the Sandbox takes in 24 hours."""
DAY_S: Final = 86_400.0
GIVE_UP_S: Final = 96 * 3600.0
"""For how long sending a build is tried; waiting for the day's quota does not count.

Zscaler may count more files than the bot does (other users of the token), and then says "tomorrow" to many.
"""
HEARD_S: Final = 600.0
"""For how long after an answer the Sandbox is taken to be there."""
KNOWN_LOOK_S: Final = 30.0
"""After how long the report is asked for of a file that was analysed before."""

NOT_COVERED: Final = (
    "No rule of the Sandbox covers this type of file. Your Zscaler administrator can add one."
)
NOT_READ: Final = (
    "It was sent to the Sandbox, and the verdict can't be read here: whoever runs the bot can set up the "
    "cloud service API for that (`ZSCALER_CLIENT_ID` or `ZSCALER_USERNAME`, and what goes with it)."
)
QUOTA_USED: Final = "The Sandbox takes 100 files a day, and has had them. This one is sent as soon as it may."
AWAY: Final = "Zscaler's Sandbox takes no files right now. This one is sent by itself as soon as it does."
GAVE_UP: Final = "This build could not be sent to Zscaler's Sandbox for four days: it has no verdict."


class Sending:
    """Sends builds.

    ``sandbox`` is ``None`` where none is asked, ``reads`` tells whether reports can be; the first look for
    one comes after ``first_s`` seconds.
    """

    def __init__(
        self,
        *,
        store: Store,
        outcomes: OpinionOutcomes,
        clock: Clock,
        breaker: Breaker,
        sandbox: SandboxApi | None,
        reads: bool,
        first_s: float,
    ) -> None:
        self._store = store
        self._outcomes = outcomes
        self._clock = clock
        self._breaker = breaker
        self._sandbox = sandbox
        self._reads = reads
        self._first_s = first_s
        self._counting = asyncio.Lock()
        self._steady = SteadyClock(clock)
        self._heard_until = 0.0

    @property
    def is_there(self) -> bool:
        """Whether there is a Sandbox to send to."""
        return self._sandbox is not None

    async def wants(self, scan: Scan) -> bool:
        """Tell whether a build is to be sent: where it can be judged and was not yet."""
        if self._sandbox is None or not can_be_judged(scan.file_type, scan.size_bytes):
            return False
        return await self._store.opinions.known(scan.sha256 or "") is None

    @asynccontextmanager
    async def may_send(self, opinion: Opinion) -> AsyncIterator[bool]:
        """Tell whether the build may be sent now; where it may not, that was put off."""
        now = self._clock.now()
        if (free_at := await self._free_at()) > now:
            await self._outcomes.put_off(opinion, free_at, QUOTA_USED, begun_at=free_at)
            yield False
        elif self._breaker.enter(opinion.scan):
            try:
                yield await self._answers(opinion)
            finally:
                self._breaker.leave(opinion.scan)
        else:
            # The pause is over as long as another is sent as a probe, however long that takes.
            await self.later(opinion, AWAY, max(self._breaker.wait_s, PROBE_BACKOFF.first_s))
            yield False

    async def _answers(self, opinion: Opinion) -> bool:
        """Tell whether the Sandbox answers, so that no build is pulled for one that doesn't."""
        if self._sandbox is None or self._steady.now() < self._heard_until:
            return True
        try:
            await self._sandbox.reach()
        except (Refused, TryLater) as error:
            await self._not_sent(opinion, error)
            return False
        self._heard()
        return True

    def _heard(self) -> None:
        self._heard_until = self._steady.now() + HEARD_S

    async def _free_at(self) -> float:
        """Return when the Sandbox takes one more file, by how many it had in the last 24 hours."""
        last = await self._store.opinions.sent_before(A_DAY)
        return 0.0 if last is None else last + DAY_S

    async def send(self, scan: Scan, opinion: Opinion, path: Path) -> None:
        """Send a build, and record what came of it."""
        number, sandbox = scan.number, self._sandbox
        if sandbox is None:
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
        except (Refused, TryLater) as error:
            await self._not_sent(opinion, error)
        else:
            self._breaker.answered(number)
            self._heard()
            await self._taken(number, receipt)

    async def _not_sent(self, opinion: Opinion, error: Refused | TryLater) -> None:
        """Record that a build was not taken: for good, or for now."""
        number = opinion.scan
        if isinstance(error, Refused):
            self._breaker.answered(number)
            await self._outcomes.ended(
                number,
                OpinionState.FAILED,
                error.user_message,
                submission=SubmissionState.REFUSED,
                status=error.status,
            )
            return
        if error.scanner_failed:
            self._heard_until = 0.0
            self._breaker.failed(number, error.retry_after_s)
        wait_s = SERVER_BACKOFF.delay_s(opinion.tries, error.retry_after_s)
        await self.later(opinion, error.user_message, wait_s, status=error.status)

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
                    begun_at=other.begun_at,
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
            untaken = {**sent, "submission": SubmissionState.REFUSED}
            await self._outcomes.ended(number, OpinionState.EXCLUDED, NOT_COVERED, **untaken)
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

    async def later(self, opinion: Opinion, problem: str, wait_s: float, **changes: Any) -> None:
        """Put a build off, or end it where it was tried for too long."""
        changes |= {"submission": SubmissionState.PENDING}
        if self.is_over(opinion, wait_s):
            await self._outcomes.ended(opinion.scan, OpinionState.FAILED, GAVE_UP, **changes)
            return
        logger.info("scan #%d goes to Zscaler later, in %.0f s: %s", opinion.scan, wait_s, problem)
        await self._outcomes.put_off(opinion, self._clock.now() + wait_s, problem, **changes)

    def is_over(self, opinion: Opinion, wait_s: float) -> bool:
        """Tell whether a build will have been tried for too long after a wait."""
        return self._clock.now() + wait_s - opinion.begun_at > GIVE_UP_S


def _md5(path: Path) -> str:
    """Hash a build as the Sandbox names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
