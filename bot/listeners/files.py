"""Builds that are shared, and messages that are deleted.

Bolt acknowledges an event before it runs the listener, and a listener's work is lost when the process ends.
So shares are recorded in a listener's middleware, which runs before the acknowledgement: what Slack was
told is received is in the database, and what is not gets delivered again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.listeners.acts import said
from bot.scans.desk import Desk

Next = Callable[[], Awaitable[None]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Register what listens for messages and files."""

    async def take_message(event: dict[str, Any], next_: Next) -> None:
        if (deleted_ts := _deleted(event)) is not None:
            await desk.intake.deleted(said(event, "channel"), deleted_ts)
        elif event.get("files"):
            await desk.intake.heard(event)
        await next_()

    async def take_file(event: dict[str, Any], next_: Next) -> None:
        file_id, channel = said(event, "file_id"), said(event, "channel_id")
        if file_id and channel:
            await desk.intake.file_shared(
                file_id, channel, said(event, "event_ts"), user=said(event, "user_id") or None
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
        return said(event, "deleted_ts")
    changed = event.get("message")
    if (
        event.get("subtype") == "message_changed"
        and isinstance(changed, Mapping)
        and changed.get("subtype") == "tombstone"
    ):
        return said(changed, "ts")
    return None
