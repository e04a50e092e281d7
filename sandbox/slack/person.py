"""A person in the workspace: writes, shares, and reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.slack.hands import Hands
from sandbox.slack.payloads import message_json
from sandbox.slack.service import CannotDo
from sandbox.slack.writing import rich_text, written
from sandbox.world import Channel, File, FileMode, Message, User, View, new_id


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A message with files. ``files`` are file IDs."""

    channel: str
    ts: str
    thread_ts: str | None
    files: list[str] = field(default_factory=list)

    @property
    def file_id(self) -> str:
        """The first file's ID."""
        return self.files[0]


class Person(Hands):
    """Somebody at their Slack; what is done to the bot by hand is in ``Hands``.

    A conversation is named by its record, its ID, or its name. What Slack's client would not let a person
    do raises ``CannotDo``.
    """

    def say(self, channel: Channel | str, text: str, *, thread_ts: str | None = None) -> Message:
        """Write a message; ``@name``, ``#name`` and addresses become what Slack makes of them."""
        where = self._writable(channel)
        message = self._world.post(
            where.id,
            user=self.id,
            text=written(self._world, text),
            blocks=rich_text(self._world, text),
            thread_ts=self._head(where, thread_ts),
            client_msg_id=new_id("m"),
        )
        self._events.posted(message)
        return message

    def mention(self, channel: Channel | str, text: str = "", *, thread_ts: str | None = None) -> Message:
        """Write a message that begins with the bot's name."""
        return self.say(channel, f"@{self._service.bot.name} {text}".strip(), thread_ts=thread_ts)

    def share(
        self,
        channel: Channel | str,
        files: Sequence[tuple[str, bytes | Path]],
        comment: str = "",
        *,
        thread_ts: str | None = None,
        as_app: str | None = None,
        mode: FileMode = FileMode.HOSTED,
        access_denied: bool = False,
        external_url: str = "",
    ) -> Shared:
        """Share files in one message; a path is served from disk.

        ``as_app`` names another app that shares them in the person's place. ``mode``, ``access_denied`` and
        ``external_url`` make files that Slack can't serve in full.
        """
        where = self._writable(channel)
        author = self._app_user(as_app, where) if as_app else self.user
        made = [
            self._world.add_file(
                name,
                content,
                user=author.id,
                mode=mode,
                access_denied=access_denied,
                external_url=external_url,
            )
            for name, content in files
        ]
        return self._post_files(where, author, made, comment, thread_ts)

    def share_again(
        self, channel: Channel | str, file_id: str, comment: str = "", *, thread_ts: str | None = None
    ) -> Shared:
        """Share a file that is in Slack already in one more message."""
        file = self._world.files[file_id]
        return self._post_files(self._writable(channel), self.user, [file], comment, thread_ts)

    def edit(self, channel: Channel | str, ts: str, text: str) -> None:
        """Write one's own message anew."""
        message = self._own(channel, ts)
        before = message_json(self._service, message)
        parts = {"text": written(self._world, text), "blocks": rich_text(self._world, text)}
        self._world.rewrite(message, by=self.id, **parts)
        self._events.changed(before, message)

    def delete(self, channel: Channel | str, ts: str) -> None:
        """Delete one's own message; the head of a thread with replies stays as a tombstone."""
        message = self._own(channel, ts)
        before = message_json(self._service, message)
        self._world.delete(message)
        if message.tombstone:
            self._events.changed(before, message)
        else:
            self._events.deleted(before, message)

    def delete_file(self, file_id: str) -> None:
        """Delete a file out of every message that it is in."""
        file = self._world.files[file_id]
        holders = [m for m in self._world.messages.values() if file_id in m.files and not m.deleted]
        before = [(message, message_json(self._service, message)) for message in holders]
        self._world.delete_file(file)
        self._events.file_deleted(file)
        for message, was in before:
            self._events.changed(was, message)

    def invite_bot(self, channel: Channel | str) -> None:
        """Bring the bot into a conversation."""
        where = self._writable(channel)
        bot = self._service.bot
        if self._world.join(where, bot.id):
            self._events.member_joined(where, bot.id, self.id)
            text = f"<@{bot.id}> has joined the channel"
            joined = self._world.post(where.id, user=bot.id, text=text, subtype="channel_join")
            self._events.posted(joined)

    def kick_bot(self, channel: Channel | str) -> None:
        """Take the bot out of a conversation."""
        self._world.leave(self._writable(channel), self._service.bot.id)

    def join(self, channel: Channel | str) -> None:
        """Go into a conversation."""
        where = self._where(channel)
        if self._world.join(where, self.id):
            self._events.member_joined(where, self.id, "")

    def leave(self, channel: Channel | str) -> None:
        """Go out of a conversation."""
        self._world.leave(self._where(channel), self.id)

    def archive(self, channel: Channel | str) -> None:
        """Archive a conversation."""
        self._writable(channel).archived = True
        self._world.changes.tell()

    def open_home(self) -> None:
        """Look at the app's home."""
        self._events.home_opened(self.id, self.im())

    def messages(self, channel: Channel | str) -> list[Message]:
        """Return what a person sees in a conversation outside its threads, oldest first."""
        where = self._readable(channel)
        own = [m for m in self._world.ephemerals(self.id, where.id) if not m.thread_ts]
        told = [m for m in self._world.in_channel(where.id) if not m.is_reply or m.broadcast]
        return sorted([*told, *own], key=lambda message: message.ts)

    def thread(self, channel: Channel | str, ts: str) -> list[Message]:
        """Return a thread as the person sees it: its head, then the replies, oldest first."""
        where = self._readable(channel)
        head = self._world.find_message(where.id, ts)
        if head is None:
            return []
        own = [m for m in self._world.ephemerals(self.id, where.id) if m.thread_ts == ts]
        return [head, *sorted([*self._world.replies(head), *own], key=lambda message: message.ts)]

    def ephemerals(self, channel: Channel | str | None = None) -> list[Message]:
        """Return what only this person sees, oldest first."""
        return self._world.ephemerals(self.id, self._where(channel).id if channel else None)

    def open_view(self) -> View | None:
        """Return the modal that the person has before them."""
        stack = self._world.open_views(self.id)
        return stack[-1] if stack else None

    def _post_files(
        self, where: Channel, author: User, files: list[File], comment: str, thread_ts: str | None
    ) -> Shared:
        message = self._world.post(
            where.id,
            user=author.id,
            bot_id=author.bot_id,
            app_id=author.app_id,
            text=written(self._world, comment),
            blocks=rich_text(self._world, comment),
            thread_ts=self._head(where, thread_ts),
            files=files,
        )
        for file in files:
            self._events.file_shared(file, message)
        self._events.posted(message, shared=True)
        return Shared(
            channel=where.id, ts=message.ts, thread_ts=message.thread_ts, files=[file.id for file in files]
        )

    def _app_user(self, name: str, channel: Channel) -> User:
        user = self._world.find_user(name) or self._world.add_user(name, is_bot=True)
        if not user.is_bot:
            raise CannotDo(f"{name} is no app")
        self._world.join(channel, user.id)
        return user

    def _head(self, channel: Channel, thread_ts: str | None) -> str | None:
        if thread_ts is None:
            return None
        head = self._world.find_message(channel.id, thread_ts)
        if head is None:
            raise CannotDo("there is no such message to reply to")
        return head.thread_ts or head.ts

    def _own(self, channel: Channel | str, ts: str) -> Message:
        message = self._world.find_message(self._readable(channel).id, ts)
        if message is None or message.tombstone or message.user != self.id:
            raise CannotDo("there is no such message of theirs")
        return message
