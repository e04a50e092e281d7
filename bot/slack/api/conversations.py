"""Asking Slack about conversations, messages and files."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.file_names import NAMELESS
from bot.core.ports import Clock
from bot.core.scan import ChannelKind, Seen, Share
from bot.errors import NotFound, NotInvited, PullFailed, slack_code
from bot.slack.api.coalescing_cache import CoalescingCache
from bot.slack.api.errors import UNSEEN, next_cursor
from bot.slack.api.identity import Identity
from bot.slack.api.message_parser import id_of, kind_of_info, kind_of_type, read_message

logger = logging.getLogger(__name__)

KEEP_S = 60.0
"""How long a channel's kind is kept; a channel can be made private."""
MEMBERSHIPS_KEPT_S = 10.0
"""How long it is kept which conversations a person is in: Slack allows about 50 such questions a minute."""
_PAGE = 200
_NO_FILE = {"file_not_found", "file_deleted", "access_denied", "not_visible", "no_permission"}
_BUSY = "Slack can't be asked about this file right now."
_HIDDEN = {"hidden_by_limit", "access_denied"}
"""Modes and ``file_access`` of files of which Slack tells nothing more."""
_HIDDEN_PEOPLE = {"user_not_found", "user_not_visible"}

INVITE = "I am not in this channel. Invite me with `/invite @appscan` and try again."


