"""Following submitted scans on a held clock: few calls, no guess, nothing forgotten, nothing stopped."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.core.rate_limit import RateLimiter
from bot.core.scan import Platform, Share, State
from bot.core.scheduler import Scheduler
from bot.errors import CannotRead, NotFound, TryLater, Uncertain
from bot.features.compliance.rules import judge_by
from bot.features.results.fetcher import LISTS_TIMEOUT_S, ResultFetcher
from bot.features.results.messages import results_section
from bot.features.results.models import (
    Application,
    AppScan,
    OneTrustScanStatus,
    Results,
    ResultsPart,
    ResultState,
    Sdk,
)
from bot.features.results.poller import ResultPoller
from bot.scanners.onetrust.client import REQUESTS
from tests.bench import Bench
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP, a_share, submitted_apps, until

FIRST_S = 30.0
HOUR_S = 3600.0


@dataclass
class FakeApplications:
    """OneTrust's list, where each call takes its turn in the budget."""

    budget: RateLimiter
    clock: object
    apps: dict[str, Application] = field(default_factory=dict)
    of_app: dict[str, list[AppScan]] = field(default_factory=dict)
    troubles: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[tuple[str, float]] = field(default_factory=list)
    results_status: OneTrustScanStatus | None = None
    sdks: tuple[Sdk, ...] = (Sdk(package_id="com.ads", name="Ads"),)

    def add(self, app_id: str, name: str = "Shop", *scans: AppScan) -> None:
        status = scans[0].status if scans else OneTrustScanStatus.UNSCANNED
        self.apps[app_id] = Application(id=app_id, name=name, platform=Platform.ANDROID, status=status)
        self.of_app[app_id] = list(scans)

    async def _call(self, what: str) -> None:
        await self.budget.take()
        self.calls.append((what, self.clock.now()))
        if self.troubles.get(what):
            raise self.troubles[what].pop(0)

    def count(self, what: str) -> int:
        return sum(called == what for called, _ in self.calls)

    async def can_read(self) -> bool:
        await self._call("can_read")
        return True

    async def named(self, name, platform):
        await self._call("named")
        return [app for app in self.apps.values() if (app.name, app.platform) == (name, platform)]

    async def page(self, number, search=""):
        await self._call("page")
        apps = sorted(self.apps.values(), key=lambda app: app.name)
        return apps[number * 100 : number * 100 + 100], len(apps) > number * 100 + 100

    async def scans(self, application_id):
        await self._call("scans")
        if application_id not in self.of_app:
            raise NotFound("There is no such app.")
        return self.of_app[application_id]

    async def results(self, application_id, scan, platform):
        for _ in range(3):
            await self._call("results")
        if self.results_status is not None:
            scan = replace(scan, status=self.results_status)
        return Results(scan=scan, sdk_count=1, sdks=self.sdks)


@dataclass
class Desk:
    """A follower at work on a bench."""

    bench: Bench
    budget: RateLimiter
    applications: FakeApplications
    ended: list[int] = field(default_factory=list)

    def poller(self, hours: float = 24, *, judged: bool = False) -> ResultPoller:
        bench = self.bench
        fetcher = ResultFetcher(
            store=bench.store,
            applications=self.applications,
            announcer=bench.announcer,
            clock=bench.clock,
            may_create_link=bench.policy.may_create_link,
            wake=bench.domain.wake,
            ended=self.ended.append,
            judge=judge_by(()),
            first_s=FIRST_S,
            within_s=hours * HOUR_S,
        )
        return ResultPoller(
            store=bench.store,
            fetcher=fetcher,
            clock=bench.clock,
            wait_s=self.budget.wait_s,
            judged=judged,
        )

    @asynccontextmanager
    async def following(self, hours: float = 24, *, judged: bool = False) -> AsyncIterator[ResultPoller]:
        poller = self.poller(hours, judged=judged)
        scheduler = Scheduler(self.bench.clock)
        scheduler.start(poller.job)
        try:
            yield poller
        finally:
            await scheduler.stop()

    async def idle(self) -> None:
        """Wait until the follower sleeps."""
        await until(lambda: bool(self.bench.clock.naps))

    async def passes(self, seconds: float, step_s: float = 15.0) -> None:
        """Let time pass, and the follower do what is due."""
        while seconds > 0:
            await self.idle()
            self.bench.clock.advance(min(step_s, seconds))
            seconds -= step_s
        await self.idle()

    async def followed(self, number: int):
        return await self.bench.store.results.followed(number)


