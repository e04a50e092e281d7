"""Looking up conversations, messages and files in Slack."""

import contextlib
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.file_names import NAMELESS
from bot.core.ports import Clock
from bot.core.scan import ChannelKind, Seen, Share
from bot.errors import NotFound, NotInvited, PullFailed, slack_code
from bot.slack.api.coalescing_cache import CoalescingCache
from bot.slack.api.errors import CALL_ERRORS, UNSEEN, error_name, pages
from bot.slack.api.identity import Identity
from bot.slack.api.message_parser import id_of, kind_of_info, kind_of_type, read_message

KEEP_S = 60.0
"""For a channel's kind: a channel can be made private."""
KEEP_MEMBERSHIPS_S = 10.0
"""Slack allows about 50 such lookups a minute."""
_NO_FILE = {"file_not_found", "file_deleted", "access_denied", "not_visible", "no_permission"}
_BUSY = "This file can't be looked up in Slack right now."
_HIDDEN = {"hidden_by_limit", "access_denied"}
"""Values of ``mode`` and ``file_access`` for files without any details."""
_HIDDEN_PEOPLE = {"user_not_found", "user_not_visible"}

INVITE = "I am not in this channel. Invite me with `/invite @appscan` and try again."


class SlackConversations:
    """Looks up what is in the workspace with Slack's Web API."""

    def __init__(self, client: AsyncWebClient, identity: Identity, clock: Clock) -> None:
        self._client = client
        self._identity = identity
        self._memberships = CoalescingCache(self._fetch_memberships, clock, keep_s=KEEP_MEMBERSHIPS_S)
        self._kinds = CoalescingCache(self._fetch_kind, clock, keep_s=KEEP_S)

    def read(self, payload: Mapping[str, Any]) -> Seen:
        """Parse a message event; the bot's own messages are ignored."""
        if self._identity.own_ids & {id_of(payload.get("user")), id_of(payload.get("bot_id"))}:
            return Seen()
        kind = kind_of_type(payload.get("channel_type")) or ChannelKind.PRIVATE
        return read_message(payload, id_of(payload.get("channel")) or "", kind)

    async def kind_of(self, channel: str) -> ChannelKind:
        """Return the kind of a conversation; see ``Workspace.kind_of``."""
        return await self._kinds.get(channel)

    async def private_channels(self, user: str) -> frozenset[str]:
        """Return the private channels and group messages with both the person and the bot."""
        return await self._memberships.get((user, "private_channel,mpim"))

    async def channels(self, user: str) -> frozenset[str]:
        """Return the same, and the person's public channels."""
        return await self._memberships.get((user, "public_channel,private_channel,mpim"))

    async def close(self) -> None:
        """Cancel requests in progress."""
        await self._memberships.close()
        await self._kinds.close()

    async def _fetch_kind(self, channel: str) -> ChannelKind:
        try:
            answer = await self._client.conversations_info(channel=channel)
        except SlackApiError as error:
            raise _unseen(error) from error
        info = answer["channel"]
        if not (info.get("is_member") or info.get("is_im") or info.get("is_mpim")):
            raise NotInvited(INVITE)
        return kind_of_info(info)

    async def _fetch_memberships(self, key: tuple[str, str]) -> frozenset[str]:
        """Return the IDs of a user's conversations of these types; none if Slack hides the user.

        Source: https://docs.slack.dev/reference/methods/users.conversations
        """
        user, types = key
        answers = pages(self._client.users_conversations, user=user, types=types)
        try:
            return frozenset([channel["id"] async for page in answers for channel in page["channels"]])
        except SlackApiError as error:
            if slack_code(error) in _HIDDEN_PEOPLE:
                return frozenset()
            raise

    async def _message(
        self, channel: str, message_ts: str, thread_ts: str | None = None
    ) -> Mapping[str, Any] | None:
        """Return a message; ``None`` if there is no such message."""
        try:
            answer = await self._client.conversations_replies(
                channel=channel,
                ts=thread_ts or message_ts,
                oldest=message_ts,
                latest=message_ts,
                inclusive=True,
                limit=2,
            )
        except SlackApiError as error:
            if slack_code(error) == "thread_not_found":
                return None
            raise
        return next((message for message in answer["messages"] if message.get("ts") == message_ts), None)

    async def shares_of_message(
        self, channel: str, message_ts: str, thread_ts: str | None
    ) -> tuple[Share, ...]:
        """Return the builds in a message; see ``Workspace.shares_of_message``."""
        kind = await self.kind_of(channel)
        try:
            message = await self._message(channel, message_ts, thread_ts)
        except SlackApiError as error:
            raise _unseen(error) from error
        if message is None:
            raise NotFound("This message no longer exists.")
        seen = read_message(message, channel, kind)
        shares = list(seen.shares)
        for file_id in seen.unnamed:
            named = await self.shares_of_file(file_id, channel, message_ts)
            shares += [share for share in named or () if share.message_ts == message_ts]
        return tuple(shares)

    async def shares_of_file(
        self, file_id: str, channel: str | None = None, message_ts: str | None = None
    ) -> tuple[Share, ...] | None:
        """Return the shares of a file; see ``Workspace.shares_of_file``.

        ``shares`` in ``files.info`` can lag behind the event.
        Source: https://docs.slack.dev/reference/objects/file-object
        """
        try:
            file = (await self._client.files_info(file=file_id))["file"]
        except CALL_ERRORS as error:
            if slack_code(error) == "access_denied" and channel and message_ts:
                return await self._hidden(file_id, channel, message_ts)
            if slack_code(error) in _NO_FILE:
                raise NotFound("I can't find this file.") from error
            raise PullFailed(_BUSY, detail=f"files.info failed: {error_name(error)}") from error
        if channel and message_ts and _HIDDEN & {file.get("mode"), file.get("file_access")}:
            return await self._hidden(file_id, channel, message_ts)
        if file.get("user") == self._identity.user_id:
            return ()
        places = [
            (place, entry)
            for group in (file.get("shares") or {}).values()
            for place, entries in group.items()
            for entry in entries
            if channel in {None, place} and entry.get("ts")
        ]
        if not places:
            return None
        shares: list[Share] = []
        for place, entry in sorted(places, key=lambda each: -float(each[1]["ts"])):
            with contextlib.suppress(NotInvited):
                shares += await self._share(file, place, entry)
        return tuple(shares)

    async def _hidden(self, file_id: str, channel: str, message_ts: str) -> tuple[Share, ...]:
        """Return the share of a file for which Slack gives no details."""
        message = await self._message_or_retry(channel, message_ts)
        kind = await self.kind_of(channel)
        if message is None or file_id not in read_message(message, channel, kind).unnamed:
            return ()
        named = {**message, "files": [{"id": file_id, "name": NAMELESS}]}
        return read_message(named, channel, kind).shares

    async def _share(
        self, file: Mapping[str, Any], channel: str, entry: Mapping[str, Any]
    ) -> tuple[Share, ...]:
        """Return a share with its message's comment; nothing if the message is gone or the file nameless."""
        kind = await self.kind_of(channel)
        ts, thread_ts = str(entry["ts"]), entry.get("thread_ts")
        message = await self._message_or_retry(channel, ts, thread_ts)
        if message is None:
            return ()
        named = {**file, "name": file.get("name") or file.get("title"), "file_access": None}
        shared = {**message, "ts": ts, "thread_ts": thread_ts, "subtype": None, "files": [named]}
        return read_message(shared, channel, kind).shares

    async def _message_or_retry(
        self, channel: str, message_ts: str, thread_ts: str | None = None
    ) -> Mapping[str, Any] | None:
        """Return a message; an error is retried, as the comment may ask for a rescan."""
        try:
            return await self._message(channel, message_ts, thread_ts)
        except CALL_ERRORS as error:
            raise PullFailed(_BUSY, detail=f"a message could not be read: {error_name(error)}") from error


def _unseen(error: SlackApiError) -> Exception:
    return NotInvited(INVITE) if slack_code(error) in UNSEEN else error
