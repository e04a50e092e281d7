import asyncio

from bot.scans.budget import WINDOW_S, Budget
from tests.fakes import START, HeldClock, until


async def test_no_minute_has_more_calls_than_it_may():
    clock = HeldClock()
    budget = Budget(clock, calls=3)
    made: list[float] = []

    async def call() -> None:
        await budget.take()
        made.append(clock.now() - START)

    calls = asyncio.gather(*(call() for _ in range(8)))
    await until(lambda: len(made) == 3)
    assert budget.wait_s(0) > 0
    for more in (6, 8):
        await until(lambda: bool(clock.naps))
        clock.advance(clock.naps[0])
        await until(lambda more=more: len(made) == more)
    await calls

    assert made == [0, 0, 0, WINDOW_S, WINDOW_S, WINDOW_S, 2 * WINDOW_S, 2 * WINDOW_S]


async def test_whoever_asked_first_is_first():
    clock = HeldClock()
    budget = Budget(clock, calls=1)
    order: list[int] = []

    async def call(number: int) -> None:
        await budget.take()
        order.append(number)

    calls = [asyncio.create_task(call(number)) for number in range(4)]
    await until(lambda: order == [0])
    calls[1].cancel()  # one that no longer wants it takes nobody's turn
    for told in ([0, 2], [0, 2, 3]):
        await until(lambda: bool(clock.naps))
        clock.advance(WINDOW_S)
        await until(lambda told=told: order == told)

    assert order == [0, 2, 3]


async def test_how_late_calls_would_be_is_told():
    clock = HeldClock()
    budget = Budget(clock, calls=60)

    assert budget.wait_s(60) == 0
    assert budget.wait_s(61) == WINDOW_S
    assert budget.wait_s(300) == 4 * WINDOW_S
    for _ in range(60):
        await budget.take()
    clock.advance(20)
    assert budget.wait_s(1) == WINDOW_S - 20
    waiting = asyncio.create_task(budget.take())
    await until(lambda: bool(clock.naps))
    assert budget.wait_s(60) == 2 * WINDOW_S - 20
    waiting.cancel()


async def test_a_pause_holds_for_all():
    clock = HeldClock()
    budget = Budget(clock)
    budget.pause(90)
    budget.pause(5)  # asked for later, and over sooner
    call = asyncio.create_task(budget.take())
    await until(lambda: bool(clock.naps))

    assert (budget.paused_s, budget.wait_s(1)) == (90, 90)
    clock.advance(89)
    await asyncio.sleep(0)
    assert not call.done()
    clock.advance(1)
    await call
    assert budget.paused_s == 0


async def test_another_window_than_a_minute():
    clock = HeldClock()
    budget = Budget(clock, 2, window_s=3660)
    for left in (1, 0):
        await budget.take()
        assert budget.left == left

    assert budget.wait_s(1) == 3660
    clock.advance(3660)
    assert (budget.wait_s(1), budget.left) == (0, 2)
