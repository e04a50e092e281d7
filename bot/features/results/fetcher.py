"""One look at OneTrust for followed scans of one application or name; what it gave is kept at once."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.core import identifiers
from bot.core.backoff import Backoff
from bot.core.ports import Announcer, Clock
from bot.core.scan import Kind, Platform, Scan, State
from bot.errors import NotFound
from bot.features.results import matching
from bot.features.results.app_index import IndexedApps
from bot.features.results.models import (
    Application,
    AppScan,
    Judge,
    OneTrustScanStatus,
    ResultState,
    ResultStatus,
)
from bot.features.results.ports import Applications, ResultStore
from bot.features.submission.outcomes import remember_link

logger = logging.getLogger(__name__)

LONGEST_S: Final = 900.0
"""Between two looks for one scan."""
STALE_S: Final = 7 * 24 * 3600.0
"""What was submitted so long before results can be read (again) is not looked for: nobody waits for it."""
LISTS_S: Final = 3600.0
"""How long after a scan its lists are waited for, where OneTrust counts what it does not list: without them
all would seem gone since the scan before."""
NAMESAKES: Final = 10
"""Apps of one name that are told apart by their scans; of more, a person has to."""
CLOSER_EACH: Final = 4
"""Where the list says that an app's scan is not over, only each so manyth look goes closer."""
_REMEMBERED: Final = 1000

_GOES_ON: Final = frozenset({OneTrustScanStatus.PENDING, OneTrustScanStatus.PROGRESS})
_OVER: Final = {
    OneTrustScanStatus.FAILED: ResultState.FAILED,
    OneTrustScanStatus.INTERRUPTED: ResultState.INTERRUPTED,
}

NO_APP: Final = "OneTrust's list has no app of this name that was made since then"
NO_SUCH: Final = "OneTrust lists no app with this ID"
NO_SCAN: Final = "OneTrust lists no scan of this app that began since then"
EARLY_APP: Final = (
    "OneTrust lists one new app of this name, but not yet what tells whether it is this build's"
)
EARLY_SCAN: Final = "OneTrust lists one scan of this app, but not yet what tells whether it is this build's"
GONE: Final = "OneTrust lists this scan no more"
NOT_OVER: Final = "OneTrust has not ended this scan"
NOT_LISTED: Final = "OneTrust counts what this scan found, but does not list it"
UNREAD: Final = "nothing was read from the build, so there is nothing to look for"
NOT_ASKED: Final = "OneTrust could not be asked"


@dataclass(frozen=True, kw_only=True)
class Poll:
    """A followed scan of the bot's."""

    scan: Scan
    followed: ResultStatus

    @property
    def number(self) -> int:
        """The scan's number."""
        return self.scan.number


