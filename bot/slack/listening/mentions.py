"""A mention of the bot, answered with help that only its author sees."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import NotAllowed, Unidentified
from bot.slack.blocks import short_answers
from bot.slack.listening import help_views
from bot.slack.listening.command import Topic
from bot.slack.listening.commands import Admit
from bot.slack.listening.payload import needed, said
from bot.slack.messages.delivery import whisper


def register(app: AsyncApp, topics: Mapping[str, Topic], admit: Admit) -> None:
    """Register the listener."""

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], client: AsyncWebClient) -> None:
        if event.get("bot_id") or not event.get("user") or event.get("files"):
            return  # an app, or a build, which is a scan of its own
        user, channel = needed(event, "user"), needed(event, "channel")
        try:
            await admit(user, channel)
            message = help_views.about(topics)
        except NotAllowed as error:
            message = short_answers.refusal(error.user_message)
        except Unidentified as error:
            message = short_answers.notice(error.user_message)
        await whisper(client, message, channel=channel, user=user, thread_ts=said(event, "thread_ts") or None)
