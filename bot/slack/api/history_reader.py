"""Reading older messages in the bot's conversations.

A conversation's history contains only the first message of each thread. A thread's replies are fetched if its
first message shows that there are new ones. First messages can be older than the period to read; the pages of
older ones are limited, as each costs a call.
Source: https://docs.slack.dev/reference/methods/conversations.history and .../conversations.replies
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.identifiers import is_timestamp
from bot.core.ports import Clock
from bot.core.scan import ChannelKind
from bot.errors import NotInvited, PullFailed, slack_code
from bot.slack.api.errors import CALL_ERRORS, UNSEEN, error_name, pages
from bot.slack.api.identity import Identity
from bot.slack.api.message_parser import type_of_kind

THREADS_S = 7 * 86_400.0
"""Threads that started up to this long before the period to read are checked for replies, …"""
OLDER_PAGES = 5
"""… on up to this many pages of the history."""
CALL_INTERVAL_S = 1.3
"""Slack allows about 50 calls a minute, and live work comes first."""
_MAX_CLOCK_SKEW_S = 600.0
"""Slack's clock may be ahead by this."""
_KINDS = "public_channel,private_channel,mpim,im"
_JOINED = {"channel_join", "group_join"}

Message = Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class SlackHistory:
    """Reads the history of the bot's conversations."""

    client: AsyncWebClient
    identity: Identity
    kind_of: Callable[[str], Awaitable[ChannelKind]]
    clock: Clock

    async def conversations(self) -> list[str]:
        """Return the IDs of all conversations of the bot; see ``Past.conversations``."""
        method = self._paced(self.client.users_conversations)
        return [
            str(channel["id"])
            async for page in pages(method, types=_KINDS, exclude_archived=True)
            for channel in page["channels"]
        ]

    async def messages(self, channel: str, since: float) -> list[Message]:
        """Return the messages with files after ``since``; see ``Past.messages``."""
        try:
            kind = await self.kind_of(channel)
        except CALL_ERRORS as error:
            raise _pull_failed(error) from error
        history = await self._history(channel, since)
        # Messages from before the bot joined are ignored.
        since = max([since, *(_at(one) for one in history if self._is_own_join(one))])
        messages = {str(one["ts"]): one for one in history}
        for head in history:
            if _at(head, "latest_reply") > since and not self._only_own_replies(head):
                replies = await self._replies(channel, str(head["ts"]), since)
                messages |= {str(one["ts"]): one for one in replies}
        with_files = [
            one for one in messages.values() if isinstance(one.get("files"), list) and _at(one) > since
        ]
        where = {"channel": channel, "channel_type": type_of_kind(kind)}
        return [{**one, **where} for one in sorted(with_files, key=_at)]

    async def _history(self, channel: str, since: float) -> list[Message]:
        """Return the messages of interest: those with files, first ones of threads, and joins."""
        kept: list[Message] = []
        older_pages = 0
        async for answer in pages(
            self._paced(self.client.conversations_history),
            channel=channel,
            oldest=f"{since - THREADS_S:.6f}",
            latest=f"{self.clock.now() + _MAX_CLOCK_SKEW_S:.6f}",  # so that the newest come first
        ):
            page = _messages(answer)
            kept += [one for one in page if one.get("files") or "latest_reply" in one or _is_join(one)]
            older_pages += any(_at(one) <= since for one in page)
            if older_pages > OLDER_PAGES:
                break
        return kept

    async def _replies(self, channel: str, thread_ts: str, since: float) -> list[Message]:
        replies: list[Message] = []
        method = self._paced(self.client.conversations_replies)
        try:
            async for page in pages(method, channel=channel, ts=thread_ts, oldest=f"{since:.6f}"):
                replies += _messages(page)
        except PullFailed as error:
            if slack_code(error.__cause__ or error) != "thread_not_found":  # deleted in the meantime
                raise
        return replies

    def _is_own_join(self, message: Message) -> bool:
        return _is_join(message) and str(message.get("user")) in self.identity.own_ids

    def _only_own_replies(self, head: Message) -> bool:
        """Return whether only the bot replied; Slack lists just some of many users."""
        users, count = head.get("reply_users"), head.get("reply_users_count")
        own = self.identity.own_ids
        return isinstance(users, list) and len(users) == count and own.issuperset(map(str, users))

    def _paced(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Return ``method`` with a pause before each call, and with our errors."""

        async def call(**arguments: Any) -> Any:
            await self.clock.sleep(CALL_INTERVAL_S)
            try:
                return await method(**arguments)
            except CALL_ERRORS as error:
                if (code := slack_code(error)) in UNSEEN and "channel" in arguments:
                    raise NotInvited("I am not in that channel.", detail=f"Slack: {code}") from error
                raise _pull_failed(error) from error

        return call


def _pull_failed(error: Exception) -> PullFailed:
    detail = f"Slack: {error_name(error)}"
    return PullFailed("Older messages can't be read from Slack right now.", detail=detail)


def _messages(answer: Any) -> Iterable[Message]:
    return [one for one in answer.get("messages") or () if isinstance(one, Mapping) and _at(one)]


def _is_join(message: Message) -> bool:
    return str(message.get("subtype")) in _JOINED


def _at(message: Message, field: str = "ts") -> float:
    """Return a message's time; 0 without a valid one."""
    ts = message.get(field)
    return float(ts) if is_timestamp(ts) else 0.0
