"""The interfaces between the features and the outside: clock, files, Slack."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bot.core.people import Person
from bot.core.scan import Build, ChannelKind, Pulled, Scan, Seen, Share

Progress = Callable[[int, int], None]
"""Called with ``(done_bytes, total_bytes)`` during a transfer; must be cheap and not block."""


class Clock(Protocol):
    """Time, which tests replace."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Sleep; a negative time counts as 0."""


class Files(Protocol):
    """The source of builds."""

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Download the scan's file to ``to`` as a stream, hashing it on the way.

        Raises:
            TooLarge: ``limit_bytes`` or more.
            BuildRejected: empty, or not the file that was shared.
            FileUnavailable: permanently unavailable.
            PullFailed: a retry may succeed.
            NoRoom: the bot's disk is full.
        """


class BuildReader(Protocol):
    """Reads a build's metadata."""

    async def read(self, path: Path, file_name: str) -> Build:
        """Read the build at ``path``; of ``file_name``, as shared, only the extension is used.

        Raises:
            BuildRejected: can't be scanned; says why.
        """


class Announcer(Protocol):
    """Keeps the messages about scans up to date."""

    def changed(self, number: int) -> None:
        """Schedule an update of the messages about a scan whose row has changed; returns at once."""

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Schedule an update of a transfer's progress; returns at once."""


class People(Protocol):
    """The directory of people."""

    async def person(self, user: str) -> Person:
        """Look up a person or an app by ID (``U…``, ``W…``, ``B…``), with a short timeout.

        Raises:
            Unidentified: Slack can't say at the moment.
        """


class Refusals(Protocol):
    """Rejects shares."""

    def refuse(self, share: Share, sentence: str) -> None:
        """Show the sentence once per message, only to the person who shared it; returns at once."""


class Workspace(Protocol):
    """Conversations and messages in Slack."""

    def read(self, payload: Mapping[str, Any]) -> Seen:
        """Parse a message event; empty for the bot's own messages."""

    async def kind_of(self, channel: str) -> ChannelKind:
        """Return a conversation's kind.

        Raises:
            NotInvited: the bot is not a member.
        """

    async def private_channels(self, user: str) -> frozenset[str]:
        """Return the private channels and group messages of which both the person and the bot are members."""

    async def channels(self, user: str) -> frozenset[str]:
        """Return ``private_channels`` and the public channels of which the person is a member."""

    async def shares_of_message(
        self, channel: str, message_ts: str, thread_ts: str | None
    ) -> tuple[Share, ...]:
        """Return the builds in a message, possibly none.

        Raises:
            NotInvited: the bot can't read the conversation.
            NotFound: there is no such message.
        """

    async def shares_of_file(
        self, file_id: str, channel: str | None = None, message_ts: str | None = None
    ) -> tuple[Share, ...] | None:
        """Return a file's shares (in one channel, or in all that the bot sees), newest first.

        Empty if the file is not a build; ``None`` if Slack does not say yet. A file whose name Slack hides is
        found only in the message with that timestamp, as ``file_names.NAMELESS``.

        Raises:
            NotFound: the bot can't see the file.
        """
