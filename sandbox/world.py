"""The world behind the Slack stand-in: its people, conversations, messages, files and views, in memory.

This is the truth: nothing here knows of HTTP, of tokens, or of what a bot may see. Whoever changes a record
calls a method of ``World``, so that everybody who waits is woken.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.changes import Changes
from sandbox.clock import Clock

Json = dict[str, Any]
"""A JSON object."""

_ID_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_id(letter: str) -> str:
    """Return an ID such as ``C0…``, never given before."""
    return letter + "0" + "".join(secrets.choice(_ID_LETTERS) for _ in range(9))


class ChannelKind(StrEnum):
    """How visible a conversation is."""

    PUBLIC = "public"
    PRIVATE = "private"
    IM = "im"  # two people, or one and a bot
    MPIM = "mpim"  # a group direct message


class FileMode(StrEnum):
    """How Slack holds a file; its own words."""

    HOSTED = "hosted"
    EXTERNAL = "external"  # a remote file: its address is not Slack's
    FILE_ACCESS = "file_access"  # a Slack Connect stub; files.info tells more
    HIDDEN_BY_LIMIT = "hidden_by_limit"  # too old for a free plan
    TOMBSTONE = "tombstone"  # deleted


@dataclass(kw_only=True)
class User:
    """A person or a bot user. ``bot_id`` and ``app_id`` are a bot's."""

    id: str
    name: str
    real_name: str
    tz: str = "UTC"
    is_bot: bool = False
    is_restricted: bool = False
    """A guest; of one channel only with ``is_ultra_restricted`` too."""
    is_ultra_restricted: bool = False
    team: str = ""
    """The other organisation's workspace, of somebody who is here by Slack Connect."""
    is_stranger: bool = False
    """Of another organisation, and in no conversation that is shared with it."""
    enterprise: str = ""
    """The Enterprise Grid organisation that they are of."""
    deleted: bool = False
    bot_id: str | None = None
    app_id: str | None = None

    def tz_offset_s(self, now: float) -> int:
        """Return how far the person's clock is ahead of UTC, in seconds."""
        offset = datetime.fromtimestamp(now, ZoneInfo(self.tz)).utcoffset()
        return int(offset.total_seconds()) if offset else 0


@dataclass(kw_only=True)
class Channel:
    """A conversation. ``members`` are user IDs, first come first."""

    id: str
    name: str
    kind: ChannelKind
    members: list[str] = field(default_factory=list)
    archived: bool = False
    created_at: float = 0.0
    creator: str = ""
    ext_shared: bool = False
    """Shared with another organisation, by Slack Connect."""


@dataclass(frozen=True, kw_only=True)
class FileShare:
    """That a file is in a message."""

    channel: str
    ts: str
    thread_ts: str | None
    user: str


@dataclass(kw_only=True)
class File:
    """A file. Its bytes are ``content``, or on disk at ``path``."""

    id: str
    name: str
    size_bytes: int
    user: str
    created_at: float
    content: bytes = b""
    path: Path | None = None
    mimetype: str = "application/octet-stream"
    filetype: str = "binary"
    mode: FileMode = FileMode.HOSTED
    access_denied: bool = False
    """With ``FILE_ACCESS``: files.info says ``access_denied``."""
    external_url: str = ""
    """With ``EXTERNAL``: where it really is."""
    shares: list[FileShare] = field(default_factory=list)


