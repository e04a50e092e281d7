"""Answers that only the person who acted sees, through a response URL or in a conversation."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError

from bot.errors import wait_asked_s
from bot.slack.blocks.message import Message
from bot.slack.listening.payload import Payload, read_payload

logger = logging.getLogger(__name__)

LONGEST_WAIT_S = 10.0
"""After a longer wait, an answer would come too late."""
TROUBLE_WAIT_S = 1.0
"""Before the retry after an error of Slack's."""
_TROUBLE = 599
"""The status of a response that never came, or did not come from Slack."""


async def answer(respond: AsyncRespond, message: Message, *, replace: bool = False) -> None:
    """Show a message to the person who acted; ``replace`` replaces the message with the button.

    After a short rate limit or a server error, it is retried once; if Slack rejects the blocks, only the text
    is sent. If that fails too, it is only logged: what was done stays done.
    """
    how = {"response_type": "ephemeral", "replace_original": replace}
    status, wait_s = await _post(respond, text=message.text, blocks=message.blocks, **how)
    if status == 429 and wait_s > LONGEST_WAIT_S:
        logger.warning("an answer could not be sent: Slack asks for %d s", wait_s)
        return
    if status == 429 or status >= 500:
        await asyncio.sleep(wait_s)
        status, _ = await _post(respond, text=message.text, blocks=message.blocks, **how)
    if 400 <= status < 500 and status != 429:
        logger.warning("an answer was rejected with HTTP %d; retrying as text", status)
        status, _ = await _post(respond, text=message.text, **how)
    if status >= 300:
        logger.warning("an answer could not be sent: %s", "no response" if status == _TROUBLE else status)


def replace_on_press(app: AsyncApp, make: Callable[[Payload], Awaitable[Message]], *action_ids: str) -> None:
    """Register buttons that replace the message they are in."""

    async def pressed(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        await answer(respond, await make(read_payload(body)), replace=True)

    for action_id in action_ids:
        app.action(action_id)(pressed)


async def _post(respond: AsyncRespond, **what: Any) -> tuple[int, float]:
    """Post to a response URL; return the status, which the SDK does not raise, and when to retry."""
    try:
        told = await respond(**what)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
        logger.info("a response URL did not respond: %s", type(error).__name__)
        return _TROUBLE, TROUBLE_WAIT_S
    if told.status_code == 200 and str(told.body).lstrip().startswith("<"):  # a proxy's page
        return _TROUBLE, TROUBLE_WAIT_S
    limited = told.status_code == 429
    return told.status_code, wait_asked_s(told.headers.get("Retry-After")) if limited else TROUBLE_WAIT_S
