"""The only error handler of listeners: tells people why something could not be done."""

import asyncio
import contextlib
import logging
import math
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncRespond
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SLACK_TROUBLE, AppscanError, NotAllowed, UsageError, slack_code, slack_wait_s
from bot.slack.blocks import forms, short_answers
from bot.slack.blocks.forms import kept_in, text_in
from bot.slack.blocks.message import Message
from bot.slack.listening.modals import REFUSED
from bot.slack.listening.respond import answer
from bot.slack.messages.delivery import whisper

logger = logging.getLogger(__name__)

EXPIRED = (
    "The form could not be opened in time. Press the button again. If it keeps happening, "
    "`/appscan rescan` and `/appscan link` do the same without a form: see `/appscan help rescan`."
)
NO_FORM = (
    "Slack rejected the form. `/appscan rescan` and `/appscan link` do the same without one: "
    "see `/appscan help rescan`."
)
TROUBLE = "Slack did not respond as expected, so I could not do this. Try again in a moment."
LIMITED = "I have reached a rate limit of Slack, so I could not do this."
_TOO_LATE = {"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"}
_ACK_SEEN_S = 0.05
"""Bolt checks for an acknowledgement every 10 ms, and drops it if the error handler returns before that."""


def told(error: Exception) -> Message:
    """Return what a person reads about an error; an unexpected one is logged under a reference."""
    if isinstance(error, UsageError):
        return short_answers.usage(error.user_message, error.example)
    if isinstance(error, NotAllowed):
        return short_answers.refusal(error.user_message)
    if isinstance(error, AppscanError):
        return short_answers.notice(error.user_message)
    if isinstance(error, SlackApiError) and slack_code(error) in _TOO_LATE:
        return short_answers.notice(EXPIRED)
    if isinstance(error, SlackApiError) and slack_code(error) in REFUSED:
        logger.error("Slack rejected a modal: %s", slack_code(error))
        return short_answers.notice(NO_FORM)
    if (wait_s := slack_wait_s(error)) is not None:
        minutes = math.ceil(wait_s / 60)
        return short_answers.notice(f"{LIMITED} Try again in {minutes} minute{'s' if minutes > 1 else ''}.")
    if _is_trouble(error):
        logger.warning("a call of Slack failed: %s %s", type(error).__name__, slack_code(error) or "")
        return short_answers.notice(TROUBLE)
    reference = secrets.token_hex(4)
    logger.error("a listener failed, reference %s", reference, exc_info=error)
    return short_answers.error(reference)


def _is_trouble(error: Exception) -> bool:
    """Whether Slack or the connection to it failed: a listener calls nothing else over the network."""
    if isinstance(error, SlackApiError):
        return slack_code(error) in SLACK_TROUBLE
    return isinstance(error, (aiohttp.ClientError, TimeoutError, ConnectionError))


def register(app: AsyncApp) -> None:
    """Register the error handler."""

    @app.error
    async def failed(
        error: Exception,
        body: dict[str, Any],
        context: AsyncBoltContext,
        client: AsyncWebClient,
        respond: AsyncRespond,
        response: BoltResponse | None,
    ) -> BoltResponse | None:
        message = told(error)
        in_form: dict[str, Any] | None = None
        if body.get("type") == "view_submission":
            in_form = {"response_action": "update", "view": forms.message_modal(message)}
        elif body.get("type") != "event_callback":
            await _tell(message, body, context, client, respond)
        if response is None:  # acknowledged before it failed
            await asyncio.sleep(_ACK_SEEN_S)
            return None
        if body.get("type") == "event_callback":
            return None  # not acknowledged: Slack delivers it again
        return BoltResponse(status=200, body=in_form or "")


async def _tell(
    message: Message,
    body: Mapping[str, Any],
    context: AsyncBoltContext,
    client: AsyncWebClient,
    respond: AsyncRespond,
) -> None:
    """Show a message only to the person who acted; for a modal, where the modal was opened."""
    if context.response_url:
        await answer(respond, message)
        return
    channel, view = context.channel_id, body.get("view")
    if not channel and isinstance(view, Mapping):
        with contextlib.suppress(UsageError):
            channel = text_in(kept_in(view), "channel")
    if context.user_id and channel:
        await whisper(client, message, channel=channel, user=context.user_id)
