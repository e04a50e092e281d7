"""The form with all hosts of a build: opened by a button, leafed through and searched in its place."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import hosts, hosts_modals
from bot.blocks.elements import Block
from bot.blocks.hosts_modals import HostsLeaf
from bot.errors import NotFound
from bot.listeners.acts import act, said
from bot.listeners.forms import open_form
from bot.listeners.leaves import leafed_through
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button, and what the form does."""

    @app.action(hosts.ALL_HOSTS)
    async def all_hosts(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        leaf = HostsLeaf(scan=number, channel=press.channel)
        await open_form(client, body, await _page(desk, press.user, leaf))

    async def shows(user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]) -> Block:
        leaf = hosts_modals.read_hosts(view)
        if pressed:
            leaf = hosts_modals.turned(leaf, said(pressed, "value"))
        return await _page(desk, user, leaf)

    leafed_through(app, hosts_modals.TURNS, shows, searched=hosts_modals.HOSTS_FORM)


async def _page(desk: Desk, user: str, leaf: HostsLeaf) -> Block:
    card, _ = await desk.records.status(user, leaf.channel, str(leaf.scan))
    if card.hosts is None:
        raise NotFound(f"Where the build of scan #{leaf.scan} talks to is not known here.")
    return hosts_modals.hosts_modal(card.scan, card.hosts, leaf)
