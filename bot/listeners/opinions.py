"""The form with Zscaler's report about a build: opened by a button, leafed through in its place."""

import logging
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import modals, opinion, opinion_modals
from bot.blocks.elements import Block
from bot.blocks.opinion_modals import Leaf
from bot.errors import AppscanError, NotFound, slack_code
from bot.listeners import failures
from bot.listeners.acts import act, actor, said
from bot.listeners.answers import whisper
from bot.listeners.forms import MOVED_ON, open_form
from bot.scans.desk import Desk

logger = logging.getLogger(__name__)


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button, and what the form does."""

    @app.action(opinion.REPORT)
    async def report(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        await open_form(client, body, await _page(desk, press.user, Leaf(scan=number, channel=press.channel)))

    async def turn(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        user, view = actor(body), body["view"]
        leaf = opinion_modals.turned(opinion_modals.read_report(view), said(body["actions"][0], "value"))
        try:
            shown = await _page(desk, user, leaf)
        except AppscanError as error:
            shown = modals.notice_modal(error.user_message)
        try:
            await client.views_update(view_id=said(view, "id"), hash=said(view, "hash") or None, view=shown)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.info("a page of a report is not shown: %s", slack_code(error) or type(error).__name__)
            if slack_code(error) not in MOVED_ON:  # a form's button has no place of its own for an answer
                await whisper(client, failures.told(error), channel=leaf.channel, user=user)

    for action_id in opinion_modals.TURNS:
        app.action(action_id)(turn)


async def _page(desk: Desk, user: str, leaf: Leaf) -> Block:
    card, _ = await desk.records.status(user, leaf.channel, str(leaf.scan))
    if card.opinion is None or card.opinion.verdict is None:
        raise NotFound(f"Zscaler's verdict on scan #{leaf.scan} is not known here.")
    return opinion_modals.report_modal(card.scan, card.opinion, leaf)