@pytest.fixture
def services(bench: Bench) -> Desk:
    budget = RateLimiter(bench.clock, REQUESTS)
    return Desk(bench=bench, budget=budget, applications=FakeApplications(budget, bench.clock))


def a_scan(
    services: Desk, id_: str = "s1", status: OneTrustScanStatus = OneTrustScanStatus.COMPLETED, **rest
) -> AppScan:
    return AppScan(
        **{
            "id": id_,
            "status": status,
            "scanned_at": services.bench.clock.now(),
            "version": SHOP.version,
            **rest,
        }
    )


async def submitted(services: Desk, share: Share | None = None, *, build=SHOP):
    services.bench.reader.build = build
    return await services.bench.submitted(share or a_share())


async def rescanned(services: Desk, file_id: str, version: str, app_id: str = APP_ID):
    """Submit a rescan of an app."""
    bench = services.bench
    await bench.store.links.put(SHOP.bundle_id, SHOP.platform, app_id, who="UDANA", replace=True)
    return await submitted(services, a_share(file_id), build=replace(SHOP, version=version))


async def test_a_new_app_is_looked_for_in_growing_intervals_linked_and_read(services):
    scan = await submitted(services)
    async with services.following():
        await services.passes(FIRST_S + 45 + 30)
        assert services.applications.count("named") == 2
        services.applications.add(APP_ID, "Shop", a_scan(services))
        await services.passes(120)

    followed = await services.followed(scan.number)
    assert followed.state is ResultState.COMPLETED
    assert (await services.bench.store.results.of(scan.number)).sdks[0].name == "Ads"
    link = await services.bench.store.links.of_build(SHOP.bundle_id, SHOP.platform)
    assert (link.app_id, link.linked_by) == (APP_ID, None)
    assert services.ended == [scan.number]
    assert services.bench.announcer.told[-1] == scan.number


async def test_a_running_scan_is_followed_over_a_restart_and_said_to_have_failed(services):
    scan = await rescanned(services, "F1", "4.2.0")
    services.applications.add(APP_ID, "Shop", a_scan(services, status=OneTrustScanStatus.PROGRESS))
    async with services.following():
        await services.passes(FIRST_S)
    followed = await services.followed(scan.number)
    assert (followed.state, followed.status) == (ResultState.RUNNING, OneTrustScanStatus.PROGRESS)

    services.applications.add(APP_ID, "Shop", a_scan(services, status=OneTrustScanStatus.INTERRUPTED))
    async with services.following():
        await services.passes(60)

    assert (await services.followed(scan.number)).state is ResultState.INTERRUPTED
    assert (await services.bench.store.scans.events(scan.number))[-1].why == (
        "OneTrust says that its scan was interrupted"
    )
    assert services.ended == [scan.number]


async def test_scans_of_one_app_share_a_look_and_each_gets_its_own(services):
    first = await rescanned(services, "F1", "4.2.0")
    second = await rescanned(services, "F2", "4.3.0")
    services.applications.add(APP_ID, "Shop", a_scan(services, "s2", version="4.3.0"), a_scan(services, "s1"))
    async with services.following():
        await services.passes(FIRST_S)

    assert services.applications.count("scans") == 1
    assert [(await services.bench.scan(each.number)).submission.scan_id for each in (first, second)] == [
        "s1",
        "s2",
    ]


async def test_two_builds_of_a_version_at_once_are_not_told_apart_by_a_guess(services):
    scans = [await rescanned(services, "F1", "4.2.0"), await rescanned(services, "F2", "4.2.0")]
    services.applications.add(APP_ID, "Shop", a_scan(services, "s2"), a_scan(services, "s1"))
    async with services.following():
        await services.passes(FIRST_S)

    for scan in scans:
        followed = await services.followed(scan.number)
        assert followed.state is ResultState.AMBIGUOUS
        assert followed.looked_for.startswith("2 builds of this app went to OneTrust at about the same time")
        assert (await services.bench.scan(scan.number)).submission.scan_id is None


