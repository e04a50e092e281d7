"""Following submitted scans on a held clock: few calls, no guess, nothing forgotten, nothing stopped."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.core.rate_limit import RateLimiter
from bot.core.scheduler import Scheduler
from bot.errors import CannotRead, NotFound, TryLater, Uncertain
from bot.onetrust.inquiry import REQUESTS
from bot.scans.follow import Follower
from bot.scans.looks import LISTS_S, Looks
from bot.scans.models import Platform, Share, State
from bot.scans.records import Cards
from bot.scans.results import Application, AppScan, FollowState, Results, ScanStatus, Sdk
from bot.scans.rules import judge_by
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
    results_status: ScanStatus | None = None
    sdks: tuple[Sdk, ...] = (Sdk(package_id="com.ads", name="Ads"),)

    def add(self, app_id: str, name: str = "Shop", *scans: AppScan) -> None:
        status = scans[0].status if scans else ScanStatus.UNSCANNED
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

    def follower(self, hours: float = 24, *, judged: bool = False) -> Follower:
        bench = self.bench
        looks = Looks(
            store=bench.store,
            applications=self.applications,
            announcer=bench.announcer,
            clock=bench.clock,
            teaches=bench.policy.teaches,
            wake=bench._wake,
            ended=self.ended.append,
            judge=judge_by(()),
            first_s=FIRST_S,
            within_s=hours * HOUR_S,
        )
        return Follower(
            store=bench.store,
            applications=self.applications,
            looks=looks,
            clock=bench.clock,
            wait_s=self.budget.wait_s,
            first_s=FIRST_S,
            judged=judged,
        )

    @asynccontextmanager
    async def following(self, hours: float = 24, *, judged: bool = False) -> AsyncIterator[Follower]:
        follower = self.follower(hours, judged=judged)
        scheduler = Scheduler(self.bench.clock)
        scheduler.start(follower.job)
        try:
            yield follower
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
def desk(bench: Bench) -> Desk:
    budget = RateLimiter(bench.clock, REQUESTS)
    return Desk(bench=bench, budget=budget, applications=FakeApplications(budget, bench.clock))


def a_scan(desk: Desk, id_: str = "s1", status: ScanStatus = ScanStatus.COMPLETED, **rest) -> AppScan:
    return AppScan(
        **{"id": id_, "status": status, "scanned_at": desk.bench.clock.now(), "version": SHOP.version, **rest}
    )


async def submitted(desk: Desk, share: Share | None = None, *, build=SHOP):
    desk.bench.reader.build = build
    return await desk.bench.submitted(share or a_share())


async def rescanned(desk: Desk, file_id: str, version: str, app_id: str = APP_ID):
    """Submit a rescan of an app."""
    bench = desk.bench
    await bench.store.links.put(SHOP.bundle_id, SHOP.platform, app_id, who="UDANA", replace=True)
    return await submitted(desk, a_share(file_id), build=replace(SHOP, version=version))


async def test_a_new_app_is_looked_for_in_growing_intervals_linked_and_read(desk):
    scan = await submitted(desk)
    async with desk.following():
        await desk.passes(FIRST_S + 45 + 30)
        assert desk.applications.count("named") == 2
        desk.applications.add(APP_ID, "Shop", a_scan(desk))
        await desk.passes(120)

    followed = await desk.followed(scan.number)
    assert followed.state is FollowState.COMPLETED
    assert (await desk.bench.store.results.of(scan.number)).sdks[0].name == "Ads"
    link = await desk.bench.store.links.of_build(SHOP.bundle_id, SHOP.platform)
    assert (link.app_id, link.linked_by) == (APP_ID, None)
    assert desk.ended == [scan.number]
    assert desk.bench.announcer.told[-1] == scan.number


async def test_a_running_scan_is_followed_over_a_restart_and_said_to_have_failed(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    desk.applications.add(APP_ID, "Shop", a_scan(desk, status=ScanStatus.PROGRESS))
    async with desk.following():
        await desk.passes(FIRST_S)
    followed = await desk.followed(scan.number)
    assert (followed.state, followed.status) == (FollowState.RUNNING, ScanStatus.PROGRESS)

    desk.applications.add(APP_ID, "Shop", a_scan(desk, status=ScanStatus.INTERRUPTED))
    async with desk.following():
        await desk.passes(60)

    assert (await desk.followed(scan.number)).state is FollowState.INTERRUPTED
    assert (await desk.bench.store.scans.events(scan.number))[-1].why == (
        "OneTrust says that its scan was interrupted"
    )
    assert desk.ended == [scan.number]


async def test_scans_of_one_app_share_a_look_and_each_gets_its_own(desk):
    first = await rescanned(desk, "F1", "4.2.0")
    second = await rescanned(desk, "F2", "4.3.0")
    desk.applications.add(APP_ID, "Shop", a_scan(desk, "s2", version="4.3.0"), a_scan(desk, "s1"))
    async with desk.following():
        await desk.passes(FIRST_S)

    assert desk.applications.count("scans") == 1
    assert [(await desk.bench.scan(each.number)).submission.scan_id for each in (first, second)] == [
        "s1",
        "s2",
    ]


async def test_two_builds_of_a_version_at_once_are_not_told_apart_by_a_guess(desk):
    scans = [await rescanned(desk, "F1", "4.2.0"), await rescanned(desk, "F2", "4.2.0")]
    desk.applications.add(APP_ID, "Shop", a_scan(desk, "s2"), a_scan(desk, "s1"))
    async with desk.following():
        await desk.passes(FIRST_S)

    for scan in scans:
        followed = await desk.followed(scan.number)
        assert followed.state is FollowState.AMBIGUOUS
        assert followed.looked_for.startswith("2 builds of this app went to OneTrust at about the same time")
        assert (await desk.bench.scan(scan.number)).submission.scan_id is None


async def test_apps_of_others_are_not_taken_for_a_new_one(desk):
    scan = await submitted(desk)
    desk.applications.add(OTHER_APP_ID, "Shop", a_scan(desk, "s9"))
    desk.applications.add("old-1", "Shop", a_scan(desk, "s0", scanned_at=desk.bench.clock.now() - HOUR_S))
    await desk.bench.store.links.put(
        "com.example.other", Platform.ANDROID, OTHER_APP_ID, who=None, replace=True
    )
    async with desk.following():
        await desk.passes(FIRST_S)
        assert (await desk.followed(scan.number)).state is FollowState.FINDING
        desk.applications.add(APP_ID, "Shop", a_scan(desk))
        await desk.passes(60)

    assert (await desk.bench.scan(scan.number)).submission.application_id == APP_ID


async def test_a_rescan_is_looked_for_at_the_app_it_is_of_and_not_at_one_made_before(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    await desk.bench.database.write(
        lambda db: db.execute("UPDATE submissions SET application_id = ?", [OTHER_APP_ID])
    )  # made for it as a new app, before a person chose what it is a rescan of
    desk.applications.add(OTHER_APP_ID, "Shop", a_scan(desk, "s9"))
    desk.applications.add(APP_ID, "Shop", a_scan(desk))
    async with desk.following():
        await desk.passes(FIRST_S)

    found = (await desk.bench.scan(scan.number)).submission
    assert (found.application_id, found.scan_id) == (APP_ID, "s1")


async def test_another_teams_app_of_just_before_is_not_linked_while_the_own_one_is_not_listed(desk):
    desk.applications.add(OTHER_APP_ID, "Shop", a_scan(desk, "s9"))
    desk.bench.clock.advance(120)
    scan = await submitted(desk)
    async with desk.following():
        await desk.passes(FIRST_S)
        assert (await desk.followed(scan.number)).state is FollowState.FINDING
        desk.applications.add(APP_ID, "Shop", a_scan(desk))
        await desk.passes(60)

    assert (await desk.followed(scan.number)).state is FollowState.AMBIGUOUS
    assert await desk.bench.store.links.of_build(SHOP.bundle_id, SHOP.platform) is None


async def test_somebody_elses_scan_of_another_version_is_not_taken_while_it_runs(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    desk.applications.add(APP_ID, "Shop", a_scan(desk, "s9", ScanStatus.PENDING, version=None))
    async with desk.following():
        await desk.passes(FIRST_S)
        assert (await desk.followed(scan.number)).state is FollowState.FINDING
        desk.applications.add(APP_ID, "Shop", a_scan(desk), a_scan(desk, "s9", version="9.9"))
        await desk.passes(FIRST_S + 60)

    assert (await desk.bench.scan(scan.number)).submission.scan_id == "s1"


async def test_an_app_that_comes_hours_later_is_a_persons_to_judge(desk):
    scan = await submitted(desk)
    async with desk.following():
        await desk.passes(7 * HOUR_S, step_s=300)
        desk.applications.add(OTHER_APP_ID, "Shop", a_scan(desk, "s9"))
        await desk.passes(HOUR_S / 2, step_s=300)

    followed = await desk.followed(scan.number)
    assert followed.state is FollowState.AMBIGUOUS
    assert "hours after this build was sent" in followed.looked_for
    assert await desk.bench.store.links.of_build(SHOP.bundle_id, SHOP.platform) is None


async def test_an_uncertain_submission_is_told_of_each_look_and_settled_once_found(desk):
    desk.bench.scanner.outcomes.append(Uncertain("no answer"))
    number = await desk.bench.shared(a_share())
    await desk.bench.pipeline.run(number)
    revision = (await desk.bench.scan(number)).revision
    async with desk.following():
        await desk.passes(FIRST_S)
        followed = await desk.followed(number)
        assert followed.looked_for == "OneTrust's list has no app of this name that was made since then"
        assert followed.looked_at is not None
        assert (await desk.bench.scan(number)).revision > revision
        desk.applications.add(APP_ID, "Shop", a_scan(desk, status=ScanStatus.PENDING))
        await desk.passes(60)

    scan = await desk.bench.scan(number)
    assert (scan.state, scan.submission.application_id) == (State.SUBMITTED, APP_ID)
    assert (await desk.followed(number)).status is ScanStatus.PENDING
    assert len(desk.bench.scanner.orders) == 1


async def test_what_is_never_found_is_lost_in_the_end_and_says_what_was_looked_at(desk):
    scan = await submitted(desk)
    async with desk.following(hours=1):
        await desk.passes(HOUR_S + 1000, step_s=60)

    followed = await desk.followed(scan.number)
    assert followed.state is FollowState.LOST
    assert followed.looked_for == "OneTrust's list has no app of this name that was made since then"
    assert 8 <= followed.looks <= 12
    assert desk.applications.count("named") == followed.looks


async def test_a_scan_that_does_not_show_for_ten_minutes_is_told_once(desk):
    scan = await submitted(desk)
    before = (await desk.bench.store.scans.scan(scan.number)).revision
    async with desk.following():
        await desk.passes(500)
        assert not (await desk.followed(scan.number)).is_overdue
        assert (await desk.bench.store.scans.scan(scan.number)).revision == before
        await desk.passes(1500)

    assert (await desk.followed(scan.number)).is_overdue
    assert (await desk.bench.store.scans.scan(scan.number)).revision == before + 1
    assert desk.bench.announcer.told[-1] == scan.number


async def test_an_app_that_is_gone_is_looked_for_to_the_end(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    async with desk.following(hours=1):
        await desk.passes(HOUR_S + 1000, step_s=60)

    followed = await desk.followed(scan.number)
    assert (followed.state, followed.looked_for) == (
        FollowState.LOST,
        "OneTrust lists no app with this ID",
    )


async def test_onetrust_away_costs_no_look(desk):
    scan = await submitted(desk)
    desk.applications.troubles["named"] = [
        TryLater("busy", retry_after_s=100.0),
        TryLater("away"),
        ValueError("odd"),
    ]
    async with desk.following():
        await desk.passes(FIRST_S)
        asked_at = desk.applications.calls[-1][1]
        await desk.passes(90)
        assert desk.applications.calls[-1][1] == asked_at  # it asked for this pause
        await desk.passes(400)
        assert desk.applications.count("named") >= 4

    followed = await desk.followed(scan.number)
    assert (followed.state, followed.looks) == (
        FollowState.FINDING,
        desk.applications.count("named") - 3,
    )


async def test_a_day_that_one_answer_asks_to_wait_is_an_hour(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    desk.applications.add(APP_ID, "Shop", a_scan(desk))
    desk.applications.troubles["scans"] = [TryLater("maintenance", retry_after_s=24 * HOUR_S, status=503)]
    async with desk.following():
        await desk.passes(HOUR_S, step_s=60)
        assert desk.applications.count("scans") == 1
        await desk.passes(600, step_s=60)

    assert (await desk.followed(scan.number)).state is FollowState.COMPLETED


async def test_one_bad_row_stops_nobody_else(desk, caplog):
    bad = await submitted(desk, build=replace(SHOP, display_name="Bad", bundle_id="com.example.bad"))
    good = await submitted(desk, a_share("F2"))
    desk.applications.troubles["named"] = [RuntimeError("an odd answer")]
    desk.applications.add(APP_ID, "Shop", a_scan(desk))
    async with desk.following():
        await desk.passes(FIRST_S)

    assert (await desk.followed(good.number)).state is FollowState.COMPLETED
    assert (await desk.followed(bad.number)).due_at > desk.bench.clock.now()
    (logged,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert f"#{bad.number}" in logged.getMessage()


async def test_where_results_can_t_be_read_that_is_said_once_and_taken_up_when_they_can(desk, caplog):
    scan = await submitted(desk)
    followed = await desk.followed(scan.number)
    desk.applications.add(APP_ID, "Shop", a_scan(desk))
    desk.applications.troubles["can_read"] = [CannotRead("no COOKIE_READ") for _ in range(3)]
    async with desk.following() as follower:
        await desk.passes(2 * HOUR_S, step_s=600)
        assert follower.outlook(followed, 1) is None
        assert follower.refused
        assert await desk.followed(scan.number) == followed
        await desk.passes(2 * HOUR_S, step_s=600)
        assert follower.outlook(followed, 1) is not None
        assert not follower.refused

    assert (await desk.followed(scan.number)).state is FollowState.COMPLETED
    assert [record.message for record in caplog.records if "not read" in record.message] == [
        "results are not read: no COOKIE_READ"
    ]


async def test_a_policy_that_can_t_be_judged_is_warned_of_once(desk, caplog):
    desk.applications.troubles["can_read"] = [CannotRead("no COOKIE_READ") for _ in range(3)]
    async with desk.following(judged=True):
        await desk.passes(2 * HOUR_S, step_s=600)

    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "results are not read, so that no rule of APPSCAN_RULES is judged: no COOKIE_READ"
    ]


async def many(desk, count: int) -> list[int]:
    """Let so many new apps have been submitted, all at this moment."""
    return await submitted_apps(desk.bench.database, desk.bench.clock.now(), count)


async def test_three_hundred_at_once_share_sixty_calls_a_minute_and_late_ones_are_foretold(desk):
    numbers, clock = await many(desk, 300), desk.bench.clock
    for nth in numbers:
        desk.applications.add(f"app-{nth}", f"App {nth}", a_scan(desk, f"s{nth}"))
    due_at = clock.now() + FIRST_S
    async with desk.following() as follower:
        late_s = follower.late_s(300)
        assert 20 * 60 <= late_s <= 30 * 60
        while len(desk.ended) < 300:
            await desk.idle()
            clock.advance(clock.naps[0])

    assert sorted(desk.ended) == numbers
    assert clock.now() - due_at <= late_s
    times = [at for _, at in desk.applications.calls]
    assert max(sum(at <= other < at + 60 for other in times) for at in times) <= 60
    assert desk.applications.count("named") == 0  # the list told of all of them
    assert desk.applications.count("page") <= 9
    assert len(times) <= 300 * 4 + 10


async def test_what_was_submitted_long_before_results_can_be_read_is_let_be(desk):
    old = await many(desk, 3)
    desk.bench.clock.advance(8 * 24 * HOUR_S)
    scan = await submitted(desk)
    desk.applications.add("app-1", f"App {old[0]}", a_scan(desk, "s9"))
    async with desk.following():
        await desk.passes(FIRST_S)

    for number in old:
        assert (await desk.followed(number)).state is FollowState.LOST
        assert number not in desk.bench.announcer.told  # hundreds of old threads would be written to
    assert desk.applications.count("named") == 1
    assert (await desk.followed(scan.number)).state is FollowState.FINDING


async def test_a_scan_that_is_told_of_as_running_where_its_results_are_is_not_over(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    desk.applications.add(APP_ID, "Shop", a_scan(desk))
    desk.applications.results_status = ScanStatus.PROGRESS
    async with desk.following():
        await desk.passes(FIRST_S)
        assert (await desk.followed(scan.number)).state is FollowState.RUNNING
        desk.applications.results_status = None
        await desk.passes(60)

    assert (await desk.followed(scan.number)).state is FollowState.COMPLETED
    assert desk.ended == [scan.number]


async def test_lists_that_come_after_their_counts_are_waited_for_but_not_for_ever(desk):
    scan = await rescanned(desk, "F1", "4.2.0")
    desk.applications.add(APP_ID, "Shop", a_scan(desk))
    desk.applications.sdks = ()
    async with desk.following():
        await desk.passes(FIRST_S)
        assert (await desk.followed(scan.number)).state is FollowState.RUNNING
        await desk.passes(LISTS_S + 900, step_s=60)

    assert (await desk.followed(scan.number)).state is FollowState.COMPLETED
    assert (await desk.bench.store.results.of(scan.number)).sdk_count == 1


async def test_a_card_says_when_a_result_may_come_how_late_and_among_how_many(desk):
    numbers = await many(desk, 300)
    follower = desk.follower()
    cards = Cards(
        store=desk.bench.store,
        log_url=lambda _: None,
        permalink=lambda _: None,
        outlook=follower.outlook,
    )
    assert (await cards.card(numbers[0])).results_next_at is None  # it is not known yet whether any can come

    async with desk.following() as running:
        await desk.idle()
        assert running.reads
        cards = Cards(
            store=desk.bench.store,
            log_url=lambda _: None,
            permalink=lambda _: None,
            outlook=running.outlook,
        )
        card = await cards.card(numbers[0])

    assert card.results_next_at == desk.bench.clock.now() + FIRST_S
    assert card.results_waiting == 300
    assert card.results_late_s == running.late_s(300) >= 20 * 60


async def test_a_long_list_is_not_read_for_a_few(desk):
    for nth in range(900):
        desk.applications.add(f"app-{nth}", f"Old {nth}")
    await many(desk, 24)
    async with desk.following():
        await desk.passes(60 + FIRST_S)
        assert desk.applications.count("page") == 6  # a quarter of what it could have saved
        await desk.passes(300)

    assert desk.applications.count("page") == 6
    assert desk.applications.count("named") >= 48


async def test_nothing_known_of_a_build_is_nothing_to_look_for(desk):
    number = await desk.bench.shared(a_share())
    await desk.bench.store.scans.move(number, State.UNCERTAIN, why="the bot was set back to a backup")
    async with desk.following():
        await desk.passes(FIRST_S)

    assert (await desk.followed(number)).looked_for.startswith("nothing was read from the build")
    assert [what for what, _ in desk.applications.calls] == ["can_read"]
