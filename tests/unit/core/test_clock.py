"""The real clock, one that is never set back, and ending tasks."""

import asyncio
import time

import pytest

from bot.core.clock import SteadyClock, SystemClock, cancel_all, first_of
from bot.core.rate_limit import RateLimiter
from bot.slack.messages.delivery import POSTS
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


async def test_cancel_all_waits_for_tasks_and_drops_their_exceptions():
    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the disk is full")

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.Event().wait())]
    await asyncio.sleep(0)

    await cancel_all(*tasks, None)

    assert all(task.done() for task in tasks)
    assert isinstance(tasks[0].exception(), OSError)
    assert tasks[1].cancelled()


@pytest.mark.parametrize("cancelled", [False, True])
async def test_first_of_cancels_the_others_when_one_is_done_or_the_caller_is_cancelled(cancelled):
    first, other = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(first_of(first, other))
    await asyncio.sleep(0)

    if cancelled:
        await cancel_all(waiting)
    else:
        first.set_result(None)
        await waiting

    assert other.cancelled()
    assert first.cancelled() is cancelled
