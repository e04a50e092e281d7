"""The buttons that page through lists in messages, and the menu of OneTrust's applications."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.core import identifiers
from bot.errors import NotFound
from bot.features.history import apps_views, sdk_views
from bot.features.history import views as history
from bot.features.onetrust_apps import views
from bot.slack.blocks import short_answers, text
from bot.slack.blocks.message import Message
from bot.slack.listening.payload import Payload, read_payload
from bot.slack.listening.respond import answer
from bot.wiring.services import Services


def register(app: AsyncApp, services: Services) -> None:
    """Register the buttons and the menu."""

    async def page_of_history(press: Payload) -> Message:
        filters, cursor = history.read_cursor_value(press.value)
        page, query = await services.records.history(press.user, press.channel, filters, cursor)
        links = {scan.number: link for scan in page.scans if (link := services.cards.permalink(scan))}
        return history.page(page, query=query, links=links, scanners=services.records.scanners)

    async def page_of_apps(press: Payload) -> Message:
        offset = press.number(digits=5, example="/appscan apps")
        listing = None if offset else await services.onetrust_apps.page(press.user, press.channel)
        page = await services.records.apps(press.user, press.channel, offset=offset)
        return apps_views.apps(page.rows, offset=page.offset, has_more=page.has_more, listing=listing)

    async def page_of_sdk(press: Payload) -> Message:
        name, offset = sdk_views.read_page_value(press.value)
        return sdk_views.sdk(await services.comparisons.sdk(press.user, press.channel, f'"{name}"', offset))

    async def page_of_applications(press: Payload) -> Message:
        search, offset = views.read_page_value(press.value)
        listing = await services.onetrust_apps.page(press.user, press.channel, search, offset=offset)
        if listing is None:
            raise NotFound("OneTrust no longer lets its applications be read.")
        return views.applications(listing)

    async def rescan_chosen(press: Payload) -> Message:
        app_id = identifiers.app_id(press.value)
        await services.intake.await_build(press.user, press.channel, app_id)
        return short_answers.prepared(
            f"A rescan of {text.code(app_id)} is waiting: reply with the build to the message about it."
        )

    _replace(app, page_of_history, history.NEWER, history.OLDER)
    _replace(app, page_of_apps, apps_views.PREVIOUS, apps_views.NEXT)
    _replace(app, page_of_sdk, sdk_views.PREVIOUS, sdk_views.NEXT)
    _replace(app, page_of_applications, views.PREVIOUS, views.NEXT)
    _replace(app, rescan_chosen, views.RESCAN)


def _replace(app: AsyncApp, make: Callable[[Payload], Awaitable[Message]], *action_ids: str) -> None:
    """Register buttons that replace the message they are in."""

    async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await answer(respond, await make(read_payload(body)), replace=True)

    for action_id in action_ids:
        app.action(action_id)(pressed)
