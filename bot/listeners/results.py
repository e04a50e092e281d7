"""The form with all that a scan found: opened by a button, leafed through and searched in its place."""

import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import modals, outcome, results_modals
from bot.blocks.elements import Block
from bot.blocks.results_modals import Leaf
from bot.errors import AppscanError, NotFound, slack_code
from bot.listeners import failures
from bot.listeners.acts import act, actor, said
from bot.listeners.answers import whisper
from bot.listeners.forms import MOVED_ON, open_form
from bot.scans.desk import Desk

logger = logging.getLogger(__name__)


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button, and what the form does."""

    @app.action(outcome.ALL_FOUND)
    async def all_found(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        leaf = Leaf(scan=number, channel=press.channel)
        await open_form(client, body, await _page(desk, press.user, leaf))

    async def turn(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        user, view = actor(body), body["view"]
        shown = await _page_or_notice(desk, user, view, body["actions"][0])
        try:
            await client.views_update(view_id=said(view, "id"), hash=said(view, "hash") or None, view=shown)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.info("a page of results is not shown: %s", slack_code(error) or type(error).__name__)
            if slack_code(error) not in MOVED_ON:  # a form's button has no place of its own for an answer
                channel = results_modals.read_found(view).channel
                await whisper(client, failures.told(error), channel=channel, user=user)

    for action_id in results_modals.TURNS:
        app.action(action_id)(turn)

    @app.view(results_modals.FOUND_FORM)
    async def searched(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        shown = await _page_or_notice(desk, actor(body), view, {})
        await ack(response_action="update", view=shown)


async def _page(desk: Desk, user: str, leaf: Leaf) -> Block:
    card, _ = await desk.records.status(user, leaf.channel, str(leaf.scan))
    if card.results is None:
        raise NotFound(f"What scan #{leaf.scan} found is not known here.")
    return results_modals.found_modal(card.scan, card.results, leaf)


async def _page_or_notice(
    desk: Desk, user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]
) -> Block:
    """Return what a form shows next, after a button of its own where one was pressed."""
    try:
        leaf = results_modals.read_found(view)
        if pressed:
            leaf = results_modals.turned(leaf, said(pressed, "action_id"), said(pressed, "value"))
        return await _page(desk, user, leaf)
    except AppscanError as error:
        return modals.notice_modal(error.user_message)
