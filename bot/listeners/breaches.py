"""The button beside a breach of the policy, and the form in which it is acknowledged."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import breach_modals, breaches, modals
from bot.errors import AppscanError, UsageError
from bot.listeners.acts import act, actor
from bot.listeners.forms import open_form
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

    @app.view(breach_modals.ACKNOWLEDGE_FORM)
    async def acknowledged(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        user = actor(body)
        try:
            answer = breach_modals.read_acknowledgement(view)
        except UsageError as error:
            await ack(response_action="errors", errors={breach_modals.REASON_BLOCK: error.user_message})
            return
        try:
            await desk.acknowledging.acknowledge(answer.breach, user, answer.reason)
        except AppscanError as error:
            await ack(response_action="update", view=modals.notice_modal(error.user_message))
            return
        await ack()
