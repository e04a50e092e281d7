"""Tasks are ended whatever they do about it, and the first of several decides how long is waited."""

import asyncio

import pytest

from bot.core.tasks import end, first_of


async def test_what_is_ended_is_over_and_its_errors_are_nobodys():
    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the disk is full")

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.Event().wait())]
    await asyncio.sleep(0)

    await end(*tasks, None)

    assert all(task.done() for task in tasks)
    assert isinstance(tasks[0].exception(), OSError)
    assert tasks[1].cancelled()


@pytest.mark.parametrize("given_up", [False, True])
async def test_the_others_are_given_up_when_the_first_is_over_or_nobody_waits(given_up):
    first, other = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(first_of(first, other))
    await asyncio.sleep(0)

    if given_up:
        await end(waiting)
    else:
        first.set_result(None)
        await waiting

    assert other.cancelled()
    assert first.cancelled() is given_up
