"""What the domain needs of the world, as protocols; ``bot.wiring.bot`` joins them to the real things."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bot.core.person import Person
from bot.core.scan import Build, ChannelKind, Platform, Pulled, Scan, Seen, Share
from bot.features.backlog.models import Notice
from bot.features.rescan_requests.models import RescanRequest
from bot.features.results.models import Application, AppScan, Results

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


class Past(Protocol):
    """What was written in Slack before, for when nobody heard of it."""

    async def conversations(self) -> list[str]:
        """Return the IDs of all conversations that the bot is in."""
        ...

    async def messages(self, channel: str, since: float) -> list[Mapping[str, Any]]:
        """Return the messages with files since then, as events would have told of them, oldest first.

        None from before the bot joined.

        Raises:
            NotInvited: the bot can't read the conversation.
            PullFailed: another try may work.
        """
        ...


class Board(Protocol):
    """Where a waiting rescan is shown to a channel."""

    async def post(self, request: RescanRequest, latest: Scan | None) -> str:
        """Post the request; return the message's timestamp.

        Raises:
            NotInvited: the bot can't post there.
        """
        ...

    async def update(self, request: RescanRequest, latest: Scan | None) -> None:
        """Show that it was answered or lapsed."""
        ...


class NoticeBoard(Protocol):
    """Where a channel is told about its queue."""

    async def post(self, notice: Notice) -> str | None:
        """Post the notice; return the message's timestamp, ``None`` where the bot can't post there."""
        ...

    async def update(self, notice: Notice) -> bool:
        """Show what has changed; tell whether it did, or has to be asked again at the next look.

        A message that is gone is let be.
        """
        ...


class Applications(Protocol):
    """What the scanner knows of apps and their scans.

    Each call raises ``CannotRead`` where the credential, or this tenant, does not let results be read;
    ``NotFound`` where there is no such application or scan; ``TryLater`` where it can't be told right now.
    """

    async def can_read(self) -> bool:
        """Return ``True`` where results can be read."""
        ...

    async def named(self, name: str, platform: Platform) -> list[Application]:
        """Return the applications of exactly this name and platform."""
        ...

    async def page(self, number: int, search: str = "") -> tuple[list[Application], bool]:
        """Return a page of 100 applications by name, from 0, and whether there are more."""
        ...

    async def scans(self, application_id: str) -> list[AppScan]:
        """Return an application's newest scans, newest first, 100 at most."""
        ...

    async def results(self, application_id: str, scan: AppScan, platform: Platform) -> Results:
        """Return all that a completed scan found."""
        ...