async def test_apps_of_others_are_not_taken_for_a_new_one(services):
    scan = await submitted(services)
    services.applications.add(OTHER_APP_ID, "Shop", a_scan(services, "s9"))
    services.applications.add(
        "old-1", "Shop", a_scan(services, "s0", scanned_at=services.bench.clock.now() - HOUR_S)
    )
    await services.bench.store.links.put(
        "com.example.other", Platform.ANDROID, OTHER_APP_ID, who=None, replace=True
    )
    async with services.following():
        await services.passes(FIRST_S)
        assert (await services.followed(scan.number)).state is ResultState.FINDING
        services.applications.add(APP_ID, "Shop", a_scan(services))
        await services.passes(60)

    assert (await services.bench.scan(scan.number)).submission.application_id == APP_ID


async def test_a_rescan_is_looked_for_at_the_app_it_is_of_and_not_at_one_made_before(services):
    scan = await rescanned(services, "F1", "4.2.0")
    await services.bench.database.write(
        lambda db: db.execute("UPDATE submissions SET application_id = ?", [OTHER_APP_ID])
    )  # made for it as a new app, before a person chose what it is a rescan of
    services.applications.add(OTHER_APP_ID, "Shop", a_scan(services, "s9"))
    services.applications.add(APP_ID, "Shop", a_scan(services))
    async with services.following():
        await services.passes(FIRST_S)

    found = (await services.bench.scan(scan.number)).submission
    assert (found.application_id, found.scan_id) == (APP_ID, "s1")


async def test_another_teams_app_of_just_before_is_not_linked_while_the_own_one_is_not_listed(services):
    services.applications.add(OTHER_APP_ID, "Shop", a_scan(services, "s9"))
    services.bench.clock.advance(120)
    scan = await submitted(services)
    async with services.following():
        await services.passes(FIRST_S)
        assert (await services.followed(scan.number)).state is ResultState.FINDING
        services.applications.add(APP_ID, "Shop", a_scan(services))
        await services.passes(60)

    assert (await services.followed(scan.number)).state is ResultState.AMBIGUOUS
    assert await services.bench.store.links.of_build(SHOP.bundle_id, SHOP.platform) is None


async def test_somebody_elses_scan_of_another_version_is_not_taken_while_it_runs(services):
    scan = await rescanned(services, "F1", "4.2.0")
    services.applications.add(
        APP_ID, "Shop", a_scan(services, "s9", OneTrustScanStatus.PENDING, version=None)
    )
    async with services.following():
        await services.passes(FIRST_S)
        assert (await services.followed(scan.number)).state is ResultState.FINDING
        services.applications.add(APP_ID, "Shop", a_scan(services), a_scan(services, "s9", version="9.9"))
        await services.passes(FIRST_S + 60)

    assert (await services.bench.scan(scan.number)).submission.scan_id == "s1"


async def test_an_app_that_comes_hours_later_is_a_persons_to_judge(services):
    scan = await submitted(services)
    async with services.following():
        await services.passes(7 * HOUR_S, step_s=300)
        services.applications.add(OTHER_APP_ID, "Shop", a_scan(services, "s9"))
        await services.passes(HOUR_S / 2, step_s=300)

    followed = await services.followed(scan.number)
    assert followed.state is ResultState.AMBIGUOUS
    assert "hours after this build was sent" in followed.looked_for
    assert await services.bench.store.links.of_build(SHOP.bundle_id, SHOP.platform) is None


async def test_an_uncertain_submission_is_told_of_each_look_and_settled_once_found(services):
    services.bench.scanner.outcomes.append(Uncertain("no answer"))
    number = await services.bench.shared(a_share())
    await services.bench.pipeline.run(number)
    revision = (await services.bench.scan(number)).revision
    async with services.following():
        await services.passes(FIRST_S)
        followed = await services.followed(number)
        assert followed.looked_for == "OneTrust's list has no new app of this name since then"
        assert followed.looked_at is not None
        assert (await services.bench.scan(number)).revision > revision
        services.applications.add(APP_ID, "Shop", a_scan(services, status=OneTrustScanStatus.PENDING))
        await services.passes(60)

    scan = await services.bench.scan(number)
    assert (scan.state, scan.submission.application_id) == (State.SUBMITTED, APP_ID)
    assert (await services.followed(number)).status is OneTrustScanStatus.PENDING
    assert len(services.bench.scanner.orders) == 1


async def test_what_is_never_found_is_lost_in_the_end_and_says_what_was_looked_at(services):
    scan = await submitted(services)
    async with services.following(hours=1):
        await services.passes(HOUR_S + 1000, step_s=60)

    followed = await services.followed(scan.number)
    assert followed.state is ResultState.LOST
    assert followed.looked_for == "OneTrust's list has no new app of this name since then"
    assert 8 <= followed.looks <= 12
    assert services.applications.count("named") == followed.looks


