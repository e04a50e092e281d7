"""One poll of OneTrust for scans of the same application or name; each result is stored at once."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.core import identifiers
from bot.core.backoff import Backoff
from bot.core.ports import Announcer, Clock
from bot.core.scan import Kind, Platform, Scan, State
from bot.errors import NotFound
from bot.features.results import matching
from bot.features.results.app_index import AppIndex
from bot.features.results.models import Application, AppScan, Judge, OneTrustScanStatus, Poll, ResultState
from bot.features.results.ports import Applications, ResultStore

logger = logging.getLogger(__name__)

MAX_INTERVAL_S: Final = 900.0
"""Maximum time between two polls for a scan."""
STALE_S: Final = 7 * 24 * 3600.0
"""Older submissions are not polled when results become readable (again): no one expects their results."""
LISTS_TIMEOUT_S: Final = 3600.0
"""How long to wait for the lists of SDKs and permissions that OneTrust counts but does not list yet: compared
without them, everything would seem removed."""
MAX_NAMESAKES: Final = 10
"""Maximum number of apps of one name whose scans are fetched to find ours."""
DETAIL_EVERY: Final = 4
"""While the list says that an app's scan is unfinished, its scans are fetched on every nth poll only."""
_CACHED_FIRST_SCANS: Final = 1000

_UNFINISHED: Final = frozenset({OneTrustScanStatus.PENDING, OneTrustScanStatus.PROGRESS})
_ENDED: Final = {
    OneTrustScanStatus.FAILED: ResultState.FAILED,
    OneTrustScanStatus.INTERRUPTED: ResultState.INTERRUPTED,
}
_EVENTS: Final = {
    ResultState.FAILED: "OneTrust says that its scan failed",
    ResultState.INTERRUPTED: "OneTrust says that its scan was interrupted",
    ResultState.AMBIGUOUS: "ambiguous in OneTrust: ",
    ResultState.LOST: "stopped polling OneTrust: ",
}
"""The line of the timeline when polling ends; the reason follows the colon."""

_UNREACHABLE: Final = "OneTrust could not be reached"