class ResultFetcher:
    """Looks, tells what is found apart, and keeps what came of it.

    ``ended`` is told each scan that OneTrust ended; ``judge`` finds what in its results breaks the policy.
    ``first_s`` is the time from a submission to its first look, ``within_s`` for how long it is followed.
    """

    def __init__(
        self,
        *,
        store: ResultStore,
        applications: Applications,
        announcer: Announcer,
        clock: Clock,
        may_create_link: Callable[[Scan], bool],
        wake: Callable[[], None],
        ended: Callable[[int], None],
        judge: Judge,
        first_s: float,
        within_s: float,
    ) -> None:
        self._store = store
        self._applications = applications
        self._announcer = announcer
        self._clock = clock
        self._may_create_link = may_create_link
        self._wake = wake
        self._ended = ended
        self._judge = judge
        self._backoff = Backoff(first_s=first_s, factor=1.5, maximum_s=max(LONGEST_S, first_s))
        self._within_s = within_s
        self._began: dict[str, AppScan] = {}
        self.late = False
        """Whether results come late at the moment: then the first look is told too."""

    async def at_application(self, application_id: str, sought: Sequence[Poll], listing: IndexedApps) -> None:
        """Look at the scans of an application.

        Raises:
            CannotRead, NotFound, TryLater: as ``Applications`` has it.
        """
        listed = listing.status(application_id)
        if listed in _GOES_ON and not any(map(_goes_closer, sought)):
            for each in sought:
                await self.later(each, NOT_OVER, status=listed)
            return
        scans = await self._applications.scans(application_id)
        competing_submissions = await self._store.results.competing_submissions(
            application_id, _vying_since(sought)
        )
        await self._among(application_id, sought, scans, competing_submissions)

    async def at_name(
        self, name: str, platform: Platform, sought: Sequence[Poll], listing: IndexedApps
    ) -> None:
        """Look for the applications that new apps of one name became.

        Raises:
            CannotRead, TryLater: as ``Applications`` has it.
        """
        apps = listing.named(name, platform)
        if apps is None:
            apps = await self._applications.named(name, platform)
        competing_submissions = await self._store.results.nameless(name, platform, _vying_since(sought))
        now = self._clock.now()
        seekers = [
            matching.candidate(scan, followed, now, await self._barred(scan, apps))
            for scan, followed in competing_submissions
        ]
        free = [app.id for app in apps if any(app.id not in each.barred for each in seekers)]
        told: Mapping[int, matching.Told]
        scans: dict[str, list[AppScan]] = {}
        if len(free) > NAMESAKES:
            told = {each.number: matching.Ambiguity(count=len(free)) for each in seekers}
        else:
            oldest = min((each.since for each in seekers), default=0.0)
            told = matching.match(seekers, await self._began_with(free, oldest, scans))
        for each in sought:
            found = told.get(each.number)
            if isinstance(found, AppScan):
                await self._among(found.id, [each], scans[found.id], [])
            elif isinstance(found, matching.TooEarly):
                await self.later(each, EARLY_APP)
            elif found is None:
                await self.later(each, NO_APP)
            else:
                await self._doubt(each, _apps(found))

    async def _barred(self, scan: Scan, apps: Sequence[Application]) -> set[str]:
        """Return the applications that a new app's scan can't have made."""
        known = {app.id for app in apps}
        barred = await self._store.results.others(known, scan)
        if scan.bundle_id is not None and scan.platform is not None:
            link = await self._store.links.of_build(scan.bundle_id, scan.platform)
            linked = {app_id for app_id in known - barred if link and app_id.lower() == link.app_id.lower()}
            if linked:
                return known - linked
        return barred

    async def _began_with(
        self, application_ids: Sequence[str], since: float, scans: dict[str, list[AppScan]]
    ) -> list[AppScan]:
        """Return what each application began with; those that are older than ``since`` are asked for once."""
        began = []
        for application_id in application_ids:
            first = self._began.get(application_id)
            if first is None or (first.scanned_at or 0.0) >= since - matching.CLOCKS_S:
                try:
                    scans[application_id] = await self._applications.scans(application_id)
                except NotFound:
                    continue
                first = matching.as_made(application_id, scans[application_id])
                if first is not None and len(self._began) < _REMEMBERED:
                    self._began[application_id] = first
            if first is not None:
                began.append(first)
        return began

    async def _among(
        self,
        application_id: str,
        sought: Sequence[Poll],
        scans: Sequence[AppScan],
        competing_submissions: Sequence[tuple[Scan, ResultStatus]],
    ) -> None:
        """Tell which of an application's scans each is, and how far that is."""
        taken = await self._store.results.taken([scan.id for scan in scans])
        now = self._clock.now()
        vying = {
            scan.number: matching.candidate(scan, followed, now) for scan, followed in competing_submissions
        }
        vying |= {
            each.number: matching.candidate(each.scan, each.followed, now)
            for each in sought
            if each.scan.submission.scan_id is None
        }
        told = matching.match(list(vying.values()), [scan for scan in scans if scan.id not in taken])
        for each in sought:
            known_id = each.scan.submission.scan_id
            if known_id is not None:
                listed = next((scan for scan in scans if scan.id == known_id), None)
                if each.followed.looks == 0:
                    await self._link(each.scan, application_id)
                await self._progress(each, application_id, listed)
                continue
            found = told[each.number]
            if isinstance(found, AppScan):
                await self._found(each, application_id, found)
            elif isinstance(found, matching.TooEarly):
                await self.later(each, EARLY_SCAN)
            elif found is None:
                await self.later(each, NO_SCAN)
            else:
                await self._doubt(each, _scans(found))

    async def _found(self, sought: Poll, application_id: str, found: AppScan) -> None:
        """Keep which scan it is; an uncertain submission is settled by that."""
        results = self._store.results
        if sought.scan.state is State.UNCERTAIN:
            settled = await results.settle(sought.number, application_id, found.id)
            if settled is None:
                return  # a person was faster
            await remember_link(self._store, settled, self._may_create_link)
        elif not await results.found(sought.number, application_id, found.id):
            return
        logger.info("scan #%d was found in OneTrust: scan %s", sought.number, ascii(found.id))
        await self._link(sought.scan, application_id)
        self._announcer.changed(sought.number)
        self._wake()
        followed = await results.followed(sought.number)
        if followed is not None:
            await self._progress(Poll(scan=sought.scan, followed=followed), application_id, found)

    async def _link(self, scan: Scan, application_id: str) -> None:
        """Link a new app's build to its ID, so that the next build is a rescan."""
        if scan.kind is not Kind.NEW or scan.bundle_id is None or scan.platform is None:
            return
        if identifiers.is_app_id(application_id) and await self._store.links.put(
            scan.bundle_id, scan.platform, application_id, who=None, replace=False
        ):
            await self._store.scans.note(scan.number, f"linked to {application_id}, as OneTrust lists it")
            await self._store.results.look(scan.number, tell=True)
            self._announcer.changed(scan.number)

    async def _progress(self, sought: Poll, application_id: str, found: AppScan | None) -> None:
        """Keep how far its scan is; where it is complete, what it found."""
        if found is None:
            await self.later(sought, GONE)
        elif found.status is OneTrustScanStatus.COMPLETED and sought.scan.platform is not None:
            told = await self._applications.results(application_id, found, sought.scan.platform)
            if (
                told.scan.status is not OneTrustScanStatus.COMPLETED
            ):  # it is made again, or was not over after all
                await self.later(sought, NOT_OVER, status=told.scan.status)
                return
            if not told.is_listed and self._clock.now() < (told.scan.scanned_at or 0.0) + LISTS_S:
                await self.later(sought, NOT_LISTED)
                return
            await self._store.results.keep(sought.number, told, self._judge)
            logger.info("scan #%d is completed: %d SDKs", sought.number, told.sdk_count)
            self._announcer.changed(sought.number)
            self._ended(sought.number)
        elif (state := _OVER.get(found.status)) is not None:
            why = "failed" if state is ResultState.FAILED else "was interrupted"
            await self._end(sought, state, "", why=f"OneTrust says that its scan {why}", status=found.status)
            self._ended(sought.number)
        else:
            await self.later(sought, NOT_OVER, status=found.status)

    async def later(self, sought: Poll, said: str, *, status: OneTrustScanStatus | None = None) -> None:
        """Keep that a look ended nothing; ``said`` is why, which is told at the end of all looks."""
        now, looks = self._clock.now(), sought.followed.looks + 1
        if now >= sought.followed.followed_at + self._within_s:
            await self._end(sought, ResultState.LOST, said, why=f"looked for in vain: {said}")
            return
        unsure = sought.scan.state is State.UNCERTAIN and sought.followed.state is ResultState.FINDING
        status = status or sought.followed.status
        overdue = replace(sought.followed, looked_at=now).is_overdue and not sought.followed.is_overdue
        tell = unsure or overdue or status is not sought.followed.status or (self.late and looks == 1)
        await self._store.results.look(
            sought.number,
            tell=tell,
            looks=looks,
            looked_at=now,
            due_at=now + self._backoff.delay_s(looks + 1),
            status=status,
            looked_for=said if unsure else "",
        )
        if tell:
            self._announcer.changed(sought.number)

    async def reschedule(self, sought: Poll, wait_s: float = 0.0) -> None:
        """Look again later: that OneTrust can't be asked right now is no look."""
        now = self._clock.now()
        if now >= sought.followed.followed_at + 2 * self._within_s:
            await self._end(sought, ResultState.LOST, NOT_ASKED, why=f"looked for in vain: {NOT_ASKED}")
            return
        wait_s = max(wait_s, self._backoff.delay_s(sought.followed.looks + 2))
        await self._store.results.look(sought.number, due_at=now + wait_s)

    async def give_up_old(self) -> None:
        """End looking for what was submitted long before results could be read, without a call or a word."""
        before = self._clock.now() - max(STALE_S, 2 * self._within_s)
        for number in await self._store.results.give_up(before, NOT_ASKED):
            self._announcer.changed(number)

    async def unread(self, sought: Poll) -> None:
        """End looking for a scan of which nothing is known."""
        await self._end(sought, ResultState.LOST, UNREAD, why=f"not looked for: {UNREAD}")

    async def _doubt(self, sought: Poll, said: str) -> None:
        await self._end(sought, ResultState.AMBIGUOUS, said, why=f"not told apart in OneTrust: {said}")

    async def _end(
        self,
        sought: Poll,
        state: ResultState,
        said: str,
        *,
        why: str,
        status: OneTrustScanStatus | None = None,
    ) -> None:
        now = self._clock.now()
        logger.info("scan #%d is followed no more: %s", sought.number, why)
        await self._store.results.look(
            sought.number,
            why=why,
            state=state,
            status=status or sought.followed.status,
            looks=sought.followed.looks + 1,
            looked_at=now,
            looked_for=said,
            ended_at=now,
        )
        self._announcer.changed(sought.number)


