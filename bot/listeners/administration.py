"""``/appscan zscaler``, and the button that activates saved changes."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import zscaler
from bot.blocks.message import Message
from bot.errors import NotFound, UsageError
from bot.listeners.acts import act
from bot.listeners.answers import answer
from bot.listeners.asked import Asked
from bot.scans.administration import Administration
from bot.scans.desk import Desk

GONE = "Zscaler is no longer set up here."


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button."""

    @app.action(zscaler.ACTIVATE)
    async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        if desk.administration is None:
            raise NotFound(GONE)
        status = await desk.administration.activate(press.user, press.channel)
        await answer(respond, zscaler.activated(status), replace=True)


async def answer_to(administration: Administration, asked: Asked) -> Message:
    """Answer ``/appscan zscaler`` or ``/appscan zscaler activate``.

    Raises:
        UsageError: another word follows.
    """
    if not asked.words:
        return zscaler.overview(await administration.look(asked.user, asked.channel))
    if [word.lower() for word in asked.words] != ["activate"]:
        raise UsageError("The only word after `zscaler` is `activate`.", example="/appscan zscaler")
    return zscaler.before_activating(await administration.before_activating(asked.user, asked.channel))