async def test_a_scan_that_does_not_show_for_ten_minutes_is_told_once(services):
    scan = await submitted(services)
    before = (await services.bench.store.scans.scan(scan.number)).revision
    async with services.following():
        await services.passes(500)
        assert not (await services.followed(scan.number)).is_overdue
        assert (await services.bench.store.scans.scan(scan.number)).revision == before
        await services.passes(1500)

    assert (await services.followed(scan.number)).is_overdue
    assert (await services.bench.store.scans.scan(scan.number)).revision == before + 1
    assert services.bench.announcer.told[-1] == scan.number


async def test_an_app_that_is_gone_is_looked_for_to_the_end(services):
    scan = await rescanned(services, "F1", "4.2.0")
    async with services.following(hours=1):
        await services.passes(HOUR_S + 1000, step_s=60)

    followed = await services.followed(scan.number)
    assert (followed.state, followed.looked_for) == (
        ResultState.LOST,
        "OneTrust lists no app with this ID",
    )


async def test_onetrust_away_costs_no_look(services):
    scan = await submitted(services)
    services.applications.troubles["named"] = [
        TryLater("busy", retry_after_s=100.0),
        TryLater("away"),
        ValueError("odd"),
    ]
    async with services.following():
        await services.passes(FIRST_S)
        asked_at = services.applications.calls[-1][1]
        await services.passes(90)
        assert services.applications.calls[-1][1] == asked_at  # it asked for this pause
        await services.passes(400)
        assert services.applications.count("named") >= 4

    followed = await services.followed(scan.number)
    assert (followed.state, followed.looks) == (
        ResultState.FINDING,
        services.applications.count("named") - 3,
    )


async def test_a_day_that_one_answer_asks_to_wait_is_an_hour(services):
    scan = await rescanned(services, "F1", "4.2.0")
    services.applications.add(APP_ID, "Shop", a_scan(services))
    services.applications.troubles["scans"] = [TryLater("maintenance", retry_after_s=24 * HOUR_S, status=503)]
    async with services.following():
        await services.passes(HOUR_S, step_s=60)
        assert services.applications.count("scans") == 1
        await services.passes(600, step_s=60)

    assert (await services.followed(scan.number)).state is ResultState.COMPLETED


async def test_one_bad_row_stops_nobody_else(services, caplog):
    bad = await submitted(services, build=replace(SHOP, display_name="Bad", bundle_id="com.example.bad"))
    good = await submitted(services, a_share("F2"))
    services.applications.troubles["named"] = [RuntimeError("an odd answer")]
    services.applications.add(APP_ID, "Shop", a_scan(services))
    async with services.following():
        await services.passes(FIRST_S)

    assert (await services.followed(good.number)).state is ResultState.COMPLETED
    assert (await services.followed(bad.number)).due_at > services.bench.clock.now()
    (logged,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert f"#{bad.number}" in logged.getMessage()


async def test_where_results_can_t_be_read_that_is_said_once_and_taken_up_when_they_can(services, caplog):
    scan = await submitted(services)
    followed = await services.followed(scan.number)
    services.applications.add(APP_ID, "Shop", a_scan(services))
    services.applications.troubles["can_read"] = [CannotRead("no COOKIE_READ") for _ in range(3)]
    async with services.following() as poller:
        await services.passes(2 * HOUR_S, step_s=600)
        assert poller.next_at(followed) is None
        assert poller.refused
        assert await services.followed(scan.number) == followed
        await services.passes(2 * HOUR_S, step_s=600)
        assert poller.next_at(followed) is not None
        assert not poller.refused

    assert (await services.followed(scan.number)).state is ResultState.COMPLETED
    assert [record.message for record in caplog.records if "not read" in record.message] == [
        "results are not read: no COOKIE_READ"
    ]


async def test_a_policy_that_can_t_be_judged_is_warned_of_once(services, caplog):
    services.applications.troubles["can_read"] = [CannotRead("no COOKIE_READ") for _ in range(3)]
    async with services.following(judged=True):
        await services.passes(2 * HOUR_S, step_s=600)

    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "results are not read, so that no rule of APPSCAN_RULES is judged: no COOKIE_READ"
    ]


async def many(services, count: int) -> list[int]:
    """Let so many new apps have been submitted, all at this moment."""
    return await submitted_apps(services.bench.database, services.bench.clock.now(), count)


