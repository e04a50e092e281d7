"""Follows each submitted scan in OneTrust until it is over: the rows of results say what is due.

Scans of one application share a look, and so do new apps of one name; for many at once OneTrust's list is
read first. The calls wait for their turn within the budget that all readers share.
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
"""Scans that are looked for in one round; what falls due meanwhile is for the next."""
CALLS: Final = 5
"""That one scan takes to be found and read, about."""
LONGEST_NAP_S: Final = 15.0
TROUBLE_BACKOFF: Final = Backoff(first_s=30.0, maximum_s=30.0)
RECHECK_S: Final = 3600.0
"""How often it is tried whether results can be read by now."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """When the results of a scan may come."""

    next_at: float
    """When it is looked for next."""
    late_s: float
    """How much later than that it may be, at most, as others wait too."""


Target = tuple[str, str, Platform | None]


class ResultPoller:
    """Looks for what is due.

    ``wait_s`` tells when so many more calls could be made, in seconds from now. ``judged`` tells whether
    there is a policy, which is of no effect where results can't be read.
    """

    def __init__(
        self,
        *,
        store: ResultStore,
        applications: Applications,
        looks: ResultFetcher,
        clock: Clock,
        wait_s: Callable[[int], float],
        first_s: float,
        judged: bool = False,
    ) -> None:
        self._store = store
        self._applications = applications
        self._looks = looks
        self._sweeper = AppIndex(applications)
        self._clock = clock
        self._wait_s = wait_s
        self._first_s = first_s
        self._judged = judged
        self._reads = False
        self._said = False
        self._away = False

    @property
    def reads(self) -> bool:
        """Whether results can be read, as far as is known."""
        return self._reads

    @property
    def refused(self) -> bool:
        """Whether OneTrust said, when last asked, that results can't be read; false before it was asked."""
        return self._said

    def late_s(self, waiting: int) -> float:
        """Return how late the last of so many followed scans may be looked for, in seconds."""
        return self._wait_s(CALLS * waiting)

    def outlook(self, followed: ResultStatus, waiting: int) -> Outlook | None:
        """Return when a scan's results may come; ``None`` where they can't be read."""
        if not self._reads:
            return None
        rest_s = self._first_s if followed.looks == 0 else 0.0
        return Outlook(next_at=followed.due_at + rest_s, late_s=self.late_s(waiting))

    @property
    def job(self) -> Job:
        """Looks for what is due."""
        return Job(name="results", run=self._run, interval_s=RECHECK_S, backoff=TROUBLE_BACKOFF)

    async def _run(self) -> float:
        try:
            next_at = await self._turn()
        except CannotRead as error:
            self._cannot_read(error)
            return self._clock.now() + RECHECK_S
        except TryLater as error:
            self._cannot_be_asked(error)
            return self._clock.now() + max(TROUBLE_BACKOFF.first_s, _asked_s(error))
        self._away = False
        latest = self._clock.now() + LONGEST_NAP_S
        return latest if next_at is None else min(next_at, latest)

    def _cannot_be_asked(self, error: TryLater) -> None:
        if not self._away:
            logger.info("OneTrust can't be asked for results right now: %s", error)
        self._away = True

    def _cannot_read(self, error: CannotRead) -> None:
        self._reads = False
        if not self._said:
            so = ", so that no rule of APPSCAN_RULES is judged" if self._judged else ""
            logger.warning("results are not read%s: %s", so, error)
        self._said = True

    async def _turn(self) -> float | None:
        """Look for what is due; return when more is."""
        if not self._reads:
            await self._applications.can_read()
            logger.info("results are read from OneTrust")
            await self._looks.give_up_old()
            self._reads, self._said = True, False
        due = await self._store.results.due(BATCH, rest_s=self._first_s)
        if due:
            self._looks.late = self.late_s(sum(await self._store.results.counts())) >= 60.0
            await self._round(due)
        return await self._store.results.next_due_at(rest_s=self._first_s)

    async def _round(self, due: list[ResultStatus]) -> None:
        targets: dict[Target, list[Poll]] = {}
        for followed in due:
            try:
                sought = Poll(scan=await self._store.scans.scan(followed.scan), followed=followed)
            except NotFound:
                continue  # purged meanwhile
            target = _target(sought.scan)
            if target is None:
                await self._looks.unread(sought)
            else:
                targets.setdefault(target, []).append(sought)
        listing = await self._sweeper.sweep(len(targets))
        for target, together in targets.items():
            await self._look(target, together, listing)

    async def _look(self, target: Target, sought: list[Poll], listing: IndexedApps) -> None:
        """Look for one target; what is wrong with it is nobody else's trouble.

        Raises:
            CannotRead, StoreUnavailable: as their names say.
            TryLater: OneTrust is not to be asked for anything for a while.
        """
        word, name, platform = target
        wait_s, paused = 0.0, None
        try:
            if word == "name" and platform is not None:
                await self._looks.at_name(name, platform, sought, listing)
            else:
                await self._looks.at_application(name, sought, listing)
        except (CannotRead, StoreUnavailable):
            raise
        except NotFound:
            for each in await self._still_due(sought):
                await self._looks.later(each, NO_SUCH)
        except TryLater as error:
            wait_s = _asked_s(error)
            paused = error if error.retry_after_s is not None else None
        except Exception:  # one odd answer, or one bad row
            numbers = ", ".join(f"#{each.number}" for each in sought)
            logger.exception("scans %s could not be looked for", numbers)
        for each in await self._still_due(sought):  # whatever happened, it is not asked for again at once
            await self._looks.reschedule(each, wait_s)
        if paused is not None:
            raise paused

    async def _still_due(self, sought: list[Poll]) -> list[Poll]:
        """Return those that the look did not get to, as they are now."""
        left = []
        for each in sought:
            followed = await self._store.results.followed(each.number)
            if followed is not None and followed.state in POLLED and followed.due_at <= self._clock.now():
                left.append(Poll(scan=each.scan, followed=followed))
        return left


def _asked_s(error: TryLater) -> float:
    """Return the pause that OneTrust asked for; of a longer one so much that it is not missed by hours."""
    return min(error.retry_after_s or 0.0, RECHECK_S)


def _target(scan: Scan) -> Target | None:
    """Return what to look at for a scan: an application, or a name; ``None`` where nothing is known."""
    # A rescan may have an application of its own, too: one that was made before a person chose another.
    application_id = scan.app_id if scan.kind is Kind.RESCAN else scan.submission.application_id
    if application_id is not None:
        return "application", application_id, None
    if scan.kind is Kind.NEW and scan.name and scan.platform is not None:
        return "name", scan.name, scan.platform
    return None
