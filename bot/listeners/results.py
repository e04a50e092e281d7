"""The form with all that a scan found: opened by a button, leafed through and searched in its place."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import outcome, results_modals
from bot.blocks.elements import Block
from bot.blocks.results_modals import Leaf
from bot.errors import NotFound
from bot.listeners.acts import act, said
from bot.listeners.forms import open_form
from bot.listeners.leaves import leafed_through
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button, and what the form does."""

    @app.action(outcome.ALL_FOUND)
    async def all_found(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        leaf = Leaf(scan=number, channel=press.channel)
        await open_form(client, body, await _page(desk, press.user, leaf))

    async def shows(user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]) -> Block:
        leaf = results_modals.read_found(view)
        if pressed:
            leaf = results_modals.turned(leaf, said(pressed, "action_id"), said(pressed, "value"))
        return await _page(desk, user, leaf)

    leafed_through(app, results_modals.TURNS, shows, searched=results_modals.FOUND_FORM)


async def _page(desk: Desk, user: str, leaf: Leaf) -> Block:
    card, _ = await desk.records.status(user, leaf.channel, str(leaf.scan))
    if card.results is None:
        raise NotFound(f"What scan #{leaf.scan} found is not known here.")
    return results_modals.found_modal(card.scan, card.results, leaf)
