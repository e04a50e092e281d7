"""Polls OneTrust for each submitted scan until it is finished: the rows of results say what is due.

Scans of one application share a poll, and so do new apps of one name; for many at once OneTrust's list is
fetched first. All calls share one rate limit.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.core.backoff import Backoff
from bot.core.ports import Clock
from bot.core.scan import Kind, Platform, Scan
from bot.core.scheduler import Job
from bot.errors import CannotRead, NotFound, StoreUnavailable, TryLater
from bot.features.results.app_index import AppIndex, IndexedApps
from bot.features.results.fetcher import NO_SUCH, Poll, ResultFetcher
from bot.features.results.models import POLLED, ResultStatus
from bot.features.results.ports import Applications, ResultStore

logger = logging.getLogger(__name__)

BATCH: Final = 100
"""Maximum number of scans per round."""
CALLS_PER_SCAN: Final = 5
"""Estimated calls to match a scan and to read its results."""
MAX_INTERVAL_S: Final = 15.0
TROUBLE_BACKOFF: Final = Backoff(first_s=30.0, maximum_s=30.0)
RECHECK_S: Final = 3600.0
"""Interval for checking again whether results can be read."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """When a scan's results may be available."""

    next_at: float
    """Time of its next poll."""
    late_s: float
    """Maximum delay of that poll while other scans wait, in seconds."""


Target = tuple[str, str, Platform | None]


class ResultPoller:
    """Polls for due scans.

    ``wait_s`` returns in how many seconds a number of calls could be made. ``judged`` is whether there
    are compliance rules, which have no effect while results can't be read.
    """

    def __init__(
        self,
        *,
        store: ResultStore,
        applications: Applications,
        fetcher: ResultFetcher,
        clock: Clock,
        wait_s: Callable[[int], float],
        first_s: float,
        judged: bool = False,
    ) -> None:
        self._store = store
        self._applications = applications
        self._fetcher = fetcher
        self._app_index = AppIndex(applications)
        self._clock = clock
        self._wait_s = wait_s
        self._first_s = first_s
        self._judged = judged
        self._can_read = False
        self._is_refused = False
        self._is_unreachable = False

    @property
    def reads(self) -> bool:
        """Whether results could be read at the last attempt."""
        return self._can_read

    @property
    def refused(self) -> bool:
        """Whether OneTrust refused reading results at the last attempt; false before the first one."""
        return self._is_refused

    def late_s(self, waiting: int) -> float:
        """Return the maximum delay of a poll while this many scans wait, in seconds."""
        return self._wait_s(CALLS_PER_SCAN * waiting)

    def outlook(self, followed: ResultStatus, waiting: int) -> Outlook | None:
        """Return when a scan's results may be available; ``None`` while results can't be read."""
        if not self._can_read:
            return None
        delay_s = self._first_s if followed.looks == 0 else 0.0
        return Outlook(next_at=followed.due_at + delay_s, late_s=self.late_s(waiting))

    @property
    def job(self) -> Job:
        """The polling job."""
        return Job(name="results", run=self._run, interval_s=RECHECK_S, backoff=TROUBLE_BACKOFF)

    async def _run(self) -> float:
        try:
            next_at = await self._poll_due()
        except CannotRead as error:
            self._can_read = False
            if not self._is_refused:
                effect = ", so that no rule of APPSCAN_RULES is judged" if self._judged else ""
                logger.warning("results are not read%s: %s", effect, error)
            self._is_refused = True
            return self._clock.now() + RECHECK_S
        except TryLater as error:
            if not self._is_unreachable:
                logger.info("OneTrust's results can't be read right now: %s", error)
            self._is_unreachable = True
            return self._clock.now() + max(TROUBLE_BACKOFF.first_s, _retry_after_s(error))
        self._is_unreachable = False
        latest = self._clock.now() + MAX_INTERVAL_S
        return latest if next_at is None else min(next_at, latest)

    async def _poll_due(self) -> float | None:
        """Poll for due scans; return when the next is due."""
        if not self._can_read:
            await self._applications.can_read()
            logger.info("results are read from OneTrust")
            await self._fetcher.give_up_old()
            self._can_read, self._is_refused = True, False
        due = await self._store.results.due(BATCH, first_delay_s=self._first_s)
        if due:
            self._fetcher.late = self.late_s(sum(await self._store.results.counts())) >= 60.0
            await self._round(due)
        return await self._store.results.next_due_at(first_delay_s=self._first_s)

    async def _round(self, due: list[ResultStatus]) -> None:
        targets: dict[Target, list[Poll]] = {}
        for followed in due:
            try:
                poll = Poll(scan=await self._store.scans.scan(followed.scan), followed=followed)
            except NotFound:
                continue  # purged meanwhile
            target = _target(poll.scan)
            if target is None:
                await self._fetcher.unread(poll)
            else:
                targets.setdefault(target, []).append(poll)
        index = await self._app_index.fetch(len(targets))
        for target, polls in targets.items():
            await self._poll(target, polls, index)

    async def _poll(self, target: Target, polls: list[Poll], index: IndexedApps) -> None:
        """Poll for one target; its errors don't affect the others.

        Raises:
            CannotRead, StoreUnavailable: polling can't continue.
            TryLater: OneTrust asked for a pause.
        """
        kind, name, platform = target
        wait_s, paused = 0.0, None
        try:
            if kind == "name" and platform is not None:
                await self._fetcher.poll_name(name, platform, polls, index)
            else:
                await self._fetcher.poll_application(name, polls, index)
        except (CannotRead, StoreUnavailable):
            raise
        except NotFound:
            for poll in await self._still_due(polls):
                await self._fetcher.pending(poll, NO_SUCH)
        except TryLater as error:
            wait_s = _retry_after_s(error)
            paused = error if error.retry_after_s is not None else None
        except Exception:  # an unexpected answer, or a bad row
            numbers = ", ".join(f"#{each.number}" for each in polls)
            logger.exception("scans %s could not be polled", numbers)
        for poll in await self._still_due(polls):  # whatever happened, never retry immediately
            await self._fetcher.reschedule(poll, wait_s)
        if paused is not None:
            raise paused

    async def _still_due(self, polls: list[Poll]) -> list[Poll]:
        """Return the current rows of those that are still due."""
        left = []
        for each in polls:
            followed = await self._store.results.followed(each.number)
            if followed is not None and followed.state in POLLED and followed.due_at <= self._clock.now():
                left.append(Poll(scan=each.scan, followed=followed))
        return left


def _retry_after_s(error: TryLater) -> float:
    """Return the pause that OneTrust asked for, limited so that the end of a long one is noticed."""
    return min(error.retry_after_s or 0.0, RECHECK_S)


def _target(scan: Scan) -> Target | None:
    """Return what to poll for a scan, an application or a name; ``None`` if neither is known."""
    # A rescan may have an application of its own if that was created before a person chose another.
    application_id = scan.app_id if scan.kind is Kind.RESCAN else scan.submission.application_id
    if application_id is not None:
        return "application", application_id, None
    if scan.kind is Kind.NEW and scan.name and scan.platform is not None:
        return "name", scan.name, scan.platform
    return None
