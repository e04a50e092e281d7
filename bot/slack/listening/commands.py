"""``/appscan``: finds the handler of each word, and answers unknown words."""

import difflib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.core import identifiers
from bot.errors import UsageError
from bot.slack.blocks.message import Message
from bot.slack.listening import help_views
from bot.slack.listening.command import Command, CommandText, Topic
from bot.slack.listening.payload import needed, said
from bot.slack.listening.respond import answer

COMMAND = "/appscan"
_HELP = "help"
_TAG = re.compile(r"<([@#])[A-Z0-9]+\|([^<>]*)>")

Admit = Callable[[str, str], Awaitable[object]]
"""Raises ``NotAllowed`` or ``Unidentified`` unless this person may use the bot in this channel."""


def register(app: AsyncApp, commands: Sequence[Command], topics: Mapping[str, Topic], admit: Admit) -> None:
    """Register the command; ``topics`` are all pages of help."""
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


def _unknown(word: str, rest: str, by_word: Mapping[str, Command]) -> UsageError:
    """Return the answer to an unknown word, with the one that may have been meant."""
    known = (_HELP, *by_word)
    if near := difflib.get_close_matches(word, known, n=1):
        hides_text = near[0] in by_word and by_word[near[0]].hides_text
        typed = "" if hides_text else _TAG.sub(_name_of_tag, identifiers.unwrapped(rest))
        return UsageError(f"Did you mean `{near[0]}`?", example=f"{COMMAND} {near[0]} {typed}".strip())
    return UsageError(
        f"That is none of the words I know: {', '.join(f'`{each}`' for each in known)}.",
        example=f"{COMMAND} {_HELP}",
    )


def _name_of_tag(tag: re.Match[str]) -> str:
    """Return a person or channel as it was typed."""
    return f"{tag[1]}{tag[2]}"
