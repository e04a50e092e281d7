"""The buttons that page through lists in messages."""

from slack_bolt.async_app import AsyncApp

from bot.features.history import apps_views, sdk_views, views
from bot.features.history.commands import HistoryCommands
from bot.features.history.compare import Comparisons
from bot.features.history.history import HistoryService
from bot.features.onetrust_apps.service import OneTrustApps
from bot.slack.blocks.message import Message
from bot.slack.listening.payload import Payload
from bot.slack.listening.respond import replace_on_press


def register(
    app: AsyncApp,
    commands: HistoryCommands,
    history: HistoryService,
    comparisons: Comparisons,
    onetrust_apps: OneTrustApps,
) -> None:
    """Register the buttons."""

    async def page_of_history(press: Payload) -> Message:
        filters, cursor = views.read_cursor_value(press.value)
        return await commands.page(press.user, press.channel, filters, cursor)

    async def page_of_apps(press: Payload) -> Message:
        offset = press.number(digits=5, example="/appscan apps")
        listing = None if offset else await onetrust_apps.page(press.user, press.channel)
        page = await history.apps(press.user, press.channel, offset=offset)
        return apps_views.apps(page.rows, offset=page.offset, has_more=page.has_more, listing=listing)

    async def page_of_sdk(press: Payload) -> Message:
        name, offset = sdk_views.read_page_value(press.value)
        return sdk_views.sdk(await comparisons.sdk(press.user, press.channel, f'"{name}"', offset))

    replace_on_press(app, page_of_history, views.NEWER, views.OLDER)
    replace_on_press(app, page_of_apps, apps_views.PREVIOUS, apps_views.NEXT)
    replace_on_press(app, page_of_sdk, sdk_views.PREVIOUS, sdk_views.NEXT)
