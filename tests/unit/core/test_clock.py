"""The real clock, and one that is never set back."""

import time

from bot.core.clock import SteadyClock, SystemClock
from bot.core.rate_limit import RateLimiter
from bot.slack.messages.rate_limits import POSTS
from tests.fakes import START, HeldClock


async def test_the_clock_is_the_machines():
    clock = SystemClock()
    before = time.time()

    await clock.sleep(-1)

    assert before <= clock.now() <= time.time()


async def test_a_steady_clock_goes_on_where_the_other_is_set_back():
    clock = HeldClock()
    steady = SteadyClock(clock)
    told = []
    for step in (10, -3600, 5, -1, 2):
        clock.advance(step)
        told.append(steady.now() - START)
    assert told == [10, 10, 15, 15, 17]


async def test_by_a_steady_clock_no_turn_waits_for_what_the_clock_was_set_back():
    clock = HeldClock()
    pace = RateLimiter(clock, POSTS)
    await pace.take()
    clock.advance(-3600)
    assert pace.wait_s() == POSTS.window_s
