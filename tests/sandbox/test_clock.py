"""Time that a test moves, and waiting for changes."""

import asyncio

import pytest

from sandbox.changes import Changes
from sandbox.clock import Clock, HeldClock


async def test_sleepers_wake_when_their_time_has_come():
    clock = HeldClock(100.0)
    woken = []

    async def sleep(seconds):
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.ensure_future(sleep(seconds)) for seconds in (5, 1, 0)]
    await clock.asleep(2)
    clock.advance(1)
    await asyncio.gather(tasks[1], tasks[2])
    assert (sorted(woken), clock.now()) == ([0, 1], 101.0)
    clock.advance(4)
    await tasks[0]


@pytest.mark.parametrize("clock", [Clock(), HeldClock()])
async def test_within_gives_what_came_in_time(clock):
    async def quick():
        return 7

    assert await clock.within(5, quick()) == 7


async def test_within_gives_up_when_it_takes_too_long():
    clock = HeldClock()
    never = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(clock.within(3, never))
    await clock.asleep()
    clock.advance(3)
    with pytest.raises(TimeoutError):
        await waiting
    assert never.cancelled()


async def test_a_change_wakes_whoever_waits_for_it():
    changes, box = Changes(), []
    waiting = asyncio.ensure_future(changes.until(lambda: box and box[0], 5, str))
    await asyncio.sleep(0)
    box.append("here")
    changes.tell()
    assert await waiting == "here"


async def test_what_never_comes_says_what_there_was_instead():
    with pytest.raises(TimeoutError, match="Last calls: none"):
        await Changes().until(lambda: False, 0, lambda: "Last calls: none")
