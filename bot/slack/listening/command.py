"""The commands of ``/appscan``: what features register, and what their handlers receive."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.slack.blocks.message import Message


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One page of help."""

    gist: str
    """A line for the list of topics."""
    body: str
    """In this project's words; ``< >`` as they are typed."""
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CommandText:
    """One ``/appscan`` as typed."""

    user: str
    channel: str
    rest: str
    """What follows the first word."""
    words: tuple[str, ...]
    """``rest``, split at spaces."""
    occasion: str
    """Unique to this command."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of ``/appscan``."""

    word: str
    topic: Topic
    """Its page of help; after a ``UsageError`` without an example, its last example is shown."""
    handler: Callable[[CommandText], Awaitable[Message | None]]
    """Answers it for someone who was admitted; ``None`` if what it posted is the answer."""
    hides_text: bool = False
    """Whether what follows the word is never shown again: a link can hold codes, tokens and passwords."""
