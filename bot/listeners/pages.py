"""The buttons that leaf through what is listed, and the menu of OneTrust's applications."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import applications, apps, history, notice, sdk, text
from bot.errors import NotFound
from bot.listeners.acts import act
from bot.listeners.answers import answer
from bot.scans import ids
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the buttons."""

    async def leaf(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        filters, cursor = history.read_cursor_value(press.value)
        page, query = await desk.records.history(press.user, press.channel, filters, cursor)
        links = {scan.number: link for scan in page.scans if (link := desk.cards.permalink(scan))}
        shown = history.page(page, query=query, links=links, scanners=desk.cards.scanners)
        await answer(respond, shown, replace=True)

    async def turn(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        offset = press.number(digits=5, example="/appscan apps")
        listing = None if offset else await desk.catalogue.page(press.user, press.channel)
        page = await desk.records.apps(press.user, press.channel, offset=offset)
        message = apps.apps(page.rows, offset=page.offset, has_more=page.has_more, listing=listing)
        await answer(respond, message, replace=True)

    async def leaf_through_apps(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        name, offset = sdk.read_page_value(press.value)
        page = await desk.inquiries.sdk(press.user, press.channel, f'"{name}"', offset)
        await answer(respond, sdk.sdk(page), replace=True)

    async def browse(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        search, offset = applications.read_page_value(press.value)
        listing = await desk.catalogue.page(press.user, press.channel, search, offset=offset)
        if listing is None:
            raise NotFound("OneTrust does not let its applications be read any more.")
        await answer(respond, applications.applications(listing), replace=True)

    @app.action(applications.RESCAN)
    async def chosen(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        choice = act(body)
        app_id = ids.app_id(choice.value)
        await desk.intake.await_build(choice.user, choice.channel, app_id)
        told = notice.prepared(
            f"A rescan of {text.code(app_id)} waits here: reply to the message about it with the build."
        )
        await answer(respond, told, replace=True)

    for action_id in (sdk.PREVIOUS, sdk.NEXT):
        app.action(action_id)(leaf_through_apps)
    for action_id in (applications.PREVIOUS, applications.NEXT):
        app.action(action_id)(browse)
    for action_id in (history.NEWER, history.OLDER):
        app.action(action_id)(leaf)
    for action_id in (apps.PREVIOUS, apps.NEXT):
        app.action(action_id)(turn)
