"""The buttons that page through lists in messages, and the menu of OneTrust's applications."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import applications, apps, history, notice, sdk, text
from bot.blocks.message import Message
from bot.errors import NotFound
from bot.listeners.acts import Act, act
from bot.listeners.answers import answer
from bot.scans import ids
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the buttons and the menu."""

    async def page_of_history(press: Act) -> Message:
        filters, cursor = history.read_cursor_value(press.value)
        page, query = await desk.records.history(press.user, press.channel, filters, cursor)
        links = {scan.number: link for scan in page.scans if (link := desk.cards.permalink(scan))}
        return history.page(page, query=query, links=links, scanners=desk.cards.scanners)

    async def page_of_apps(press: Act) -> Message:
        offset = press.number(digits=5, example="/appscan apps")
        listing = None if offset else await desk.catalogue.page(press.user, press.channel)
        page = await desk.records.apps(press.user, press.channel, offset=offset)
        return apps.apps(page.rows, offset=page.offset, has_more=page.has_more, listing=listing)

    async def page_of_sdk(press: Act) -> Message:
        name, offset = sdk.read_page_value(press.value)
        return sdk.sdk(await desk.inquiries.sdk(press.user, press.channel, f'"{name}"', offset))

    async def page_of_applications(press: Act) -> Message:
        search, offset = applications.read_page_value(press.value)
        listing = await desk.catalogue.page(press.user, press.channel, search, offset=offset)
        if listing is None:
            raise NotFound("OneTrust no longer lets its applications be read.")
        return applications.applications(listing)

    async def rescan_chosen(press: Act) -> Message:
        app_id = ids.app_id(press.value)
        await desk.intake.await_build(press.user, press.channel, app_id)
        return notice.prepared(
            f"A rescan of {text.code(app_id)} is waiting: reply with the build to the message about it."
        )

    _replace(app, page_of_history, history.NEWER, history.OLDER)
    _replace(app, page_of_apps, apps.PREVIOUS, apps.NEXT)
    _replace(app, page_of_sdk, sdk.PREVIOUS, sdk.NEXT)
    _replace(app, page_of_applications, applications.PREVIOUS, applications.NEXT)
    _replace(app, rescan_chosen, applications.RESCAN)


def _replace(app: AsyncApp, make: Callable[[Act], Awaitable[Message]], *action_ids: str) -> None:
    """Register buttons that replace the message they are in."""

    async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await answer(respond, await make(act(body)), replace=True)

    for action_id in action_ids:
        app.action(action_id)(pressed)
