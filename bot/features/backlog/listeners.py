"""The button of the backlog notice."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.features.backlog import views
from bot.slack.listening.payload import read_payload
from bot.slack.listening.respond import answer
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register the button."""

    @app.action(views.CANCEL_MINE)
    async def cancel_mine(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        press = read_payload(body)
        cancelled = await services.choices.cancel_waiting(press.user, press.channel)
        await ack()
        await answer(respond, views.cancelled(cancelled))
