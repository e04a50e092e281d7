"""What the domain needs of the world, as protocols; the modules ``feature`` join them to the real things."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bot.core.people import Person
from bot.core.scan import Build, ChannelKind, Pulled, Scan, Seen, Share

Progress = Callable[[int, int], None]
"""Told ``(done_bytes, total_bytes)`` as bytes move; cheap, and never waits."""


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class Files(Protocol):
    """Where a build's bytes come from."""

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Write the scan's file to ``to``, hashing as it goes, memory flat.

        Raises:
            TooLarge: it has ``limit_bytes`` or more.
            BuildRejected: it is empty, or not what was shared.
            FileUnavailable: it can't be had, now or later.
            PullFailed: another try may work.
            NoRoom: the bot's disk takes no more.
        """
        ...


class BuildReader(Protocol):
    """Reads what is in a build."""

    async def read(self, path: Path, file_name: str) -> Build:
        """Read the build at ``path``; ``file_name`` is what it was shared as (only its ending is used).

        Raises:
            BuildRejected: it is no build that can be scanned; says which way.
        """
        ...


class Announcer(Protocol):
    """Keeps people told: shows each scan where it was asked for."""

    def changed(self, number: int) -> None:
        """Say that a scan's row has changed; returns at once, the showing happens later."""
        ...

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Say how far the bytes have moved; returns at once."""
        ...


class People(Protocol):
    """Who somebody is."""

    async def person(self, user: str) -> Person:
        """Return who that is, by the ID of a person or of an app (``U…``, ``W…``, ``B…``); answers soon.

        Raises:
            Unidentified: Slack does not say right now.
        """
        ...


class Refusals(Protocol):
    """Tells people that their build is not taken."""

    def refuse(self, share: Share, sentence: str) -> None:
        """Say so to whoever shared it, once a message, seen by nobody else; returns at once."""
        ...


class Workspace(Protocol):
    """What the domain asks of Slack about conversations and messages."""

    def read(self, payload: Mapping[str, Any]) -> Seen:
        """Read what a message event holds; nothing for the bot's own messages."""
        ...

    async def kind_of(self, channel: str) -> ChannelKind:
        """Tell how visible a conversation is.

        Raises:
            NotInvited: the bot can't see it.
        """
        ...

    async def private_channels(self, user: str) -> frozenset[str]:
        """Return the private channels and group messages that the person and the bot are in."""
        ...

    async def channels(self, user: str) -> frozenset[str]:
        """Return all that ``private_channels`` does, and the public channels that the person is in."""
        ...

    async def shares_of_message(
        self, channel: str, message_ts: str, thread_ts: str | None
    ) -> tuple[Share, ...]:
        """Return the builds in a message; empty where it holds none.

        Raises:
            NotInvited: the bot can't read the conversation.
            NotFound: there is no such message.
        """
        ...

    async def shares_of_file(
        self, file_id: str, channel: str | None = None, message_ts: str | None = None
    ) -> tuple[Share, ...] | None:
        """Return where a file was shared (in one channel, or in all that the bot sees), newest first.

        Empty where it is no build; ``None`` where Slack does not say yet. A file that Slack hides, its name
        as well, is found in the message of that timestamp alone, as ``names.NAMELESS``.

        Raises:
            NotFound: the bot can't see the file.
        """
        ...
