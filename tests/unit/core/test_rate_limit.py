"""How often another system is called, on a clock that stands still but for the waits themselves."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rate_limit import Limit, RateLimiter, RateLimiters
from bot.scanners.onetrust.client import REQUESTS
from bot.slack.messages.delivery import NOTICES, POSTS, RESERVED, UPDATES
from tests.fakes import START, HeldClock, until


class Sleeping(HeldClock):
    """A clock of which only the waiting moves the time, one sleeper after the other."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


def most_within(times: list[float], window_s: float) -> int:
    return max(sum(begin <= at < begin + window_s for at in times) for begin in times)


async def times_of(limiter: RateLimiter, clock: HeldClock, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        await limiter.take()
        times.append(clock.now())
    return times


@given(
    st.lists(st.tuples(st.integers(1, 8), st.floats(0.5, 100)), min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0, 40), st.booleans()), min_size=1, max_size=40),
)
def test_windows_never_hold_more_calls_than_allowed(limits, steps):
    async def run():
        clock = Sleeping()
        limiter = RateLimiter(clock, *(Limit(calls=calls, window_s=window_s) for calls, window_s in limits))
        times = []
        for idle_s, pauses in steps:
            if pauses:
                limiter.pause(idle_s)
                paused_until = clock.now() + idle_s
            else:
                clock.advance(idle_s)
                paused_until = 0.0
            await limiter.take()
            assert clock.now() >= paused_until - 1e-6
            times.append(clock.now())
        for calls, window_s in limits:
            assert most_within(times, window_s - 1e-6) <= calls

    asyncio.run(run())


async def test_bucket_gives_no_minute_more_updates_than_slack_takes():
    clock = Sleeping()
    times = await times_of(RateLimiter(clock, UPDATES), clock, 500)

    notices = await times_of(RateLimiter(clock, NOTICES), clock, 20)
    assert most_within(times, 60) + most_within(notices, 60) <= 50
    assert times[-1] - times[0] == pytest.approx((500 - UPDATES.calls) * UPDATES.window_s)


async def test_bucket_lets_a_burst_through_again_after_a_quiet_time():
    clock = Sleeping()
    limiter = RateLimiter(clock, UPDATES)
    await times_of(limiter, clock, UPDATES.calls)
    clock.advance(UPDATES.calls * UPDATES.window_s)
    begun = clock.now()

    assert await times_of(limiter, clock, UPDATES.calls) == [begun] * UPDATES.calls


async def test_reserved_calls_are_left_to_more_important_ones():
    clock = Sleeping()
    limiter = RateLimiter(clock, UPDATES)
    taken = [limiter.try_take(reserved=RESERVED) for _ in range(UPDATES.calls)]

    assert taken.count(0.0) == UPDATES.calls - RESERVED
    begun = clock.now()
    await times_of(limiter, clock, RESERVED)
    assert clock.now() == begun  # at once, however many others want a turn
    clock.advance(limiter.try_take(reserved=RESERVED))
    assert limiter.try_take(reserved=RESERVED) == 0.0


async def test_important_calls_may_take_all_without_waiting():
    limiter = RateLimiter(Sleeping(), UPDATES)
    taken = [limiter.try_take() for _ in range(UPDATES.calls + 1)]

    assert taken[:-1] == [0.0] * UPDATES.calls
    assert taken[-1] == pytest.approx(UPDATES.window_s)


async def test_calls_that_want_a_turn_at_once_stand_behind_those_that_wait():
    clock = HeldClock()
    limiter = RateLimiter(clock, POSTS)
    await limiter.take()
    waiting = asyncio.create_task(limiter.take())
    await until(lambda: bool(clock.naps))

    assert limiter.try_take() == 2 * POSTS.window_s
    clock.advance(POSTS.window_s)
    await waiting
    assert limiter.try_take() == POSTS.window_s


async def test_calls_go_in_the_order_in_which_they_asked():
    clock = HeldClock()
    limiter = RateLimiter(clock, UPDATES)
    order: list[int] = []

    async def call(number: int) -> None:
        await limiter.take()
        order.append(number)

    tasks = [asyncio.create_task(call(number)) for number in range(UPDATES.calls + 5)]
    await until(lambda: len(order) == UPDATES.calls and bool(clock.naps))
    clock.advance(5 * UPDATES.window_s)
    await asyncio.gather(*tasks)
    assert order == list(range(UPDATES.calls + 5))


