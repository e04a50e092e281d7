"""Builds that are shared, and messages that are deleted.

Bolt acknowledges an event before it runs the listener, and a listener's work is lost when the process ends.
So shares are recorded in a listener's middleware, which runs before the acknowledgement: what Slack was
told is received is in the database, and what is not gets delivered again.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import notice
from bot.errors import NotAllowed, slack_code
from bot.scans.desk import Desk

logger = logging.getLogger(__name__)

Next = Callable[[], Awaitable[None]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Register what listens for messages and files."""

    async def take_message(event: dict[str, Any], client: AsyncWebClient, next_: Next) -> None:
        if (deleted_ts := _deleted(event)) is not None:
            await desk.intake.deleted(str(event.get("channel")), deleted_ts)
        elif event.get("files"):
            try:
                await desk.intake.message(event)
            except NotAllowed as error:
                await _refuse(client, event, error)
        await next_()

    async def take_file(event: dict[str, Any], next_: Next) -> None:
        await desk.intake.file_shared(
            str(event.get("file_id")),
            str(event.get("channel_id")),
            str(event.get("event_ts")),
            user=event.get("user_id"),
        )
        await next_()

    @app.event("message", middleware=[take_message])
    async def message_taken() -> None:
        """Acknowledge."""

    @app.event("file_shared", middleware=[take_file])
    async def file_taken() -> None:
        """Acknowledge."""


def _deleted(event: Mapping[str, Any]) -> str | None:
    """Return the timestamp of a message that was deleted; with replies, Slack leaves a tombstone instead."""
    if event.get("subtype") == "message_deleted":
        return str(event.get("deleted_ts"))
    changed = event.get("message")
    if (
        event.get("subtype") == "message_changed"
        and isinstance(changed, Mapping)
        and changed.get("subtype") == "tombstone"
    ):
        return str(changed.get("ts"))
    return None


async def _refuse(client: AsyncWebClient, event: Mapping[str, Any], error: NotAllowed) -> None:
    """Say a polite no to who shared it, seen by nobody else; an app has no eyes for it."""
    if event.get("user") and not event.get("bot_id"):
        message = notice.refusal(error.user_message)
        try:
            await client.chat_postEphemeral(
                channel=str(event["channel"]),
                user=str(event["user"]),
                thread_ts=event.get("thread_ts"),
                text=message.text,
                blocks=message.blocks,
            )
        except SlackApiError as unsaid:  # said or not, the answer is no: Slack need not deliver it again
            logger.warning("a no could not be said: %s", slack_code(unsaid))
