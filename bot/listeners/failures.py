"""What a person is told when a listener could not do what they asked. The only handler of errors."""

import asyncio
import logging
import math
import secrets
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncRespond
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import modals, notice
from bot.blocks.message import Message
from bot.errors import SLACK_TROUBLE, AppscanError, NotAllowed, UsageError, slack_code, slack_wait_s
from bot.listeners.answers import answer, whisper
from bot.listeners.forms import REFUSED

logger = logging.getLogger(__name__)

EXPIRED = (
    "Slack gave up waiting before the form could be opened. Press the button again. If it keeps happening, "
    "`/appscan rescan` and `/appscan link` do the same without a form: see `/appscan help rescan`."
)
NO_FORM = (
    "Slack did not take the form. `/appscan rescan` and `/appscan link` do the same without one: "
    "see `/appscan help rescan`."
)
TROUBLE = "Slack did not answer me as it should, so I could not do this. Try again in a moment."
LIMITED = "Slack lets me ask no more for a moment, so I could not do this."
_TOO_LATE = {"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"}
_ACK_SEEN_S = 0.05
"""Bolt looks for an acknowledgement every 10 ms, and forgets it when a handler of errors ends before that."""


def told(error: Exception) -> Message:
    """Return what a person reads about an error; one that nobody foresaw goes to the log with a reference."""
    if isinstance(error, UsageError):
        return notice.usage(error.user_message, error.example)
    if isinstance(error, NotAllowed):
        return notice.refusal(error.user_message)
    if isinstance(error, AppscanError):
        return notice.notice(error.user_message)
    if isinstance(error, SlackApiError) and slack_code(error) in _TOO_LATE:
        return notice.notice(EXPIRED)
    if isinstance(error, SlackApiError) and slack_code(error) in REFUSED:
        logger.error("Slack refused a form: %s", slack_code(error))
        return notice.notice(NO_FORM)
    if (wait_s := slack_wait_s(error)) is not None:
        minutes = math.ceil(wait_s / 60)
        return notice.notice(f"{LIMITED} Try again in {minutes} minute{'s' if minutes > 1 else ''}.")
    if _is_trouble(error):
        logger.warning("Slack could not be asked: %s %s", type(error).__name__, slack_code(error) or "")
        return notice.notice(TROUBLE)
    reference = secrets.token_hex(4)
    logger.error("a listener failed, reference %s", reference, exc_info=error)
    return notice.error(reference)


def _is_trouble(error: Exception) -> bool:
    """Tell whether Slack, or the way to it, broke: nothing else is asked over the network by a listener."""
    if isinstance(error, SlackApiError):
        return slack_code(error) in SLACK_TROUBLE
    return isinstance(error, (aiohttp.ClientError, TimeoutError, ConnectionError))


def register(app: AsyncApp) -> None:
    """Register the handler of errors."""

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
            in_form = {"response_action": "update", "view": modals.message_modal(message)}
        elif body.get("type") != "event_callback":
            await _tell(message, context, client, respond)
        if response is None:  # acknowledged before it failed
            await asyncio.sleep(_ACK_SEEN_S)
            return None
        if body.get("type") == "event_callback":
            return None  # not acknowledged: Slack delivers it again
        return BoltResponse(status=200, body=in_form or "")


async def _tell(
    message: Message, context: AsyncBoltContext, client: AsyncWebClient, respond: AsyncRespond
) -> None:
    """Show a message to whoever did something, and to nobody else."""
    if context.response_url:
        await answer(respond, message)
    elif context.user_id and context.channel_id:
        await whisper(client, message, channel=context.channel_id, user=context.user_id)
