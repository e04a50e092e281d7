"""The buttons of side scanners: the report in a paged modal, and asking again."""

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import opinion, opinion_modals
from bot.blocks.elements import Block
from bot.blocks.opinion_modals import Leaf
from bot.errors import NotFound
from bot.listeners.acts import act, said
from bot.listeners.forms import open_form
from bot.listeners.leaves import leafed_through
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the buttons, and what the form does."""

    @app.action(_of_any_scanner(opinion.REPORT))
    async def report(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        leaf = Leaf(scan=number, channel=press.channel, scanner=_scanner(body))
        await open_form(client, body, await _page(desk, press.user, leaf))

    @app.action(_of_any_scanner(opinion.ASK_AGAIN))
    async def ask_again(ack: AsyncAck, body: dict[str, Any]) -> None:
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        await desk.choices.scan(number, press.user, press.channel)
        await desk.asking_again.ask(_scanner(body), number, press.user)
        await ack()  # once it is written, so that an acknowledged press is never lost

    async def shows(user: str, view: Mapping[str, Any], pressed: Mapping[str, Any]) -> Block:
        leaf = opinion_modals.read_report(view)
        if pressed:
            leaf = opinion_modals.turned(leaf, said(pressed, "value"))
        return await _page(desk, user, leaf)

    leafed_through(app, opinion_modals.TURNS, shows)


def _of_any_scanner(action: str) -> re.Pattern[str]:
    return re.compile(rf"^{action}(:[a-z0-9_]+)?$")


def _scanner(body: Mapping[str, Any]) -> str:
    return opinion.scanner_of(said(body["actions"][0], "action_id"))


async def _page(desk: Desk, user: str, leaf: Leaf) -> Block:
    card, _ = await desk.records.status(user, leaf.channel, str(leaf.scan))
    for shown in card.verdicts:
        if shown.scanner.name == leaf.scanner and shown.opinion.verdict is not None:
            return opinion_modals.report_modal(card.scan, shown, leaf)
    raise NotFound(f"The verdict on scan #{leaf.scan} is not known here.")
