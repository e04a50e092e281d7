"""``/appscan zscaler``, and the button that activates saved changes."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.errors import UsageError
from bot.features.zscaler_admin import views
from bot.features.zscaler_admin.service import ZscalerAdmin
from bot.slack.blocks.message import Message
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.payload import read_payload
from bot.slack.listening.respond import answer

ZSCALER = Topic(
    gist="how Zscaler stands, for admins",
    body=(
        "Only for those whom `APPSCAN_ADMINS` names. Whether the bot is signed in, maintenance, quotas, "
        "and how many calls are left.\n"
        "`activate` activates, after a question, all saved changes of all admins of Zscaler. That can't "
        "be undone."
    ),
    examples=("/appscan zscaler", "/appscan zscaler activate"),
)


def zscaler_command(admin: ZscalerAdmin) -> Command:
    """Return ``/appscan zscaler``."""

    async def zscaler(typed: CommandText) -> Message:
        if not typed.words:
            return views.overview(await admin.look(typed.user, typed.channel))
        if [word.lower() for word in typed.words] != ["activate"]:
            raise UsageError("The only word after `zscaler` is `activate`.", example="/appscan zscaler")
        return views.before_activating(await admin.before_activating(typed.user, typed.channel))

    return Command(word="zscaler", topic=ZSCALER, handler=zscaler)


def register(app: AsyncApp, admin: ZscalerAdmin) -> None:
    """Register the button."""

    @app.action(views.ACTIVATE)
    async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = read_payload(body)
        status = await admin.activate(press.user, press.channel)
        await answer(respond, views.activated(status), replace=True)
