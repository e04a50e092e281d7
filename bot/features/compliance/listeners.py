"""The button beside a violation, and the form in which it is acknowledged."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.features.compliance import modals, views
from bot.features.compliance.review import ViolationReview
from bot.slack.listening.modals import open_form, take_form
from bot.slack.listening.payload import read_payload


def register(app: AsyncApp, reviews: ViolationReview) -> None:
    """Register the button and its form."""

    @app.action(views.ACKNOWLEDGE)
    async def acknowledge(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = read_payload(body)
        number = press.number(digits=15, example="/appscan history")
        scan, breach = await reviews.violation(number, press.user, press.channel)
        await open_form(client, body, modals.acknowledge_modal(scan, breach))

    async def acknowledged(user: str, view: Mapping[str, Any]) -> None:
        number, reason = modals.read_acknowledgement(view)
        await reviews.acknowledge(number, user, reason)

    take_form(app, modals.ACKNOWLEDGE_FORM, acknowledged, error_block=modals.REASON_BLOCK)
