"""The button of the backlog notice."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.features.backlog import views
from bot.slack.listening.payload import read_payload
from bot.slack.listening.respond import answer


def register(app: AsyncApp, cancel_waiting: Callable[[str, str], Awaitable[int]]) -> None:
    """Register the button; ``cancel_waiting`` cancels what a person has waiting in a channel."""

    @app.action(views.CANCEL_MINE)
    async def cancel_mine(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        press = read_payload(body)
        cancelled = await cancel_waiting(press.user, press.channel)
        await ack()
        await answer(respond, views.cancelled(cancelled))
