"""What a person is told when a listener could not do what they asked. The only handler of errors."""

import logging
import secrets
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncRespond
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import notice
from bot.blocks.message import Message
from bot.errors import AppscanError, NotAllowed, UsageError

logger = logging.getLogger(__name__)

EXPIRED = (
    "Slack gave up waiting before the form could be opened. Press the button again; "
    "if it keeps happening, use the slash command instead."
)
DONE = BoltResponse(status=200, body="")
"""Acknowledges a request that was answered with a sentence."""


def told(error: Exception) -> Message:
    """Return what a person reads about an error; one that nobody foresaw goes to the log with a reference."""
    if isinstance(error, UsageError):
        return notice.usage(error.user_message, error.example)
    if isinstance(error, NotAllowed):
        return notice.refusal(error.user_message)
    if isinstance(error, AppscanError):
        return notice.notice(error.user_message)
    if isinstance(error, SlackApiError) and error.response.get("error") == "expired_trigger_id":
        return notice.notice(EXPIRED)
    reference = secrets.token_hex(4)
    logger.error("a listener failed, reference %s", reference, exc_info=error)
    return notice.error(reference)


def register(app: AsyncApp) -> None:
    """Register the handler of errors."""

    @app.error
    async def failed(
        error: Exception,
        body: dict[str, Any],
        context: AsyncBoltContext,
        client: AsyncWebClient,
        respond: AsyncRespond,
    ) -> BoltResponse | None:
        message = told(error)
        if body.get("type") == "event_callback":
            return None  # not acknowledged: Slack delivers it again
        try:
            if context.response_url:
                await respond(
                    text=message.text,
                    blocks=message.blocks,
                    response_type="ephemeral",
                    replace_original=False,
                )
            elif context.user_id and context.channel_id:
                await client.chat_postEphemeral(
                    channel=context.channel_id,
                    user=context.user_id,
                    text=message.text,
                    blocks=message.blocks,
                )
        except SlackApiError as unsaid:
            logger.warning("an answer could not be given: %s", unsaid.response.get("error"))
        return DONE
