"""Answers that are kept: asked for once at a time, for a while, and an error by nobody."""

import asyncio

import pytest

from bot.slack.api.coalescing_cache import CoalescingCache
from tests.fakes import HeldClock


class Source:
    """What is asked; an answer waits until the gate is open."""

    def __init__(self):
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error = None

    async def __call__(self, key):
        self.asked.append(key)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return f"{key} {len(self.asked)}"


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def clock():
    return HeldClock()


async def test_an_answer_is_kept_for_a_while_and_then_asked_for_again(source, clock):
    kept = CoalescingCache(source, clock, keep_s=60.0)

    assert [await kept.get("a"), await kept.get("a"), await kept.get("b")] == ["a 1", "a 1", "b 2"]
    clock.advance(61)
    assert kept.peek("a") is None
    assert await kept.get("a") == "a 3"


async def test_all_who_ask_at_the_same_time_get_one_answer(source, clock):
    kept = CoalescingCache(source, clock, keep_s=60.0)
    source.gate.clear()
    asking = [asyncio.create_task(kept.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    assert kept.fetching == 1
    source.gate.set()

    assert await asyncio.gather(*asking) == ["a 1"] * 5


async def test_who_gives_up_does_not_end_the_asking(source, clock):
    kept = CoalescingCache(source, clock, keep_s=60.0)
    source.gate.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await kept.get("a")
    source.gate.set()

    assert await kept.get("a") == "a 1"


async def test_an_error_is_told_to_all_who_wait_and_kept_by_nobody(source, clock):
    kept = CoalescingCache(source, clock, keep_s=60.0)
    source.error = OSError("no way to Slack")
    told = await asyncio.gather(kept.get("a"), kept.get("a"), return_exceptions=True)
    assert [str(each) for each in told] == ["no way to Slack"] * 2
    source.error = None

    assert await kept.get("a") == "a 2"


async def test_the_oldest_answers_go(source, clock):
    kept = CoalescingCache(source, clock, keep_s=60.0, max_kept=2)
    for key in "abc":
        await kept.get(key)

    assert [kept.peek(key) for key in "abc"] == [None, "b 2", "c 3"]


async def test_closing_gives_up_what_is_being_asked(source, clock):
    kept = CoalescingCache(source, clock, keep_s=60.0)
    source.gate.clear()
    waiting = asyncio.create_task(kept.get("a"))
    await asyncio.sleep(0)
    await kept.close()

    assert kept.fetching == 0
    with pytest.raises(asyncio.CancelledError):
        await waiting
