"""``/appscan``: runs a command, or suggests one. Mentions of the bot are answered with help."""

import difflib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.core import identifiers
from bot.errors import NotAllowed, Unidentified, UsageError
from bot.slack.blocks.message import Message
from bot.slack.listening import help_views
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.error_handler import told
from bot.slack.listening.payload import needed, said
from bot.slack.listening.respond import answer
from bot.slack.messages.delivery import whisper

COMMAND = "/appscan"
_HELP = "help"
_TAG = re.compile(r"<([@#])[A-Z0-9]+\|([^<>]*)>")

Admit = Callable[[str, str], Awaitable[object]]
"""Raises ``NotAllowed`` or ``Unidentified`` unless this person may use the bot in this channel."""


def register(app: AsyncApp, commands: Sequence[Command], topics: Mapping[str, Topic], admit: Admit) -> None:
    """Register ``/appscan`` and mentions; ``topics`` are all pages of help."""
    by_word = {command.word: command for command in commands}

    async def answer_to(command: Mapping[str, Any]) -> Message | None:
        user, channel = needed(command, "user_id"), needed(command, "channel_id")
        await admit(user, channel)
        word, rest = [*said(command, "text").split(maxsplit=1), "", ""][:2]
        word = word.lower() or _HELP
        if word == _HELP:
            return help_views.about(topics, rest)
        if word not in by_word:
            raise _unknown(word, rest, by_word)
        typed = CommandText(
            user=user,
            channel=channel,
            rest=rest.strip(),
            words=tuple(rest.split()),
            occasion=f"command-{said(command, 'trigger_id')}",
        )
        try:
            return await by_word[word].handler(typed)
        except UsageError as error:
            if error.example.startswith(COMMAND):
                raise
            raise UsageError(error.user_message, example=by_word[word].topic.examples[-1]) from error

    @app.command(COMMAND)
    async def appscan(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        message = await answer_to(command)
        if message is not None:
            await answer(respond, message)

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], client: AsyncWebClient) -> None:
        if event.get("bot_id") or not event.get("user") or event.get("files"):
            return  # an app, or a build, which is a scan of its own
        user, channel = needed(event, "user"), needed(event, "channel")
        try:
            await admit(user, channel)
            message = help_views.about(topics)
        except (NotAllowed, Unidentified) as error:
            message = told(error)
        await whisper(client, message, channel=channel, user=user, thread_ts=said(event, "thread_ts") or None)


def _unknown(word: str, rest: str, by_word: Mapping[str, Command]) -> UsageError:
    """Return the answer to an unknown command, with the most similar one."""
    known = (_HELP, *by_word)
    near = next(iter(difflib.get_close_matches(word, known, n=1)), None)
    if near is None:
        commands = ", ".join(f"`{each}`" for each in known)
        return UsageError(f"Unknown command. The commands are {commands}.", example=f"{COMMAND} {_HELP}")
    hides_text = near in by_word and by_word[near].hides_text
    as_typed = _TAG.sub(lambda tag: f"{tag[1]}{tag[2]}", identifiers.unwrapped(rest))
    example = f"{COMMAND} {near} {'' if hides_text else as_typed}".strip()
    return UsageError(f"Did you mean `{near}`?", example=example)
