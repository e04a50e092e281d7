"""How fast the bot writes, on a clock that stands still but for the waits themselves."""

import asyncio

import pytest

from bot.slack.pace import BURST, EVERY_S, KEPT, ChannelPace, UpdatePace
from sandbox.clock import HeldClock


class Sleeping(HeldClock):
    """A clock of which only the waiting moves the time, one sleeper after the other."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(begin <= at < begin + 60 for at in times) for begin in times)


async def test_no_minute_sees_more_updates_than_slack_takes():
    clock = Sleeping()
    pace = UpdatePace(clock)
    times = []
    for _ in range(500):
        await pace.turn()
        times.append(clock.now())

    assert most_in_a_minute(times) <= 50
    assert times[-1] - times[0] == pytest.approx((500 - BURST) * EVERY_S)


async def test_progress_leaves_room_for_what_is_final():
    clock = Sleeping()
    pace = UpdatePace(clock)
    taken = [pace.try_turn() for _ in range(BURST)]

    assert taken.count(0.0) == BURST - KEPT
    begun = clock.now()
    for _ in range(KEPT):
        await pace.turn()
    assert clock.now() == begun  # at once, however much progress there is
    clock.advance(pace.try_turn())
    assert pace.try_turn() == 0.0


async def test_final_states_go_in_the_order_in_which_they_ask():
    clock = HeldClock()
    pace = UpdatePace(clock)
    order: list[int] = []

    async def show(number: int) -> None:
        await pace.turn()
        order.append(number)

    tasks = [asyncio.create_task(show(number)) for number in range(BURST + 5)]
    await clock.asleep(5)
    assert order == list(range(BURST))
    clock.advance(5 * EVERY_S)
    await asyncio.gather(*tasks)
    assert order == list(range(BURST + 5))


async def test_a_wait_that_slack_asks_for_holds_all():
    clock = Sleeping()
    pace = UpdatePace(clock)
    pace.hold(300)
    begun = clock.now()

    assert pace.try_turn() >= 300
    await pace.turn()

    assert clock.now() - begun == pytest.approx(300)
    channels = ChannelPace(clock)
    channels.hold("C1", 300)
    begun = clock.now()
    await channels.turn("C2")
    assert clock.now() == begun
    await channels.turn("C1")
    assert clock.now() - begun == pytest.approx(300)


async def test_what_is_final_may_take_a_turn_without_waiting_for_one():
    pace = UpdatePace(Sleeping())
    taken = [pace.try_turn(final=True) for _ in range(BURST + 1)]

    assert taken[:-1] == [0.0] * BURST
    assert taken[-1] == pytest.approx(EVERY_S)
