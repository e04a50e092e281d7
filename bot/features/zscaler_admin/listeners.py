"""``/appscan zscaler``, and the button that activates saved changes."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.errors import NotFound, UsageError
from bot.features.zscaler_admin import views
from bot.features.zscaler_admin.service import ZscalerAdmin
from bot.slack.blocks.message import Message
from bot.slack.listening.command import Command
from bot.slack.listening.payload import read_payload
from bot.slack.listening.respond import answer
from bot.wiring.services import Services

GONE = "Zscaler is no longer set up here."


def register(app: AsyncApp, services: Services) -> None:
    """Register the button."""

    @app.action(views.ACTIVATE)
    async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = read_payload(body)
        if services.administration is None:
            raise NotFound(GONE)
        status = await services.administration.activate(press.user, press.channel)
        await answer(respond, views.activated(status), replace=True)


async def answer_to(administration: ZscalerAdmin, asked: Command) -> Message:
    """Answer ``/appscan zscaler`` or ``/appscan zscaler activate``.

    Raises:
        UsageError: another word follows.
    """
    if not asked.words:
        return views.overview(await administration.look(asked.user, asked.channel))
    if [word.lower() for word in asked.words] != ["activate"]:
        raise UsageError("The only word after `zscaler` is `activate`.", example="/appscan zscaler")
    return views.before_activating(await administration.before_activating(asked.user, asked.channel))
