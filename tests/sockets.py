"""Waiting until the bot's connections to Slack have nothing left to do but to wait for time to pass."""

import asyncio

from bot.slack.transport.socket_mode import SocketMode
from tests.fakes import until


async def at_rest(socket: SocketMode, *, hangs: bool = False) -> None:
    """Wait for attempts to connect and for answers to pings; ``hangs``: the stand-in holds those."""
    for _ in range(40):
        await asyncio.sleep(0)
    if not hangs:
        await until(
            lambda: not _attempting() and not any(each._unanswered_pings for each in socket._connections)
        )


def _attempting() -> bool:
    return any(getattr(task.get_coro(), "__name__", "") == "_open" for task in asyncio.all_tasks())
