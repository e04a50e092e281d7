"""What the parts of the Slack stand-in share: the world, the app, the faults, and its own address."""

import re
import unicodedata
from dataclasses import dataclass, field

from sandbox.faults import Faults
from sandbox.slack.app import App
from sandbox.world import Channel, ChannelKind, File, Message, User, World


class SlackError(Exception):
    """A call fails with one of Slack's error codes; ``more`` goes into the answer beside it."""

    def __init__(self, error: str, **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


class CannotDo(Exception):  # noqa: N818 - it is no error of the stand-in's
    """A person tried what Slack's client would not let them do; says why."""


@dataclass(kw_only=True)
class Service:
    """The stand-in's state beside the world."""

    world: World
    app: App
    bot: User
    faults: Faults
    base_url: str = ""
    """``http://127.0.0.1:PORT``, set when the server listens."""
    rates: bool = False
    """Whether rate limits are kept."""
    used_triggers: set[str] = field(default_factory=set)

    @property
    def team_url(self) -> str:
        """The workspace's address for people, with a slash at its end."""
        return f"{self.base_url}/"

    @property
    def bot_id(self) -> str:
        """The bot's ``B…`` ID."""
        return self.bot.bot_id or ""

    def bot_sees(self, channel: Channel) -> bool:
        """Whether the bot is in a conversation."""
        return self.bot.id in channel.members

    def channel(self, channel_id: str) -> Channel:
        """Return a conversation that the bot may know of: its own, and public ones.

        Raises:
            SlackError: ``channel_not_found``.
        """
        channel = self.world.channels.get(channel_id)
        if channel is None or (channel.kind is not ChannelKind.PUBLIC and not self.bot_sees(channel)):
            raise SlackError("channel_not_found")
        return channel

    def joined(self, channel_id: str) -> Channel:
        """Return a conversation that the bot is in.

        Raises:
            SlackError: ``channel_not_found``, ``not_in_channel``.
        """
        channel = self.channel(channel_id)
        if not self.bot_sees(channel):
            raise SlackError("not_in_channel")
        return channel

    def permalink(self, message: Message) -> str:
        """Return a message's address as Slack gives it."""
        link = f"{self.team_url}archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def file_url(self, file: File, *, download: bool) -> str:
        """Return where a file's bytes are."""
        if file.external_url:
            return file.external_url
        ascii_name = unicodedata.normalize("NFKD", file.name).encode("ascii", "ignore").decode().lower()
        name = re.sub(r"[^a-z0-9.-]+", "_", ascii_name) or "file"
        way = "download/" if download else ""
        return f"{self.base_url}/files-pri/{self.world.team.id}-{file.id}/{way}{name}"