class SlackConversations:
    """What Slack's Web API says of the workspace."""

    def __init__(self, client: AsyncWebClient, identity: Identity, clock: Clock) -> None:
        self._client = client
        self._identity = identity
        self._memberships = CoalescingCache(self._ask_memberships, clock, keep_s=MEMBERSHIPS_KEPT_S)
        self._kinds = CoalescingCache(self._ask_kind, clock, keep_s=KEEP_S)

    def read(self, payload: Mapping[str, Any]) -> Seen:
        """Read what a message event holds; nothing for the bot's own messages."""
        own = {self._identity.user_id, self._identity.bot_id} - {""}
        if own & {id_of(payload.get("user")), id_of(payload.get("bot_id"))}:
            return Seen()
        kind = kind_of_type(payload.get("channel_type")) or ChannelKind.PRIVATE
        return read_message(payload, id_of(payload.get("channel")) or "", kind)

    async def kind_of(self, channel: str) -> ChannelKind:
        """Tell how visible a conversation is; see ``Workspace.kind_of``."""
        return await self._kinds.get(channel)

    async def private_channels(self, user: str) -> frozenset[str]:
        """Return the private channels and group messages that the person and the bot are both in."""
        return await self._memberships.get((user, "private_channel,mpim"))

    async def channels(self, user: str) -> frozenset[str]:
        """Return the same, and the public channels that the person is in."""
        return await self._memberships.get((user, "public_channel,private_channel,mpim"))

    async def close(self) -> None:
        """Give up what is being asked."""
        await self._memberships.close()
        await self._kinds.close()

    async def _ask_kind(self, channel: str) -> ChannelKind:
        try:
            answer = await self._client.conversations_info(channel=channel)
        except SlackApiError as error:
            raise _unseen(error) from error
        info = answer["channel"]
        if not (info.get("is_member") or info.get("is_im") or info.get("is_mpim")):
            raise NotInvited(INVITE)
        return kind_of_info(info)

    async def _ask_memberships(self, whose: tuple[str, str]) -> frozenset[str]:
        """Return the IDs of the conversations of these types; none of somebody whom Slack does not tell of.

        Source: https://docs.slack.dev/reference/methods/users.conversations
        """
        user, types = whose
        found: set[str] = set()
        cursor = ""
        while True:
            try:
                answer = await self._client.users_conversations(
                    user=user, types=types, limit=_PAGE, cursor=cursor
                )
            except SlackApiError as error:
                if slack_code(error) in _HIDDEN_PEOPLE:
                    return frozenset()
                raise
            found |= {channel["id"] for channel in answer["channels"]}
            if not (cursor := next_cursor(answer)):
                return frozenset(found)

    async def shares_of_message(
        self, channel: str, message_ts: str, thread_ts: str | None
    ) -> tuple[Share, ...]:
        """Return the builds in a message; see ``Workspace.shares_of_message``."""
        kind = await self.kind_of(channel)
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
                raise NotFound("There is no such message any more.") from error
            raise _unseen(error) from error
        for message in answer["messages"]:
            if message.get("ts") == message_ts:
                seen = read_message(message, channel, kind)
                found = list(seen.shares)
                for file_id in seen.unnamed:
                    named = await self.shares_of_file(file_id, channel, message_ts)
                    found += [share for share in named or () if share.message_ts == message_ts]
                return tuple(found)
        raise NotFound("There is no such message any more.")

    async def shares_of_file(
        self, file_id: str, channel: str | None = None, message_ts: str | None = None
    ) -> tuple[Share, ...] | None:
        """Return where a file was shared; see ``Workspace.shares_of_file``.

        ``shares`` of ``files.info`` can lag behind the event. Source: https://docs.slack.dev/reference/objects/file-object
        """
        try:
            file = (await self._client.files_info(file=file_id))["file"]
        except SlackApiError as error:
            code = slack_code(error)
            if code == "access_denied" and channel and message_ts:
                return await self._hidden(file_id, channel, message_ts)
            if code in _NO_FILE:
                raise NotFound("There is no such file that I can see.") from error
            raise PullFailed(_BUSY, detail=f"files.info said {code}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PullFailed(_BUSY, detail=f"files.info failed: {type(error).__name__}") from error
        if channel and message_ts and _HIDDEN & {file.get("mode"), file.get("file_access")}:
            return await self._hidden(file_id, channel, message_ts)
        if file.get("user") == self._identity.user_id:
            return ()
        places = [
            (where, entry)
            for group in (file.get("shares") or {}).values()
            for where, entries in group.items()
            for entry in entries
            if channel in {None, where} and entry.get("ts")
        ]
        if not places:
            return None
        found = []
        for where, entry in sorted(places, key=lambda place: -float(place[1]["ts"])):
            try:
                found.append(await self._share(file, where, entry))
            except NotInvited:
                continue
        return tuple(share for share in found if share is not None)

    async def _hidden(self, file_id: str, channel: str, message_ts: str) -> tuple[Share, ...]:
        """Return the share of a file of which Slack tells nothing but that it is in a message."""
        try:
            answer = await self._client.conversations_replies(
                channel=channel, ts=message_ts, oldest=message_ts, latest=message_ts, inclusive=True, limit=2
            )
        except SlackApiError as error:
            if slack_code(error) == "thread_not_found":  # the timestamp was not a message's
                return ()
            raise PullFailed(_BUSY, detail=f"a message was not found: {slack_code(error)}") from error
        kind = await self.kind_of(channel)
        for message in answer["messages"]:
            if message.get("ts") == message_ts and file_id in read_message(message, channel, kind).unnamed:
                named = {**message, "files": [{"id": file_id, "name": NAMELESS}]}
                return read_message(named, channel, kind).shares
        return ()

    async def _share(self, file: Mapping[str, Any], channel: str, entry: Mapping[str, Any]) -> Share | None:
        """Return a share with its message's comment; ``None`` where the message is gone."""
        ts, thread_ts = str(entry["ts"]), entry.get("thread_ts")
        kind = await self.kind_of(channel)
        bare = read_message({"ts": ts, "thread_ts": thread_ts, "files": [file]}, channel, kind)
        share = (
            bare.shares[0]
            if bare.shares
            else Share(
                channel=channel,
                channel_kind=kind,
                message_ts=ts,
                thread_ts=str(thread_ts or ts),
                file_id=str(file["id"]),
                file_name=str(file.get("name") or file.get("title") or ""),
            )
        )
        try:
            answer = await self._client.conversations_replies(
                channel=channel, ts=thread_ts or ts, oldest=ts, latest=ts, inclusive=True, limit=2
            )
        except SlackApiError as error:
            code = slack_code(error)
            if code == "thread_not_found":
                return None
            # Without its comment a rescan would be taken for something else: it is asked for again.
            raise PullFailed(_BUSY, detail=f"a share's message could not be read: {code}") from error
        for message in answer["messages"]:
            if message.get("ts") == ts:
                return replace(
                    share,
                    comment=str(message.get("text") or ""),
                    shared_by=id_of(message.get("user")) or id_of(message.get("bot_id")) or share.shared_by,
                    bot_id=id_of(message.get("bot_id")),
                )
        return None


def _unseen(error: SlackApiError) -> Exception:
    return NotInvited(INVITE) if slack_code(error) in UNSEEN else error