async def test_cancelled_calls_take_nobodys_turn():
    clock = HeldClock()
    limiter = RateLimiter(clock, Limit(calls=1, window_s=61))
    order: list[int] = []

    async def call(number: int) -> None:
        await limiter.take()
        order.append(number)

    calls = [asyncio.create_task(call(number)) for number in range(4)]
    await until(lambda: order == [0])
    calls[1].cancel()
    for told in ([0, 2], [0, 2, 3]):
        await until(lambda: bool(clock.naps))
        clock.advance(61)
        await until(lambda told=told: order == told)

    assert order == [0, 2, 3]


async def test_window_lets_calls_through_as_the_first_ones_leave_it():
    clock = HeldClock()
    limiter = RateLimiter(clock, Limit(calls=3, window_s=61))
    made: list[float] = []

    async def call() -> None:
        await limiter.take()
        made.append(clock.now() - START)

    calls = asyncio.gather(*(call() for _ in range(8)))
    await until(lambda: len(made) == 3)
    assert limiter.wait_s(0) > 0
    for more in (6, 8):
        await until(lambda: bool(clock.naps))
        clock.advance(clock.naps[0])
        await until(lambda more=more: len(made) == more)
    await calls

    assert made == [0, 0, 0, 61, 61, 61, 122, 122]


async def test_wait_of_many_calls_counts_those_that_wait_already():
    clock = HeldClock()
    limiter = RateLimiter(clock, REQUESTS)

    assert limiter.wait_s(60) == 0
    assert limiter.wait_s(61) == REQUESTS.window_s
    assert limiter.wait_s(300) == 4 * REQUESTS.window_s
    for _ in range(60):
        await limiter.take()
    clock.advance(20)
    assert limiter.wait_s() == REQUESTS.window_s - 20
    waiting = asyncio.create_task(limiter.take())
    await until(lambda: bool(clock.naps))
    assert limiter.wait_s(60) == 2 * REQUESTS.window_s - 20
    waiting.cancel()


@pytest.mark.parametrize("limit", [REQUESTS, UPDATES])
async def test_pause_holds_all_calls_also_those_that_wait(limit: Limit):
    clock = HeldClock()
    limiter = RateLimiter(clock, limit)
    for _ in range(limit.calls):
        await limiter.take()
    call = asyncio.create_task(limiter.take())
    await until(lambda: bool(clock.naps))
    limiter.pause(90)
    limiter.pause(5)  # asked for later, and over sooner

    assert (limiter.paused_s, limiter.wait_s(0)) == (90, 90)
    assert limiter.try_take() >= 90
    clock.advance(89)
    await until(lambda: clock.naps == [1])
    assert not call.done()
    clock.advance(1)
    await call
    assert limiter.paused_s == 0


async def test_bucket_is_followed_by_no_burst_after_a_pause():
    clock = Sleeping()
    limiter = RateLimiter(clock, UPDATES)
    limiter.pause(300)
    begun = clock.now()

    times = [at - begun for at in await times_of(limiter, clock, 3)]
    assert times == pytest.approx([300, 300 + UPDATES.window_s, 300 + 2 * UPDATES.window_s])


async def test_left_counts_each_limit_and_no_pause():
    clock = HeldClock()
    limiter = RateLimiter(clock, Limit(calls=4, window_s=3660), Limit(calls=2, window_s=1.2))
    await limiter.take()
    limiter.pause(60)

    assert limiter.left == [3, 1]
    clock.advance(60)
    assert limiter.left == [3, 2]
    clock.advance(3600)
    assert limiter.left == [4, 2]


async def test_limiters_hold_one_key_without_the_others():
    clock = Sleeping()
    limiters = RateLimiters(clock, POSTS)
    limiters.of("C1").pause(300)
    begun = clock.now()

    await limiters.of("C2").take()
    assert clock.now() == begun
    await limiters.of("C1").take()
    assert clock.now() - begun == pytest.approx(300)


async def test_limiters_forget_only_idle_keys():
    clock = HeldClock()
    limiters = RateLimiters(clock, POSTS)
    used = limiters.of("C1")
    await used.take()
    paused = limiters.of("C2")
    paused.pause(30)

    assert (limiters.of("C1") is used, limiters.of("C2") is paused) == (True, True)
    clock.advance(POSTS.window_s)
    assert (limiters.of("C1") is used, limiters.of("C2") is paused) == (False, True)
