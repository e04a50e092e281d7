"""The buttons that leaf through the history and the list of apps."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import apps, history
from bot.listeners.acts import act
from bot.listeners.answers import answer
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the buttons."""

    async def leaf(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        filters, cursor = history.read_cursor_value(press.value)
        page, query = await desk.records.history(press.user, press.channel, filters, cursor)
        links = {scan.number: link for scan in page.scans if (link := desk.cards.permalink(scan))}
        await answer(respond, history.page(page, query=query, links=links), replace=True)

    async def turn(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        press = act(body)
        offset = press.number(digits=5, example="/appscan apps")
        page = await desk.records.apps(press.user, press.channel, offset=offset)
        message = apps.apps(page.rows, offset=page.offset, has_more=page.has_more)
        await answer(respond, message, replace=True)

    for action_id in (history.NEWER, history.OLDER):
        app.action(action_id)(leaf)
    for action_id in (apps.PREVIOUS, apps.NEXT):
        app.action(action_id)(turn)
