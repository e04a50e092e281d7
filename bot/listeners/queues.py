"""The button of the backlog notice."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import queue
from bot.listeners.acts import act
from bot.listeners.answers import answer
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button."""

    @app.action(queue.CANCEL_MINE)
    async def cancel_mine(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        press = act(body)
        cancelled = await desk.choices.cancel_waiting(press.user, press.channel)
        await ack()
        await answer(respond, queue.cancelled(cancelled))
