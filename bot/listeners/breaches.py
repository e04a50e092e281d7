"""The button beside a breach of the policy, and the form in which it is acknowledged."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import breach_modals, breaches
from bot.listeners.acts import act
from bot.listeners.forms import open_form, take_form
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the button and its form."""

    @app.action(breaches.ACKNOWLEDGE)
    async def acknowledge(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = act(body)
        number = press.number(digits=15, example="/appscan history")
        scan, breach = await desk.acknowledging.breach(number, press.user, press.channel)
        await open_form(client, body, breach_modals.acknowledge_modal(scan, breach))

    async def acknowledged(user: str, view: Mapping[str, Any]) -> None:
        answer = breach_modals.read_acknowledgement(view)
        await desk.acknowledging.acknowledge(answer.breach, user, answer.reason)

    take_form(app, breach_modals.ACKNOWLEDGE_FORM, acknowledged, error_block=breach_modals.REASON_BLOCK)
