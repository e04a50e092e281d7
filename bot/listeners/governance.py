"""``/appscan governance``, and the form with all that is known of a third-party app."""

import logging
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import governance, governance_modals, modals
from bot.blocks.elements import Block
from bot.blocks.governance_modals import Leaf
from bot.blocks.message import Message
from bot.errors import AppscanError, NotFound, slack_code
from bot.listeners.acts import act, actor, said
from bot.listeners.asked import Asked
from bot.listeners.forms import open_form
from bot.scans.desk import Desk
from bot.scans.governing import Governing

logger = logging.getLogger(__name__)

GONE = "3rd-party apps are not looked up here any more."


async def answer_to(governing: Governing, asked: Asked) -> Message:
    """Answer ``/appscan governance`` and the app that follows it.

    Raises:
        AppscanError: as ``Governing.ask`` has it.
    """
    told = await governing.ask(asked.user, asked.channel, asked.rest)
    return governance.answer(told, asked.channel)


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button, and what the form does."""

    @app.action(governance.ALL_OF_APP)
    async def all_of_app(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        look, channel = governance.read_button_value(press.value)
        await open_form(client, body, await _page(desk, press.user, Leaf(look=look, channel=channel)))

    async def turn(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view, pressed = body["view"], body["actions"][0]
        try:
            leaf = governance_modals.read_leaf(view)
            leaf = governance_modals.turned(leaf, said(pressed, "action_id"), said(pressed, "value"))
            shown = await _page(desk, actor(body), leaf)
        except AppscanError as error:
            shown = modals.notice_modal(error.user_message)
        try:
            await client.views_update(view_id=said(view, "id"), hash=said(view, "hash") or None, view=shown)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            # The page that is open stays, and the button may be pressed again.
            logger.info("a page about an app is not shown: %s", slack_code(error) or type(error).__name__)

    for action_id in governance_modals.TURNS:
        app.action(action_id)(turn)


async def _page(desk: Desk, user: str, leaf: Leaf) -> Block:
    if desk.governing is None:
        raise NotFound(GONE)
    look = await desk.governing.look(user, leaf.channel, leaf.look)
    if look.app is None:
        raise NotFound(GONE)
    return governance_modals.governance_modal(look.app, leaf)
