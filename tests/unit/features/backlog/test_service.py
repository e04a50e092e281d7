"""A channel is told once of a long queue or of an absent scanner, and once that it is over."""

from dataclasses import dataclass, field, replace

import pytest

from bot.core.scheduler import Scheduler
from bot.features.backlog.models import Backlog, Notice
from bot.features.backlog.service import (
    AWAY_S,
    INTERVAL_S,
    MAX_UNANSWERED,
    UPDATE_INTERVAL_S,
    BacklogNotices,
)
from tests.fakes import HeldClock, until


@dataclass
class Rows:
    """The table of notices, and queues as long as the test says."""

    queues: dict[str, tuple[int, int]] = field(default_factory=dict)
    kept: dict[str, Notice] = field(default_factory=dict)

    async def backlogs(self):
        return [
            Backlog(channel=channel, waiting=waiting, unanswered=unanswered)
            for channel, (waiting, unanswered) in self.queues.items()
        ]

    async def open(self):
        return list(self.kept.values())

    async def put(self, notice):
        self.kept[notice.channel] = notice

    async def remove(self, channel):
        del self.kept[channel]


@dataclass
class Board:
    """Channels that can be written to, except those that are broken or closed to the bot."""

    posts: list[Notice] = field(default_factory=list)
    updates: list[Notice] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    busy: bool = False

    async def post(self, notice):
        if notice.channel in self.broken:
            raise OSError("no way to Slack")
        self.posts.append(notice)
        return None if notice.channel in self.closed else f"{len(self.posts)}.0"

    async def update(self, notice):
        if not self.busy:
            self.updates.append(notice)
        return not self.busy


class Desk:
    """The notices on a held clock, and the circuit breaker that they read."""

    def __init__(self):
        self.rows, self.board, self.clock = Rows(), Board(), HeldClock()
        self.away_since = None
        self.has_answered = True
        self.notices = self.restarted()

    def restarted(self):
        self.notices = BacklogNotices(rows=self.rows, board=self.board, clock=self.clock, breaker=self)
        return self.notices

    @property
    def open_s(self):
        return self.away_s()

    def away_s(self):
        return None if self.away_since is None else self.clock.now() - self.away_since

    async def look(self, after_s=UPDATE_INTERVAL_S, **queues):
        self.rows.queues = queues
        self.clock.advance(after_s)
        await self.notices.refresh()


@pytest.fixture
def services():
    return Desk()


async def test_a_few_builds_are_no_flood(services):
    await services.look(C1=(MAX_UNANSWERED, MAX_UNANSWERED))

    assert services.board.posts == []
    assert services.rows.kept == {}


async def test_a_flood_is_told_of_once_kept_up_to_date_and_ended(services):
    await services.look(C1=(30, 40))
    await services.look(C1=(20, 30))
    await services.look(C1=(0, 1))
    await services.look(C1=(0, 1))
    await services.look()
    await services.look()

    (posted,) = services.board.posts
    assert (posted.waiting, posted.unanswered, posted.away_since) == (30, 40, None)
    assert [(each.waiting, each.unanswered) for each in services.board.updates] == [(20, 30), (0, 1), (0, 0)]
    assert [each.closed_at is not None for each in services.board.updates] == [False, False, True]
    assert {each.message_ts for each in services.board.updates} == {"1.0"}
    assert services.rows.kept == {}


async def test_it_is_not_updated_with_every_look_but_its_end_is_told_at_once(services):
    await services.look(C1=(30, 40))
    await services.look(INTERVAL_S, C1=(29, 39))
    assert services.board.updates == []

    await services.look(INTERVAL_S)
    assert [each.closed_at is not None for each in services.board.updates] == [True]


async def test_while_the_scanner_is_away_each_channel_with_a_build_is_told(services):
    services.away_since = services.clock.now()
    await services.look(AWAY_S - 1, C1=(1, 0), C2=(2, 1), C3=(0, 1))
    assert services.board.posts == []

    await services.look(1, C1=(1, 0), C2=(2, 1), C3=(0, 1))
    assert {(each.channel, each.away_since) for each in services.board.posts} == {
        ("C1", services.away_since),
        ("C2", services.away_since),
    }

    services.away_since = None
    await services.look(C1=(1, 0), C2=(0, 0))
    assert len(services.board.posts) == 2
    assert all(each.closed_at is not None and each.was_away for each in services.board.updates)
    assert len(services.board.updates) == 2


