import asyncio

import pytest

from bot.core.rate_limit import Limit
from bot.errors import TryLater
from bot.scanners.zscaler.rate_limits import HOUR_S, LONGEST_WAIT_S, SECOND_S, RateLimits
from bot.scanners.zscaler.status_codes import Endpoint
from tests.fakes import START, HeldClock, until

LOOKUP = Endpoint.URL_LOOKUP
LIMITS = {LOOKUP: (Limit(calls=4, window_s=HOUR_S), Limit(calls=1, window_s=SECOND_S))}


@pytest.fixture
def clock():
    return HeldClock()


def test_what_is_published_is_kept_to(clock):
    allowed = {(left.endpoint.value, left.window): left.allowed for left in RateLimits(clock).left()}

    assert allowed == {
        ("url_lookup", "second"): 1,
        ("url_lookup", "hour"): 400,
        ("report", "second"): 2,
        ("report", "hour"): 1000,
        ("report_quota", "second"): 2,
        ("report_quota", "hour"): 1000,
        ("status", "second"): 2,
        ("status", "hour"): 1000,
        ("activate", "minute"): 10,
        ("activate", "hour"): 40,
    }


async def test_calls_come_in_order_as_often_as_they_may(clock):
    paces = RateLimits(clock, LIMITS)
    made: list[tuple[int, float]] = []

    async def call(number: int) -> None:
        await paces.take(LOOKUP)
        made.append((number, round(clock.now() - START, 3)))

    calls = asyncio.gather(*(call(number) for number in range(3)))
    for count in (1, 2, 3):
        await until(lambda count=count: len(made) == count)
        if count < 3:
            await until(lambda: bool(clock.naps))
            clock.advance(SECOND_S)
    await calls

    assert made == [(0, 0), (1, SECOND_S), (2, 2 * SECOND_S)]
    assert [(left.window, left.left) for left in paces.left()] == [("hour", 1), ("second", 0)]


async def test_a_turn_that_is_far_off_is_told_at_once(clock):
    paces = RateLimits(clock, LIMITS)
    for _ in range(4):
        await paces.take(LOOKUP)
        clock.advance(SECOND_S)

    with pytest.raises(TryLater) as caught:
        await paces.take(LOOKUP)

    assert caught.value.retry_after_s == pytest.approx(HOUR_S - 4 * SECOND_S)
    assert not caught.value.scanner_failed
    assert "continues automatically" in caught.value.user_message
    clock.advance(HOUR_S)
    await paces.take(LOOKUP)


async def test_a_pause_that_begins_meanwhile_ends_the_waiting(clock):
    paces = RateLimits(clock, LIMITS)
    await paces.take(LOOKUP)
    waiting = asyncio.create_task(paces.take(LOOKUP))
    await until(lambda: bool(clock.naps))
    paces.pause(LOOKUP, 600)
    assert [left.paused_s for left in paces.left()] == [600, 600]
    clock.advance(SECOND_S)
    await until(lambda: len(clock.naps) == 2)
    clock.advance(LONGEST_WAIT_S)

    with pytest.raises(TryLater) as caught:
        await waiting
    assert caught.value.retry_after_s == pytest.approx(600 - SECOND_S - LONGEST_WAIT_S)


async def test_one_who_gives_up_holds_nobody_up(clock):
    paces = RateLimits(clock, LIMITS)
    await paces.take(LOOKUP)
    gone, next_one = asyncio.create_task(paces.take(LOOKUP)), asyncio.create_task(paces.take(LOOKUP))
    await until(lambda: len(clock.naps) >= 3)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    clock.advance(SECOND_S)

    await next_one
    assert gone.cancelled()
