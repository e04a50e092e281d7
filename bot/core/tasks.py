"""Tasks that go on beside other work: how they are ended, and how the first of several is waited for."""

import asyncio
from collections.abc import Awaitable
from typing import Any


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they are over; what they raise then is nobody's concern."""
    going = [task for task in tasks if task is not None]
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)


async def first_of(*things: Awaitable[object]) -> None:
    """Wait until the first of them is over, and give up the others."""
    waits = [asyncio.ensure_future(thing) for thing in things]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
