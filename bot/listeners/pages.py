"""The buttons that leaf through the history and the list of apps."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.blocks import apps, history
from bot.errors import UsageError
from bot.listeners.answers import answer
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the buttons."""

    async def leaf(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        filters, cursor = history.read_cursor_value(str(body["actions"][0].get("value") or ""))
        page, query = await desk.records.history(*_asker(body), filters, cursor)
        links = {scan.number: link for scan in page.scans if (link := desk.cards.permalink(scan))}
        await answer(respond, history.page(page, query=query, links=links), replace=True)

    async def turn(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        value = str(body["actions"][0].get("value") or "")
        if not (value.isascii() and value.isdigit() and len(value) < 6):
            raise UsageError("That button is out of date.", example="/appscan apps")
        page = await desk.records.apps(*_asker(body), offset=int(value))
        message = apps.apps(page.rows, offset=page.offset, has_more=page.has_more)
        await answer(respond, message, replace=True)

    for action_id in (history.NEWER, history.OLDER):
        app.action(action_id)(leaf)
    for action_id in (apps.PREVIOUS, apps.NEXT):
        app.action(action_id)(turn)


def _asker(body: dict[str, Any]) -> tuple[str, str]:
    channel = (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id")
    return str(body["user"]["id"]), str(channel or "")
