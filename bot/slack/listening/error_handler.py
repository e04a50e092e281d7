"""The only error handler of listeners: it tells people why something could not be done."""

import asyncio
import contextlib
import logging
import math
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncRespond
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SLACK_TROUBLE, AppscanError, NotAllowed, NotFound, UsageError, slack_code, slack_wait_s
from bot.slack.api.errors import error_name
from bot.slack.blocks import forms, short_answers
from bot.slack.blocks.forms import kept_in, text_in
from bot.slack.blocks.lists import count
from bot.slack.blocks.message import Message
from bot.slack.listening.modals import REFUSED
from bot.slack.listening.respond import answer
from bot.slack.messages.delivery import whisper

logger = logging.getLogger(__name__)

EXPIRED: Final = (
    "The form could not be opened in time. Press the button again. If it keeps happening, "
    "`/appscan rescan` and `/appscan link` do the same without a form: see `/appscan help rescan`."
)
NO_FORM: Final = (
    "Slack rejected the form. `/appscan rescan` and `/appscan link` do the same without one: "
    "see `/appscan help rescan`."
)
ABSENT: Final = "That is no longer set up here."
TROUBLE: Final = "Slack did not respond as expected, so I could not do this. Try again in a moment."
LIMITED: Final = "I have reached a rate limit of Slack, so I could not do this."
_TOO_LATE: Final = {"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"}
_ACK_SEEN_S: Final = 0.05
"""Bolt checks for an acknowledgement every 10 ms, and drops it if the error handler returns before that."""


def told(error: Exception) -> Message:
    """Return what a person reads about an error; an unexpected one is logged under a reference."""
    if isinstance(error, UsageError):
        return short_answers.usage(error.user_message, error.example)
    if isinstance(error, NotAllowed):
        return short_answers.refusal(error.user_message)
    if isinstance(error, AppscanError):
        return short_answers.notice(error.user_message)
    code = slack_code(error)
    if code in _TOO_LATE:
        return short_answers.notice(EXPIRED)
    if code in REFUSED:
        logger.error("Slack rejected a modal: %s", code)
        return short_answers.notice(NO_FORM)
    if (wait_s := slack_wait_s(error)) is not None:
        wait = count(math.ceil(wait_s / 60), "minute")
        return short_answers.notice(f"{LIMITED} Try again in {wait}.")
    # Listeners call nothing but Slack over the network.
    unreachable = isinstance(error, (aiohttp.ClientError, TimeoutError, ConnectionError))
    if unreachable or (isinstance(error, SlackApiError) and code in SLACK_TROUBLE):
        logger.warning("a call of Slack failed: %s", error_name(error))
        return short_answers.notice(TROUBLE)
    reference = secrets.token_hex(4)
    logger.error("a listener failed, reference %s", reference, exc_info=error)
    return short_answers.error(reference)


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
        message, kind = told(error), body.get("type")
        if kind not in {"view_submission", "event_callback"}:
            await _tell(message, body, context, client, respond)
        if response is None:  # acknowledged before it failed
            await asyncio.sleep(_ACK_SEEN_S)
            return None
        if kind == "event_callback":
            return None  # not acknowledged: Slack delivers it again
        in_form = {"response_action": "update", "view": forms.message_modal(message)}
        return BoltResponse(status=200, body=in_form if kind == "view_submission" else "")


def register_absent(app: AsyncApp) -> None:
    """Register the answer to buttons and forms of features that are not set up any more, after all others."""

    async def absent() -> None:
        raise NotFound(ABSENT)

    app.action(re.compile(""))(absent)
    app.view(re.compile(""))(absent)


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
