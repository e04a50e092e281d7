"""``/appscan governance``, and the form with all that is known of a third-party app."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import governance, governance_modals
from bot.blocks.elements import Block
from bot.blocks.governance_modals import Leaf
from bot.blocks.message import Message
from bot.errors import NotFound
from bot.listeners.acts import act, said
from bot.listeners.asked import Asked
from bot.listeners.forms import open_form
from bot.listeners.leaves import leafed_through
from bot.scans.desk import Desk
from bot.scans.governing import Governing

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

    async def shows(user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]) -> Block:
        leaf = governance_modals.read_leaf(view)
        if pressed:
            leaf = governance_modals.turned(leaf, said(pressed, "action_id"), said(pressed, "value"))
        return await _page(desk, user, leaf)

    leafed_through(app, governance_modals.TURNS, shows)


async def _page(desk: Desk, user: str, leaf: Leaf) -> Block:
    if desk.governing is None:
        raise NotFound(GONE)
    look = await desk.governing.look(user, leaf.channel, leaf.look)
    if look.app is None:
        raise NotFound(GONE)
    return governance_modals.governance_modal(look.app, leaf)
