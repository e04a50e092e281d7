"""Sending messages: how fast, and which rejections are permanent for a message or concern the whole bot.

Source: the errors of https://docs.slack.dev/reference/methods/chat.postMessage and .../chat.update;
https://docs.slack.dev/apis/web-api/rate-limits
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import Limit, RateLimiter
from bot.errors import SLACK_BAD_BLOCKS, slack_code, slack_wait_s
from bot.slack.api.errors import CALL_ERRORS, KEPT_OUT, error_name
from bot.slack.blocks.message import Message

logger = logging.getLogger(__name__)

POSTS: Final = Limit(calls=1, window_s=1.0, is_bucket=True)
"""In each channel: Slack accepts about one new message a second."""
UPDATES: Final = Limit(calls=16, window_s=2.0, is_bucket=True)
"""In the whole workspace: with the burst 46 in any minute; Tier 3 of ``chat.update`` is 50."""
NOTICES: Final = Limit(calls=1, window_s=20.0, is_bucket=True)
"""The other 4 are for backlog notices, which announce waiting replies and must not wait behind them."""
RESERVED: Final = 8
"""Updates of the burst that are kept for final states; progress waits and is folded together."""

CHART: Final = "data_visualization"
"""A block type that some workspaces reject."""

_OUT: Final = "the bot is no longer in that conversation"
MESSAGE_GONE: Final = "its message is gone"
GONE: Final = {
    code: why
    for why, codes in {
        _OUT: ("channel_not_found", "not_in_channel", "user_not_found"),
        "the channel is archived": ("is_archived",),
        "the channel is frozen": ("is_inactive",),
        MESSAGE_GONE: ("thread_not_found", "message_not_found"),
        "the bot may not write there": (
            *("cannot_reply_to_message", "cant_update_message", "edit_window_closed"),
            *("messages_tab_disabled", "restricted_action", "restricted_action_non_threadable_channel"),
            *("restricted_action_read_only_channel", "restricted_action_thread_locked"),
            "restricted_action_thread_only_channel",
        ),
        "Slack rejects its content": (*SLACK_BAD_BLOCKS, "metadata_too_large", "no_text"),
    }.items()
    for code in codes
}
"""Errors that are permanent for this message, worded for the timeline."""

SHUT: Final = KEPT_OUT | {
    "accesslimited",
    "message_limit_exceeded",
    "team_added_to_org",
    "team_not_found",
    "two_factor_setup_required",
}
"""Errors that every message meets: for a while, or until an admin fixes something."""


async def send(call: Callable[..., Awaitable[Any]], message: Message, **arguments: Any) -> Any:
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
    return await call(text=message.text, blocks=[], **arguments)


async def update(
    client: AsyncWebClient, updates: RateLimiter, message: Message, *, channel: str, ts: str
) -> None:
    """Update a message; if Slack asks for a wait, pause all ``updates`` until then and raise."""
    try:
        await send(client.chat_update, message, channel=channel, ts=ts)
    except SlackApiError as error:
        if (asked_s := slack_wait_s(error)) is not None:
            updates.pause(asked_s)
        raise


async def whisper(
    client: AsyncWebClient, message: Message, *, channel: str, user: str, thread_ts: str | None = None
) -> None:
    """Show a message to one person in a conversation.

    If that fails, it is only logged: what was done stays done.
    """
    try:
        await send(client.chat_postEphemeral, message, channel=channel, user=user, thread_ts=thread_ts)
    except CALL_ERRORS as error:
        logger.warning("an answer could not be sent: %s", error_name(error))