def _vying_since(sought: Sequence[Poll]) -> float:
    """Return since when what was submitted may vie with one of these, or with what vies with it."""
    return min(each.followed.since for each in sought) - 3 * matching.LATEST_S


def _goes_closer(sought: Poll) -> bool:
    looks_for_more = sought.scan.state is State.UNCERTAIN
    return looks_for_more or sought.followed.looks % CLOSER_EACH == CLOSER_EACH - 1


def _apps(doubt: matching.Ambiguity) -> str:
    if doubt.competing_submissions:
        return (
            f"{doubt.competing_submissions + 1} builds of this name went to OneTrust at about the same time, "
            "and nothing tells their apps apart"
        )
    if doubt.count == 1:
        return (
            "OneTrust has an app of this name, but it was made hours after this build was sent and may be "
            "somebody else's"
        )
    return f"OneTrust has {doubt.count} apps of this name that this build could have made"


def _scans(doubt: matching.Ambiguity) -> str:
    if doubt.competing_submissions:
        return (
            f"{doubt.competing_submissions + 1} builds of this app went to OneTrust at about the same time, "
            "and nothing tells their scans apart"
        )
    if doubt.count == 1:
        return (
            "OneTrust has a scan of this app, but it began hours after this build was sent and may be "
            "somebody else's"
        )
    return f"OneTrust has {doubt.count} scans of this app that could be this one"
