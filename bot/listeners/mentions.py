"""A mention of the bot, answered with help that only its author sees."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import help, notice  # noqa: A004 - the command's own word
from bot.errors import NotAllowed, Unidentified
from bot.listeners.acts import needed, said
from bot.listeners.answers import whisper
from bot.scans.desk import Desk


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the listener."""

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], client: AsyncWebClient) -> None:
        if event.get("bot_id") or not event.get("user") or event.get("files"):
            return  # an app, or a build, which is a scan of its own
        user, channel = needed(event, "user"), needed(event, "channel")
        try:
            await desk.policy.admit(user, channel)
            message = help.about(words=desk.words)
        except NotAllowed as error:
            message = notice.refusal(error.user_message)
        except Unidentified as error:
            message = notice.notice(error.user_message)
        await whisper(client, message, channel=channel, user=user, thread_ts=said(event, "thread_ts") or None)
