"""Sending messages, and what it means when Slack rejects one: for this message, or for the bot as a whole.

Source: the errors of https://docs.slack.dev/reference/methods/chat.postMessage and .../chat.update
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter
from bot.errors import SLACK_BAD_BLOCKS, slack_code, slack_wait_s
from bot.slack.api.errors import KEPT_OUT

logger = logging.getLogger(__name__)

TEXT_LIMIT = 3_900
"""Characters of a message without blocks; the limit of ``chat.update`` is 4,000."""

CHART = "data_visualization"
"""A block type that some workspaces reject."""

_OUT = "the bot is no longer in that conversation"
_MESSAGE_GONE = "its message is gone"
_NOT_ALLOWED = "the bot may not write there"
_TOO_MUCH = "Slack rejects its content"
GONE = {
    "channel_not_found": _OUT,
    "not_in_channel": _OUT,
    "user_not_found": _OUT,
    "is_archived": "the channel is archived",
    "is_inactive": "the channel is frozen",
    "thread_not_found": _MESSAGE_GONE,
    "message_not_found": _MESSAGE_GONE,
    "cannot_reply_to_message": _NOT_ALLOWED,
    "cant_update_message": _NOT_ALLOWED,
    "edit_window_closed": _NOT_ALLOWED,
    "messages_tab_disabled": _NOT_ALLOWED,
    "restricted_action": _NOT_ALLOWED,
    "restricted_action_non_threadable_channel": _NOT_ALLOWED,
    "restricted_action_read_only_channel": _NOT_ALLOWED,
    "restricted_action_thread_locked": _NOT_ALLOWED,
    "restricted_action_thread_only_channel": _NOT_ALLOWED,
    "invalid_blocks": _TOO_MUCH,
    "invalid_blocks_format": _TOO_MUCH,
    "metadata_too_large": _TOO_MUCH,
    "msg_blocks_too_long": _TOO_MUCH,
    "msg_too_long": _TOO_MUCH,
    "no_text": _TOO_MUCH,
    "too_many_attachments": _TOO_MUCH,
}
"""Errors that are permanent for this message, worded for the timeline."""
MESSAGE_GONE = _MESSAGE_GONE

SHUT = KEPT_OUT | {
    "accesslimited",
    "message_limit_exceeded",
    "team_added_to_org",
    "team_not_found",
    "two_factor_setup_required",
}
"""Errors that every message meets: for a while, or until an admin fixes something."""


class Rendered(Protocol):
    """A message to send."""

    @property
    def text(self) -> str:
        """The whole content, for where no blocks are shown."""
        ...

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Block Kit."""
        ...


async def send(call: Callable[..., Awaitable[Any]], message: Rendered, **arguments: Any) -> Any:
    """Call ``chat.postMessage`` or a similar method.

    If Slack rejects the blocks, send the message without charts, then as text only; the other blocks say what
    a chart shows.
    """
    plainer = [block for block in message.blocks if block["type"] != CHART]
    for blocks in [message.blocks, *([plainer] if 0 < len(plainer) < len(message.blocks) else [])]:
        try:
            return await call(text=message.text, blocks=blocks, **arguments)
        except SlackApiError as error:
            if slack_code(error) not in SLACK_BAD_BLOCKS:
                raise
            logger.warning("Slack rejected the blocks of a message (%s); sending fewer", slack_code(error))
    return await call(text=shortened(message.text), blocks=[], **arguments)


async def update(
    client: AsyncWebClient, updates: RateLimiter, message: Rendered, *, channel: str, ts: str
) -> None:
    """Update a message; if Slack asks for a wait, pause all ``updates`` until then and raise."""
    try:
        await send(client.chat_update, message, channel=channel, ts=ts)
    except SlackApiError as error:
        if (asked_s := slack_wait_s(error)) is not None:
            updates.pause(asked_s)
        raise


def shortened(text: str) -> str:
    """Cut a text at the end of a line, so that it fits into a message without blocks."""
    if len(text) <= TEXT_LIMIT:
        return text
    return text[:TEXT_LIMIT].rpartition("\n")[0] or text[:TEXT_LIMIT]


def error_name(error: BaseException) -> str:
    """Name an error without its text, which can contain what was sent."""
    code = slack_code(error)
    return f"{type(error).__name__} {code or ''}".strip()
