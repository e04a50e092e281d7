"""The form with all hosts of a build: opened by a button, leafed through and searched in its place."""

import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import hosts, hosts_modals, modals
from bot.blocks.elements import Block
from bot.blocks.hosts_modals import HostsLeaf
from bot.errors import AppscanError, NotFound, slack_code
from bot.listeners import failures
from bot.listeners.acts import act, actor, said
from bot.listeners.answers import whisper
from bot.listeners.forms import MOVED_ON, open_form
from bot.scans.desk import Desk

logger = logging.getLogger(__name__)


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button, and what the form does."""

    @app.action(hosts.ALL_HOSTS)
    async def all_hosts(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        leaf = HostsLeaf(scan=number, channel=press.channel)
        await open_form(client, body, await _page(desk, press.user, leaf))

    async def turn(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        user, view = actor(body), body["view"]
        shown = await _page_or_notice(desk, user, view, body["actions"][0])
        try:
            await client.views_update(view_id=said(view, "id"), hash=said(view, "hash") or None, view=shown)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.info("a page of hosts is not shown: %s", slack_code(error) or type(error).__name__)
            if slack_code(error) not in MOVED_ON:  # a form's button has no place of its own for an answer
                channel = hosts_modals.read_hosts(view).channel
                await whisper(client, failures.told(error), channel=channel, user=user)

    for action_id in hosts_modals.TURNS:
        app.action(action_id)(turn)

    @app.view(hosts_modals.HOSTS_FORM)
    async def searched(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        shown = await _page_or_notice(desk, actor(body), view, {})
        await ack(response_action="update", view=shown)


async def _page(desk: Desk, user: str, leaf: HostsLeaf) -> Block:
    card, _ = await desk.records.status(user, leaf.channel, str(leaf.scan))
    if card.hosts is None:
        raise NotFound(f"Where the build of scan #{leaf.scan} talks to is not known here.")
    return hosts_modals.hosts_modal(card.scan, card.hosts, leaf)


async def _page_or_notice(
    desk: Desk, user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]
) -> Block:
    """Return what the form shows next, after a button of its own where one was pressed."""
    try:
        leaf = hosts_modals.read_hosts(view)
        if pressed:
            leaf = hosts_modals.turned(leaf, said(pressed, "value"))
        return await _page(desk, user, leaf)
    except AppscanError as error:
        return modals.notice_modal(error.user_message)