@dataclass(kw_only=True)
class Message:
    """A message, or an ephemeral one where ``ephemeral_to`` is set.

    ``bot_id`` and ``app_id`` are set where an app posted it; ``user`` is then the app's bot user.
    """

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    metadata: Json | None = None
    subtype: str | None = None
    ephemeral_to: str | None = None
    edited_by: str | None = None
    edited_ts: str | None = None
    deleted: bool = False
    tombstone: bool = False
    """Deleted, but kept as the head of its thread."""
    versions: int = 1
    """How often it was written: 1, and one more for each edit."""
    client_msg_id: str = ""

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread under another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(kw_only=True)
class View:
    """A modal as it is open for ``user``; ``spec`` is what the app gave."""

    id: str
    user: str
    spec: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    open: bool = True
    errors: Json = field(default_factory=dict)
    """What the app said of the last try to submit it: block ID → message."""
    state: Json = field(default_factory=dict)
    """The values as they stand: block ID → action ID → value."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that the bot made: an API method, ``download`` or ``response_url``. Tokens are masked."""

    method: str
    arguments: Json
    answer: Json
    status: int
    at: float


@dataclass(kw_only=True)
class Team:
    """The workspace."""

    id: str
    name: str
    domain: str
    enterprise: str = ""
    """The Enterprise Grid organisation that it is of."""
    charts: bool = True
    """Whether charts are taken; where not, a message with one is refused as ``invalid_blocks``."""


