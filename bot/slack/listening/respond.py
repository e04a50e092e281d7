"""Answers through a response URL, which only the person who acted sees."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.errors import wait_asked_s
from bot.slack.api.errors import CALL_ERRORS, error_name
from bot.slack.blocks.message import Message
from bot.slack.listening.payload import Payload, read_payload

logger = logging.getLogger(__name__)

MAX_WAIT_S: Final = 10.0
"""After a longer wait, an answer would come too late."""
TROUBLE_WAIT_S: Final = 1.0
"""Before the retry after an error of Slack's."""
_NO_RESPONSE: Final = 599
"""The status of a response that never came, or did not come from Slack."""


async def answer(respond: AsyncRespond, message: Message, *, replace: bool = False) -> None:
    """Show a message to the person who acted; ``replace`` replaces the message with the button.

    After a short rate limit or a server error, it is retried once; if Slack rejects the blocks, only the text
    is sent. If that fails too, it is only logged: what was done stays done.
    """
    how: dict[str, Any] = {"text": message.text, "response_type": "ephemeral", "replace_original": replace}
    status, wait_s = await _post(respond, blocks=message.blocks, **how)
    if status >= 500 or (status == 429 and wait_s <= MAX_WAIT_S):
        await asyncio.sleep(wait_s)
        status, _ = await _post(respond, blocks=message.blocks, **how)
    if 400 <= status < 500 and status != 429:
        logger.warning("an answer was rejected with HTTP %d; retrying as text", status)
        status, _ = await _post(respond, **how)
    if status >= 300:
        reason = "no response" if status == _NO_RESPONSE else f"HTTP {status}"
        logger.warning("an answer could not be sent: %s", reason)


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
        response = await respond(**what)
    except CALL_ERRORS as error:
        logger.info("a response URL did not respond: %s", error_name(error))
        return _NO_RESPONSE, TROUBLE_WAIT_S
    if response.status_code == 200 and str(response.body).lstrip().startswith("<"):  # a proxy's page
        return _NO_RESPONSE, TROUBLE_WAIT_S
    if response.status_code == 429:
        return 429, wait_asked_s(response.headers.get("Retry-After"))
    return response.status_code, TROUBLE_WAIT_S