async def test_three_hundred_at_once_share_sixty_calls_a_minute_and_late_ones_are_foretold(services):
    numbers, clock = await many(services, 300), services.bench.clock
    for nth in numbers:
        services.applications.add(f"app-{nth}", f"App {nth}", a_scan(services, f"s{nth}"))
    due_at = clock.now() + FIRST_S
    async with services.following() as poller:
        late_s = poller.late_s(300)
        assert 20 * 60 <= late_s <= 30 * 60
        while len(services.ended) < 300:
            await services.idle()
            clock.advance(clock.naps[0])

    assert sorted(services.ended) == numbers
    assert clock.now() - due_at <= late_s
    times = [at for _, at in services.applications.calls]
    assert max(sum(at <= other < at + 60 for other in times) for at in times) <= 60
    assert services.applications.count("named") == 0  # the list told of all of them
    assert services.applications.count("page") <= 9
    assert len(times) <= 300 * 4 + 10


async def test_what_was_submitted_long_before_results_can_be_read_is_let_be(services):
    old = await many(services, 3)
    services.bench.clock.advance(8 * 24 * HOUR_S)
    scan = await submitted(services)
    services.applications.add("app-1", f"App {old[0]}", a_scan(services, "s9"))
    async with services.following():
        await services.passes(FIRST_S)

    for number in old:
        assert (await services.followed(number)).state is ResultState.LOST
        assert number not in services.bench.announcer.told  # hundreds of old threads would be written to
    assert services.applications.count("named") == 1
    assert (await services.followed(scan.number)).state is ResultState.FINDING


async def test_a_scan_that_is_told_of_as_running_where_its_results_are_is_not_over(services):
    scan = await rescanned(services, "F1", "4.2.0")
    services.applications.add(APP_ID, "Shop", a_scan(services))
    services.applications.results_status = OneTrustScanStatus.PROGRESS
    async with services.following():
        await services.passes(FIRST_S)
        assert (await services.followed(scan.number)).state is ResultState.RUNNING
        services.applications.results_status = None
        await services.passes(60)

    assert (await services.followed(scan.number)).state is ResultState.COMPLETED
    assert services.ended == [scan.number]


async def test_lists_that_come_after_their_counts_are_waited_for_but_not_for_ever(services):
    scan = await rescanned(services, "F1", "4.2.0")
    services.applications.add(APP_ID, "Shop", a_scan(services))
    services.applications.sdks = ()
    async with services.following():
        await services.passes(FIRST_S)
        assert (await services.followed(scan.number)).state is ResultState.RUNNING
        await services.passes(LISTS_TIMEOUT_S + 900, step_s=60)

    assert (await services.followed(scan.number)).state is ResultState.COMPLETED
    assert (await services.bench.store.results.of(scan.number)).sdk_count == 1


async def test_a_card_says_when_a_result_may_come_how_late_and_among_how_many(services):
    numbers = await many(services, 300)

    async def shown(poller: ResultPoller) -> ResultsPart:
        section = results_section(
            clock=services.bench.clock,
            permalink=lambda _: None,
            poller=lambda: poller,
        )
        scan = await services.bench.scan(numbers[0])
        return section.complete(await services.bench.database.read(lambda db: section.read(db, scan, None)))

    assert (await shown(services.poller())).next_at is None  # it is not known yet whether any can come

    async with services.following() as running:
        await services.idle()
        assert running.reads
        part = await shown(running)

    assert part.next_at == services.bench.clock.now() + FIRST_S
    assert part.waiting == 300
    assert part.late_s == running.late_s(300) >= 20 * 60


async def test_a_long_list_is_not_read_for_a_few(services):
    for nth in range(900):
        services.applications.add(f"app-{nth}", f"Old {nth}")
    await many(services, 24)
    async with services.following():
        await services.passes(60 + FIRST_S)
        assert services.applications.count("page") == 6  # a quarter of what it could have saved
        await services.passes(300)

    assert services.applications.count("page") == 6
    assert services.applications.count("named") >= 48


async def test_nothing_known_of_a_build_is_nothing_to_look_for(services):
    number = await services.bench.shared(a_share())
    await services.bench.store.scans.move(number, State.UNCERTAIN, why="the bot was set back to a backup")
    async with services.following():
        await services.passes(FIRST_S)

    assert (await services.followed(number)).looked_for.startswith("nothing was read from the build")
    assert [what for what, _ in services.applications.calls] == ["can_read"]
