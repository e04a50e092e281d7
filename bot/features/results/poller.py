"""Polls OneTrust for each submitted scan until it is finished: the rows of results say what is due.

Scans of one application share a poll, and so do new apps of one name; for many at once OneTrust's list is
fetched first. All calls share one rate limit.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.core.backoff import Backoff
from bot.core.ports import Clock
from bot.core.scan import Kind, Platform, Scan
from bot.core.scheduler import Job
from bot.errors import CannotRead, NotFound, StoreUnavailable, TryLater
from bot.features.results.fetcher import ResultFetcher
from bot.features.results.models import LATE_S, POLLED, Poll, ResultState, ResultStatus
from bot.features.results.ports import ResultStore

logger = logging.getLogger(__name__)

BATCH: Final = 100
"""Maximum number of scans per round."""
CALLS_PER_SCAN: Final = 5
"""Estimated calls to match a scan and to read its results."""
MAX_INTERVAL_S: Final = 15.0
TROUBLE_BACKOFF: Final = Backoff(first_s=30.0, maximum_s=30.0)
RECHECK_S: Final = 3600.0
"""Interval for checking again whether results can be read."""

Target = tuple[str, Platform | None]
"""What to poll for: an application's ID and ``None``, or the name and platform of a new app."""


@dataclass(kw_only=True, eq=False, repr=False)
class ResultPoller:
    """Polls for due scans.

    ``wait_s`` returns in how many seconds a number of calls could be made. ``judged`` is whether there
    are compliance rules, which have no effect while results can't be read.
    """

    store: ResultStore
    fetcher: ResultFetcher
    clock: Clock
    wait_s: Callable[[int], float]
    judged: bool = False
    reads: bool = field(init=False, default=False)
    """Whether results could be read at the last attempt."""
    refused: bool = field(init=False, default=False)
    """Whether OneTrust refused reading results at the last attempt; false before the first one."""
    _is_unreachable: bool = field(init=False, default=False)

    def late_s(self, waiting: int) -> float:
        """Return the maximum delay of a poll while this many scans wait, in seconds."""
        return self.wait_s(CALLS_PER_SCAN * waiting)

    def next_at(self, followed: ResultStatus) -> float | None:
        """Return when a scan is polled next; ``None`` if it isn't, or while results can't be read."""
        if not self.reads or followed.state not in POLLED:
            return None
        return followed.due_at + (self.fetcher.first_s if followed.looks == 0 else 0.0)

    @property
    def job(self) -> Job:
        """The polling job."""
        return Job(name="results", run=self._run, interval_s=RECHECK_S, backoff=TROUBLE_BACKOFF)

    async def _run(self) -> float:
        try:
            next_at = await self._poll_due()
        except CannotRead as error:
            if not self.refused:
                effect = ", so that no rule of APPSCAN_RULES is judged" if self.judged else ""
                logger.warning("results are not read%s: %s", effect, error)
            self.reads, self.refused = False, True
            return self.clock.now() + RECHECK_S
        except TryLater as error:
            if not self._is_unreachable:
                logger.info("OneTrust's results can't be read right now: %s", error)
            self._is_unreachable = True
            return self.clock.now() + max(TROUBLE_BACKOFF.first_s, _retry_after_s(error))
        self._is_unreachable = False
        latest = self.clock.now() + MAX_INTERVAL_S
        return latest if next_at is None else min(next_at, latest)

    async def _poll_due(self) -> float | None:
        """Poll for due scans; return when the next is due."""
        if not self.reads:
            await self.fetcher.applications.can_read()
            logger.info("results are read from OneTrust")
            await self.fetcher.give_up_old()
            self.reads, self.refused = True, False
        if due := await self.store.results.due(BATCH, first_delay_s=self.fetcher.first_s):
            self.fetcher.late = self.late_s(await self.store.results.waiting()) >= LATE_S
            targets: dict[Target, list[Poll]] = {}
            for poll in due:
                if (target := _target(poll.scan)) is not None:
                    targets.setdefault(target, []).append(poll)
                else:
                    reason = "nothing was read from the build, so there is nothing to search for"
                    await self.fetcher.end(poll, ResultState.LOST, reason)
            await self.fetcher.index.fetch(len(targets))
            for target, polls in targets.items():
                await self._poll(target, polls)
        return await self.store.results.next_due_at(first_delay_s=self.fetcher.first_s)

    async def _poll(self, target: Target, polls: Sequence[Poll]) -> None:
        """Poll for one target; its errors don't affect the others.

        Raises:
            CannotRead, StoreUnavailable: polling can't continue.
            TryLater: OneTrust asked for a pause.
        """
        name, platform = target
        trouble: TryLater | None = None
        try:
            if platform is not None:
                await self.fetcher.poll_name(name, platform, polls)
            else:
                await self.fetcher.poll_application(name, polls)
        except (CannotRead, StoreUnavailable):
            raise
        except NotFound:
            for poll in await self._still_due(polls):
                await self.fetcher.pending(poll, "OneTrust lists no app with this ID")
        except TryLater as error:
            trouble = error
        except Exception:  # an unexpected answer, or a bad row
            numbers = ", ".join(f"#{each.number}" for each in polls)
            logger.exception("scans %s could not be polled", numbers)
        for poll in await self._still_due(polls):  # whatever happened, never retry immediately
            await self.fetcher.reschedule(poll, _retry_after_s(trouble))
        if trouble is not None and trouble.retry_after_s is not None:
            raise trouble

    async def _still_due(self, polls: Sequence[Poll]) -> list[Poll]:
        """Return the current rows of those that are still due."""
        current = [(each.scan, await self.store.results.followed(each.number)) for each in polls]
        return [
            Poll(scan=scan, followed=followed)
            for scan, followed in current
            if followed is not None and followed.state in POLLED and followed.due_at <= self.clock.now()
        ]


def _retry_after_s(error: TryLater | None) -> float:
    """Return the pause that OneTrust asked for, limited so that the end of a long one is noticed."""
    return min(error.retry_after_s or 0.0, RECHECK_S) if error is not None else 0.0


def _target(scan: Scan) -> Target | None:
    """Return what to poll for a scan; ``None`` if neither application nor name is known."""
    # A rescan may have an application of its own if that was created before a person chose another.
    application_id = scan.app_id if scan.kind is Kind.RESCAN else scan.submission.application_id
    if application_id is not None:
        return application_id, None
    if scan.kind is Kind.NEW and scan.name and scan.platform is not None:
        return scan.name, scan.platform
    return None
