"""Shared builds and deleted messages.

Bolt acknowledges an event before it runs the listener, and a listener's work is lost when the process ends.
Therefore shares are recorded in a listener's middleware, which runs before the acknowledgement: what was
acknowledged is in the database, and everything else is delivered again.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.identifiers import EXAMPLE_APP_ID
from bot.errors import StoreUnavailable
from bot.features.submission.intake import Intake
from bot.slack.blocks import short_answers
from bot.slack.listening.command import Topic
from bot.slack.listening.payload import said
from bot.slack.messages.delivery import whisper

UNRECORDED = (
    "The bot can't write to its database at the moment, so it has not accepted this build yet. Slack repeats "
    "the event for some minutes. If there is no reply by then, share the build again and contact the bot's "
    "operator."
)
MOST_TOLD = 1000
"""Limit on the messages remembered so that each gets this answer once."""

SHARE = Topic(
    gist="have a build scanned",
    body=(
        "Share an `.ipa` or `.apk` in a channel, a thread or a direct message that this bot is in "
        "(an `.aab` too, where it is set up for that). One reply in the thread follows it until OneTrust "
        "has it; when it has been scanned, a message there tells what was found.\n"
        "The first build of an app is a new scan. Once the app is linked to its app ID, each further "
        "build is a rescan. Where that is not clear, the bot asks.\n"
        "In the message with the file, `rescan <appId>` makes it a rescan of that app, and `name: …` "
        "names a new app. For a build shared earlier, choose *Scan this build* in its message's menu."
    ),
    examples=(f"rescan {EXAMPLE_APP_ID}", "name: Shop (staging)"),
)

Next = Callable[[], Awaitable[None]]


def register(app: AsyncApp, intake: Intake) -> None:
    """Register what listens for messages and files."""
    told: deque[tuple[str, str]] = deque(maxlen=MOST_TOLD)

    async def take_message(event: dict[str, Any], client: AsyncWebClient, next_: Next) -> None:
        try:
            if (deleted_ts := _deleted(event)) is not None:
                await intake.deleted(said(event, "channel"), deleted_ts)
            elif event.get("files"):
                await intake.on_message(event)
        except StoreUnavailable:
            message = (said(event, "channel"), said(event, "ts"))
            if event.get("files") and message not in told:
                told.append(message)
                await _tell(client, event)
            raise  # not acknowledged: Slack delivers it again
        await next_()

    async def take_file(event: dict[str, Any], next_: Next) -> None:
        file_id, channel, user = (said(event, key) for key in ("file_id", "channel_id", "user_id"))
        if file_id and channel:
            await intake.file_shared(file_id, channel, said(event, "event_ts"), user=user or None)
        await next_()

    @app.event("message", middleware=[take_message])
    async def message_taken() -> None:
        """Acknowledge."""

    @app.event("file_shared", middleware=[take_file])
    async def file_taken() -> None:
        """Acknowledge."""


def _deleted(event: Mapping[str, Any]) -> str | None:
    """Return the timestamp of a deleted message; one with replies is replaced by a tombstone."""
    if event.get("subtype") == "message_deleted":
        return said(event, "deleted_ts")
    is_change = event.get("subtype") == "message_changed"
    return (
        said(event, "message", "ts")
        if is_change and said(event, "message", "subtype") == "tombstone"
        else None
    )


async def _tell(client: AsyncWebClient, event: Mapping[str, Any]) -> None:
    """Tell the person who shared a build, but not an app, that it was not accepted yet."""
    user, channel, thread_ts = (said(event, key) for key in ("user", "channel", "thread_ts"))
    if user and not event.get("bot_id"):
        message = short_answers.notice(UNRECORDED)
        await whisper(client, message, channel=channel, user=user, thread_ts=thread_ts or None)