@dataclass(kw_only=True, eq=False, repr=False)
class ResultFetcher:
    """Polls OneTrust, matches submissions with its scans, and stores statuses and results.

    ``ended`` is called with each scan that OneTrust finished; ``judge`` finds violations of the compliance
    rules. ``first_s`` is the time from a submission to its first poll, ``within_s`` the limit for polling.
    """

    store: ResultStore
    applications: Applications
    announcer: Announcer
    clock: Clock
    may_create_link: Callable[[Scan], bool]
    wake: Callable[[], None]
    ended: Callable[[int], None]
    judge: Judge
    first_s: float
    within_s: float
    late: bool = field(init=False, default=False)
    """Whether results are delayed at the moment: then replies are updated after the first poll too."""
    _first_scans: dict[str, AppScan] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.index = AppIndex(self.applications)

    async def poll_application(self, application_id: str, polls: Sequence[Poll]) -> None:
        """Poll for scans of an application.

        Raises:
            CannotRead, NotFound, TryLater: see ``Applications``.
        """
        status = self.index.status(application_id)
        if status in _UNFINISHED and not any(map(_needs_detail, polls)):
            for poll in polls:
                await self.pending(poll, status=status)
            return
        scans = await self.applications.scans(application_id)
        competing = await self.store.results.competing_submissions(application_id, _competing_since(polls))
        await self._match_scans(application_id, polls, scans, competing)

    async def poll_name(self, name: str, platform: Platform, polls: Sequence[Poll]) -> None:
        """Search for the applications that OneTrust created for new apps of one name.

        Raises:
            CannotRead, TryLater: see ``Applications``.
        """
        apps = self.index.named(name, platform)
        if apps is None:
            apps = await self.applications.named(name, platform)
        competing = await self.store.results.unmatched_new_apps(name, platform, _competing_since(polls))
        now = self.clock.now()
        submissions = [
            matching.submission(each, now, await self._excluded(each.scan, apps)) for each in competing
        ]
        ids = [app.id for app in apps if any(app.id not in each.excluded for each in submissions)]
        matches: Mapping[int, matching.Match]
        scans: dict[str, list[AppScan]] = {}
        if len(ids) > MAX_NAMESAKES:
            matches = {each.number: matching.Ambiguity(count=len(ids)) for each in submissions}
        else:
            oldest = min((each.since for each in submissions), default=0.0)
            matches = matching.match(submissions, await self._fetch_first_scans(ids, oldest, scans))
        for poll in polls:
            match = matches.get(poll.number)
            if isinstance(match, AppScan):
                await self._match_scans(match.id, [poll], scans[match.id], [])
            else:
                await self._unmatched(poll, match, "app")

    async def _excluded(self, scan: Scan, apps: Sequence[Application]) -> set[str]:
        """Return the applications that can't be the one created for a new app's scan."""
        ids = {app.id for app in apps}
        excluded = await self.store.results.others(ids, scan)
        if scan.bundle_id is not None and scan.platform is not None:
            link = await self.store.links.of_build(scan.bundle_id, scan.platform)
            linked = {app_id for app_id in ids - excluded if link and app_id.lower() == link.app_id.lower()}
            if linked:
                return ids - linked
        return excluded

    async def _fetch_first_scans(
        self, application_ids: Sequence[str], since: float, scans: dict[str, list[AppScan]]
    ) -> list[AppScan]:
        """Return each application's first scan; those before ``since`` are fetched only once."""
        first_scans = []
        for application_id in application_ids:
            first = self._first_scans.get(application_id)
            if first is None or (first.scanned_at or 0.0) >= since - matching.CLOCKS_S:
                try:
                    scans[application_id] = await self.applications.scans(application_id)
                except NotFound:
                    continue
                first = matching.first_scan(application_id, scans[application_id])
                if first is not None and len(self._first_scans) < _CACHED_FIRST_SCANS:
                    self._first_scans[application_id] = first
            if first is not None:
                first_scans.append(first)
        return first_scans

    async def _match_scans(
        self,
        application_id: str,
        polls: Sequence[Poll],
        scans: Sequence[AppScan],
        competing: Sequence[Poll],
    ) -> None:
        """Match polls with an application's scans, and store the status of each."""
        by_id = {scan.id: scan for scan in scans}
        taken = await self.store.results.taken(by_id.keys())
        now = self.clock.now()
        unmatched = [poll for poll in polls if poll.scan.submission.scan_id is None]
        submissions = {poll.number: matching.submission(poll, now) for poll in (*competing, *unmatched)}
        matches = matching.match(list(submissions.values()), [scan for scan in scans if scan.id not in taken])
        for poll in polls:
            known_id = poll.scan.submission.scan_id
            match = matches.get(poll.number)
            if known_id is not None:
                if poll.followed.looks == 0:
                    await self._link(poll.scan, application_id)
                await self._update(poll, application_id, by_id.get(known_id))
            elif isinstance(match, AppScan):
                await self._matched(poll, application_id, match)
            else:
                await self._unmatched(poll, match, "scan")

    async def _matched(self, poll: Poll, application_id: str, match: AppScan) -> None:
        """Store the matched scan's ID; that settles an uncertain submission."""
        matched = await self.store.results.matched(
            poll.number, application_id, match.id, self.may_create_link
        )
        if matched is None:
            return
        logger.info("scan #%d was found in OneTrust: scan %s", poll.number, ascii(match.id))
        await self._link(matched.scan, application_id)
        self.announcer.changed(poll.number)
        self.wake()
        await self._update(matched, application_id, match)

    async def _unmatched(self, poll: Poll, match: matching.NoMatch, what: str) -> None:
        """Store why a poll matched no ``what``: ``app`` or ``scan``."""
        reason = matching.reason(match, what)
        if isinstance(match, matching.Ambiguity):
            await self.end(poll, ResultState.AMBIGUOUS, reason)
        else:
            await self.pending(poll, reason)

    async def _link(self, scan: Scan, application_id: str) -> None:
        """Link a new app's build to its ID, so that the next build is a rescan."""
        if scan.kind is not Kind.NEW or scan.bundle_id is None or scan.platform is None:
            return
        if identifiers.is_app_id(application_id) and await self.store.links.put(
            scan.bundle_id, scan.platform, application_id, who=None, replace=False
        ):
            why = f"linked to {application_id}, as OneTrust lists it"
            await self._save(scan.number, why=why, show=True)

    async def _update(self, poll: Poll, application_id: str, listed: AppScan | None) -> None:
        """Store the status of a matched scan, and its results if it is completed."""
        if listed is None:
            await self.pending(poll, "OneTrust no longer lists this scan")
        elif listed.status is OneTrustScanStatus.COMPLETED and poll.scan.platform is not None:
            results = await self.applications.results(application_id, listed, poll.scan.platform)
            lists_due_at = (results.scan.scanned_at or 0.0) + LISTS_TIMEOUT_S
            if results.scan.status is not OneTrustScanStatus.COMPLETED:  # it was restarted
                await self.pending(poll, status=results.scan.status)
            elif not results.is_listed and self.clock.now() < lists_due_at:
                await self.pending(
                    poll, "OneTrust counts this scan's SDKs or permissions, but does not list them"
                )
            else:
                await self.store.results.keep(poll.number, results, self.judge)
                logger.info("scan #%d is completed: %d SDKs", poll.number, results.sdk_count)
                self.announcer.changed(poll.number)
                self.ended(poll.number)
        elif listed.status in _ENDED:
            await self.end(poll, _ENDED[listed.status], status=listed.status)
            self.ended(poll.number)
        else:
            await self.pending(poll, status=listed.status)

    async def pending(
        self,
        poll: Poll,
        reason: str = "OneTrust has not finished this scan",
        *,
        status: OneTrustScanStatus | None = None,
    ) -> None:
        """Store a poll without results, and poll again later; ``reason`` is shown after the last poll."""
        now, followed = self.clock.now(), poll.followed
        if now >= followed.followed_at + self.within_s:
            await self.end(poll, ResultState.LOST, reason)
            return
        polls = followed.looks + 1
        uncertain = poll.scan.state is State.UNCERTAIN and followed.state is ResultState.FINDING
        overdue = replace(followed, looked_at=now).is_overdue and not followed.is_overdue
        is_new = status not in {None, followed.status}
        await self._save(
            poll.number,
            show=uncertain or overdue or is_new or (self.late and polls == 1),
            looks=polls,
            looked_at=now,
            due_at=now + self._delay_s(polls),
            status=status or followed.status,
            looked_for=reason if uncertain else "",
        )

    async def reschedule(self, poll: Poll, wait_s: float = 0.0) -> None:
        """Poll again later, as OneTrust can't be reached now; this does not count as a poll."""
        now = self.clock.now()
        if now >= poll.followed.followed_at + 2 * self.within_s:
            await self.end(poll, ResultState.LOST, _UNREACHABLE)
        else:
            wait_s = max(wait_s, self._delay_s(poll.followed.looks + 1))
            await self._save(poll.number, show=False, due_at=now + wait_s)

    async def end(
        self, poll: Poll, state: ResultState, reason: str = "", *, status: OneTrustScanStatus | None = None
    ) -> None:
        """Stop polling for a scan in this state; ``reason`` says why it has no result."""
        now, why = self.clock.now(), _EVENTS[state] + reason
        logger.info("scan #%d is no longer polled: %s", poll.number, why)
        await self._save(
            poll.number,
            why=why,
            show=True,
            state=state,
            status=status or poll.followed.status,
            looks=poll.followed.looks + 1,
            looked_at=now,
            looked_for=reason,
            ended_at=now,
        )

    async def give_up_old(self) -> None:
        """Stop polling for scans submitted long before results could be read, without calls or messages."""
        before = self.clock.now() - max(STALE_S, 2 * self.within_s)
        for number in await self.store.results.give_up(before, _UNREACHABLE):
            self.announcer.changed(number)

    async def _save(self, number: int, *, show: bool, **changes: Any) -> None:
        await self.store.results.update(number, show=show, **changes)
        if show:
            self.announcer.changed(number)

    def _delay_s(self, polls: int) -> float:
        """Return the time to the next poll, after a number of polls; the first came ``first_s`` late."""
        backoff = Backoff(first_s=self.first_s, factor=1.5, maximum_s=max(MAX_INTERVAL_S, self.first_s))
        return backoff.delay_s(polls + 1)


def _competing_since(polls: Sequence[Poll]) -> float:
    """Return the time before which no submission competes with these, directly or through another."""
    return min(poll.followed.since for poll in polls) - 3 * matching.LATEST_S


def _needs_detail(poll: Poll) -> bool:
    return poll.scan.state is State.UNCERTAIN or poll.followed.looks % DETAIL_EVERY == DETAIL_EVERY - 1
