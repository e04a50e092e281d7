"""``/appscan zscaler``, and the button that activates saved changes."""

from slack_bolt.async_app import AsyncApp

from bot.errors import UsageError
from bot.features.zscaler_admin import views
from bot.features.zscaler_admin.service import ZscalerAdmin
from bot.slack.blocks.message import Message
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.payload import Payload
from bot.slack.listening.respond import replace_on_press

ZSCALER = Topic(
    gist="the state of Zscaler, for admins",
    body=(
        "Only for the people listed in `APPSCAN_ADMINS`. Shows whether the bot is signed in, maintenance, "
        "quotas, and how many calls are left.\n"
        "`activate` activates all saved changes of all admins of Zscaler, once you confirm it. That can't "
        "be undone."
    ),
    examples=("/appscan zscaler", "/appscan zscaler activate"),
)


def zscaler_command(admin: ZscalerAdmin) -> Command:
    """Return ``/appscan zscaler``."""

    async def zscaler(typed: CommandText) -> Message:
        if not typed.words:
            return views.overview(await admin.overview(typed.user, typed.channel))
        if [word.lower() for word in typed.words] != ["activate"]:
            raise UsageError("The only word after `zscaler` is `activate`.", example="/appscan zscaler")
        return views.before_activating(await admin.before_activating(typed.user, typed.channel))

    return Command(word="zscaler", topic=ZSCALER, handler=zscaler)


def register(app: AsyncApp, admin: ZscalerAdmin) -> None:
    """Register the button."""

    async def activate(press: Payload) -> Message:
        return views.activated(await admin.activate(press.user, press.channel))

    replace_on_press(app, activate, views.ACTIVATE)
