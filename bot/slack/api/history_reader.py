"""Reading back what was written in the bot's conversations.

A conversation's history holds the heads of threads. Replies are read thread by thread, where the head says
that somebody has replied since. Heads of threads can be older than what was missed: a bounded number of
them is looked at, as each page costs a call.
Source: https://docs.slack.dev/reference/methods/conversations.history and .../conversations.replies
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.identifiers import is_timestamp
from bot.core.ports import Clock
from bot.core.scan import ChannelKind
from bot.errors import NotInvited, PullFailed, slack_code
from bot.slack.api.errors import UNSEEN, next_cursor
from bot.slack.api.identity import Identity
from bot.slack.api.message_parser import type_of_kind

THREADS_S = 7 * 86_400.0
"""Heads of threads are looked at that are older than what was missed by so much, …"""
HEAD_PAGES = 5
"""… as far as they are on so many pages of the history."""
PACE_S = 1.3
"""Between two calls: Slack allows some 50 a minute, and live work comes first."""
_PAGE = 200
_AHEAD_S = 600.0
"""How much Slack's clock may be ahead."""
_KINDS = "public_channel,private_channel,mpim,im"
_JOINED = {"channel_join", "group_join"}

Message = Mapping[str, Any]


class SlackHistory:
    """The history of the conversations that the bot is in."""

    def __init__(
        self,
        client: AsyncWebClient,
        identity: Identity,
        kind_of: Callable[[str], Awaitable[ChannelKind]],
        clock: Clock,
    ) -> None:
        self._client = client
        self._own = {identity.user_id, identity.bot_id} - {""}
        self._kind_of = kind_of
        self._clock = clock

    async def conversations(self) -> list[str]:
        """Return the IDs of all conversations that the bot is in; see ``Past.conversations``."""
        found: list[str] = []
        cursor = ""
        while True:
            answer = await self._ask(
                self._client.users_conversations,
                types=_KINDS,
                exclude_archived=True,
                limit=_PAGE,
                cursor=cursor,
            )
            found += [str(channel["id"]) for channel in answer["channels"]]
            if not (cursor := next_cursor(answer)):
                return found

    async def messages(self, channel: str, since: float) -> list[Message]:
        """Return the messages with files since then; see ``Past.messages``."""
        try:
            kind = await self._kind_of(channel)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _trouble(error) from error
        history = await self._history(channel, since)
        # Nothing from before the bot joined is its business.
        since = max([since, *(_at(one) for one in history if self._is_own_join(one))])
        found = {str(one["ts"]): one for one in history}
        for head in history:
            if _at(head, "latest_reply") > since and not self._only_own_replies(head):
                found |= {str(one["ts"]): one for one in await self._replies(channel, str(head["ts"]), since)}
        with_files = [
            one for one in found.values() if isinstance(one.get("files"), list) and _at(one) > since
        ]
        where = {"channel": channel, "channel_type": type_of_kind(kind)}
        return [{**one, **where} for one in sorted(with_files, key=_at)]

    async def _history(self, channel: str, since: float) -> list[Message]:
        """Return what may matter of the history: files, heads with replies, and who joined."""
        kept: list[Message] = []
        cursor, older_pages = "", 0
        while True:
            answer = await self._ask(
                self._client.conversations_history,
                channel=channel,
                oldest=f"{since - THREADS_S:.6f}",
                latest=f"{self._clock.now() + _AHEAD_S:.6f}",  # so that the newest come first
                limit=_PAGE,
                cursor=cursor,
            )
            page = _messages(answer)
            kept += [one for one in page if one.get("files") or "latest_reply" in one or _joins(one)]
            older_pages += any(_at(one) <= since for one in page)
            if not (cursor := next_cursor(answer)) or older_pages > HEAD_PAGES:
                return kept

    async def _replies(self, channel: str, thread_ts: str, since: float) -> list[Message]:
        found: list[Message] = []
        cursor = ""
        while True:
            try:
                answer = await self._ask(
                    self._client.conversations_replies,
                    channel=channel,
                    ts=thread_ts,
                    oldest=f"{since:.6f}",
                    limit=_PAGE,
                    cursor=cursor,
                )
            except PullFailed as error:
                if slack_code(error.__cause__ or error) == "thread_not_found":  # deleted meanwhile
                    return found
                raise
            found += _messages(answer)
            if not (cursor := next_cursor(answer)):
                return found

    def _is_own_join(self, message: Message) -> bool:
        return _joins(message) and str(message.get("user")) in self._own

    def _only_own_replies(self, head: Message) -> bool:
        """Tell whether nobody but the bot replied; Slack names some of many only."""
        who, count = head.get("reply_users"), head.get("reply_users_count")
        return isinstance(who, list) and len(who) == count and self._own.issuperset(map(str, who))

    async def _ask(self, method: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        await self._clock.sleep(PACE_S)
        try:
            return await method(**arguments)
        except SlackApiError as error:
            if (code := slack_code(error)) in UNSEEN and "channel" in arguments:
                raise NotInvited("I am not in that channel.", detail=f"Slack said {code}") from error
            raise _trouble(error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _trouble(error) from error


def _trouble(error: Exception) -> PullFailed:
    told = slack_code(error) if isinstance(error, SlackApiError) else type(error).__name__
    return PullFailed("Slack can't be asked about older messages right now.", detail=f"Slack: {told}")


def _messages(answer: Any) -> Iterable[Message]:
    return [one for one in answer.get("messages") or () if isinstance(one, Mapping) and _at(one)]


def _joins(message: Message) -> bool:
    return str(message.get("subtype")) in _JOINED


def _at(message: Message, field: str = "ts") -> float:
    """Return a message's time; 0 where there is none."""
    ts = message.get(field)
    return float(ts) if is_timestamp(ts) else 0.0