class World:
    """Everything that there is in a workspace."""

    def __init__(self, *, clock: Clock | None = None, name: str = "Sandbox", domain: str = "sandbox") -> None:
        self.clock = clock or Clock()
        self.changes = Changes()
        self.team = Team(id=new_id("T"), name=name, domain=domain)
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[tuple[str, str], Message] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.calls: list[Call] = []
        self._last_us = 0

    def now(self) -> float:
        """Return the time here, in seconds since the epoch."""
        return self.clock.now()

    def next_ts(self) -> str:
        """Return a timestamp later than all before, as Slack writes them: ``1700000000.000100``."""
        self._last_us = max(int(self.now() * 1_000_000), self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def add_user(
        self,
        name: str,
        *,
        real_name: str = "",
        tz: str = "UTC",
        is_bot: bool = False,
        **more: Any,
    ) -> User:
        """Add a person, or a bot user with IDs of its own; ``more`` are other fields of ``User``."""
        user = User(
            id=new_id("U"),
            name=name,
            real_name=real_name or name.title(),
            tz=tz,
            is_bot=is_bot,
            bot_id=new_id("B") if is_bot else None,
            app_id=new_id("A") if is_bot else None,
            **more,
        )
        self.users[user.id] = user
        self.changes.tell()
        return user

    def add_channel(
        self, name: str, *, kind: ChannelKind = ChannelKind.PUBLIC, members: Iterable[str] = ()
    ) -> Channel:
        """Add a conversation with these user IDs in it."""
        who = list(dict.fromkeys(members))
        channel = Channel(
            id=new_id("D" if kind is ChannelKind.IM else "C"),
            name=name,
            kind=kind,
            members=who,
            created_at=self.now(),
            creator=who[0] if who else "",
        )
        self.channels[channel.id] = channel
        self.changes.tell()
        return channel

    def im(self, one: str, other: str) -> Channel:
        """Return the direct conversation of two; made where there is none."""
        for channel in self.channels.values():
            if channel.kind is ChannelKind.IM and set(channel.members) == {one, other}:
                return channel
        return self.add_channel("", kind=ChannelKind.IM, members=[one, other])

    def find_user(self, name_or_id: str) -> User | None:
        """Return a person by ID or name."""
        wanted = name_or_id.removeprefix("@")
        return self.users.get(wanted) or next((u for u in self.users.values() if u.name == wanted), None)

    def find_channel(self, name_or_id: str) -> Channel | None:
        """Return a conversation by ID or name."""
        wanted = name_or_id.removeprefix("#")
        named = (c for c in self.channels.values() if c.name == wanted and c.kind is not ChannelKind.IM)
        return self.channels.get(wanted) or next(named, None)

    def join(self, channel: Channel, user_id: str) -> bool:
        """Put somebody into a conversation; false where they were in it."""
        if user_id in channel.members:
            return False
        channel.members.append(user_id)
        self.changes.tell()
        return True

    def leave(self, channel: Channel, user_id: str) -> bool:
        """Take somebody out of a conversation; false where they were not in it."""
        if user_id not in channel.members:
            return False
        channel.members.remove(user_id)
        self.changes.tell()
        return True

    def add_file(self, name: str, content: bytes | Path, *, user: str, **more: Any) -> File:
        """Add a file that is in no message yet; ``more`` are other fields of ``File``."""
        path = content if isinstance(content, Path) else None
        file = File(
            id=new_id("F"),
            name=name,
            size_bytes=content.stat().st_size if isinstance(content, Path) else len(content),
            user=user,
            created_at=self.now(),
            content=b"" if isinstance(content, Path) else content,
            path=path,
            **more,
        )
        self.files[file.id] = file
        return file

    def post(self, channel: str, *, user: str, files: Sequence[File] = (), **more: Any) -> Message:
        """Put a message into a conversation; ``more`` are other fields of ``Message``."""
        message = Message(
            channel=channel, ts=self.next_ts(), user=user, files=[file.id for file in files], **more
        )
        self.messages[channel, message.ts] = message
        if message.is_reply and message.ephemeral_to is None:
            head = self.messages.get((channel, message.thread_ts or ""))
            if head is not None:
                head.thread_ts = head.ts
        for file in files:
            file.shares.append(
                FileShare(channel=channel, ts=message.ts, thread_ts=message.thread_ts, user=user)
            )
        self.changes.tell()
        return message

    def rewrite(self, message: Message, *, by: str, **parts: Any) -> None:
        """Give a message other parts, and note who edited it."""
        for name, value in parts.items():
            setattr(message, name, value)
        message.edited_by = by
        message.edited_ts = self.next_ts()
        message.versions += 1
        self.changes.tell()

    def delete(self, message: Message) -> None:
        """Delete a message: the head of a thread with replies stays as a tombstone."""
        message.tombstone = message.thread_ts == message.ts and bool(self.replies(message))
        message.deleted = True
        for file_id in message.files:
            file = self.files[file_id]
            file.shares = [s for s in file.shares if (s.channel, s.ts) != (message.channel, message.ts)]
        if message.tombstone:
            message.text, message.blocks, message.files = "This message was deleted.", [], []
            message.attachments, message.metadata = [], None
        self.changes.tell()

    def delete_file(self, file: File) -> None:
        """Delete a file; the messages that held it show a tombstone in its place."""
        file.mode = FileMode.TOMBSTONE
        file.content, file.path = b"", None
        self.changes.tell()

    def find_message(self, channel: str, ts: str) -> Message | None:
        """Return a message that everybody in the conversation can see; tombstones count."""
        message = self.messages.get((channel, ts))
        if message is None or message.ephemeral_to is not None:
            return None
        return message if message.tombstone or not message.deleted else None

    def replies(self, head: Message) -> list[Message]:
        """Return what stands under a message, oldest first."""
        return [m for m in self.in_channel(head.channel) if m.is_reply and m.thread_ts == head.ts]

    def in_channel(self, channel: str) -> list[Message]:
        """Return all that can be seen by everybody in a conversation, replies too, oldest first."""
        return [
            m
            for m in self.messages.values()
            if m.channel == channel and m.ephemeral_to is None and (m.tombstone or not m.deleted)
        ]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Message]:
        """Return what only this person sees, oldest first."""
        return [
            m
            for m in self.messages.values()
            if m.ephemeral_to == user and not m.deleted and channel in {None, m.channel}
        ]

    def open_views(self, user: str) -> list[View]:
        """Return the modals that are open for a person, the lowest first."""
        return [view for view in self.views.values() if view.user == user and view.open]

    def log(self, method: str, arguments: Mapping[str, Any], answer: Mapping[str, Any], status: int) -> None:
        """Note a call that the bot made."""
        self.calls.append(
            Call(method=method, arguments=dict(arguments), answer=dict(answer), status=status, at=self.now())
        )
        self.changes.tell()