async def test_a_restart_goes_on_with_the_notice_there_is(services):
    await services.look(C1=(30, 40))
    services.restarted()
    await services.look(C1=(20, 30))
    services.restarted()
    await services.look()

    assert len(services.board.posts) == 1
    assert [each.message_ts for each in services.board.updates] == ["1.0", "1.0"]


async def test_after_a_restart_an_absence_lasts_until_the_scanner_has_answered(services):
    services.away_since = services.clock.now()
    await services.look(AWAY_S, C1=(3, 0))
    told = services.away_since

    services.away_since, services.has_answered = None, False
    services.restarted()
    await services.look(C1=(3, 0))
    assert services.rows.kept["C1"].away_since == told
    assert all(each.closed_at is None for each in services.board.updates)

    services.has_answered = True
    await services.look(C1=(2, 0))
    (over,) = [each for each in services.board.updates if each.closed_at is not None]
    assert over.was_away
    assert len(services.board.posts) == 1


async def test_what_can_not_be_posted_now_is_tried_again_and_holds_nobody_up(services):
    services.board.broken = {"C1"}
    await services.look(C1=(30, 40), C2=(30, 40))
    assert [each.channel for each in services.board.posts] == ["C2"]

    services.board.broken = set()
    await services.look(C1=(30, 40), C2=(30, 40))
    assert [each.channel for each in services.board.posts] == ["C2", "C1"]


async def test_a_channel_that_takes_no_message_is_asked_once_a_flood(services):
    services.board.closed = {"C1"}
    for waiting in (30, 20, 0):
        await services.look(C1=(waiting, waiting))
    assert len(services.board.posts) == 1
    assert services.rows.kept == {}

    await services.look(C1=(30, 40))
    assert len(services.board.posts) == 2


async def test_it_looks_by_itself_and_goes_on_after_an_error(services):
    seen = []

    async def backlogs():
        seen.append(services.clock.now())
        if len(seen) == 1:
            raise OSError("the disk is full")
        return [Backlog(channel="C1", waiting=30, unanswered=40)]

    services.rows = replace(services.rows)
    services.rows.backlogs = backlogs
    scheduler = Scheduler(services.clock)
    scheduler.start(services.restarted().job)
    await until(lambda: bool(services.clock.naps))
    services.clock.advance(INTERVAL_S)
    await until(lambda: len(services.board.posts) == 1)
    await scheduler.stop()

    assert seen[1] - seen[0] == INTERVAL_S


async def test_a_channel_that_slack_does_not_take_is_not_tried_at_each_look(services):
    services.board.broken = {"C1"}
    await services.look(C1=(30, 40))
    services.board.broken = set()
    await services.look(INTERVAL_S, C1=(30, 40))
    assert services.board.posts == []
    await services.look(UPDATE_INTERVAL_S - INTERVAL_S, C1=(30, 40))
    assert len(services.board.posts) == 1


async def test_a_clock_that_is_set_back_leaves_no_notice_behind(services):
    await services.look(C1=(30, 40))
    await services.look(-3600, C1=(25, 35))
    await services.look(UPDATE_INTERVAL_S, C1=(20, 30))
    assert [each.waiting for each in services.board.updates] == [20]


async def test_what_could_not_be_shown_for_want_of_a_turn_is_shown_at_the_next_look(services):
    await services.look(C1=(30, 30))
    services.board.busy = True
    await services.look(C1=(20, 30))
    await services.look()
    assert services.board.updates == []
    assert services.rows.kept["C1"].waiting == 30  # as it is shown

    services.board.busy = False
    await services.look(INTERVAL_S)

    assert [each.closed_at for each in services.board.updates] == [services.clock.now()]
    assert services.rows.kept == {}


async def test_a_clock_that_is_set_back_does_not_say_that_the_scanner_is_back(services):
    away_s = AWAY_S
    services.away_s = lambda: away_s
    await services.restarted().refresh()
    await services.look(C1=(5, 0))
    away_s += UPDATE_INTERVAL_S
    await services.look(-3600, C1=(5, 0))
    await services.look(UPDATE_INTERVAL_S, C1=(6, 0))

    assert [(each.away_since, each.closed_at) for each in services.board.updates] == [
        (services.board.posts[0].away_since, None)
    ]
