"""Posting in a scan's thread so that each message exists once: its metadata says of which scan it is."""

import logging
from dataclasses import dataclass
from typing import Any, Final, Generic

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.ports import Clock
from bot.core.rate_limit import RateLimiters
from bot.core.scan import Scan
from bot.errors import slack_code, slack_wait_s
from bot.slack.api.errors import error_name, pages
from bot.slack.blocks.message import Message
from bot.slack.messages.delivery import send
from bot.slack.messages.subjects import C, Subject

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 8
RETRY_S: Final = 5.0
"""Before the first retry."""


class ThreadGone(Exception):  # noqa: N818 - not an error of the bot
    """The message that started the thread was deleted."""


@dataclass(kw_only=True, eq=False, repr=False)
class Posts(Generic[C]):
    """Posts and finds messages of one subject."""

    subject: Subject[C]
    client: AsyncWebClient
    bot_user_id: str
    pace: RateLimiters
    clock: Clock

    async def post(self, scan: Scan, message: Message) -> str:
        """Post a message in a scan's thread; return its timestamp.

        Raises:
            ThreadGone: the thread was deleted; no message was left in the channel.
            SlackApiError: Slack rejected it; if Slack asked for a wait, the channel is held until then.
        """
        scanner = {"scanner": self.subject.scanner} if self.subject.scanner else {}
        payload = {"scan": scan.number, **scanner}
        try:
            answer = await send(
                self.client.chat_postMessage,
                message,
                channel=scan.channel,
                thread_ts=scan.thread_ts,
                metadata={"event_type": self.subject.event_type, "event_payload": payload},
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if (asked_s := slack_wait_s(error)) is not None:
                self.pace.of(scan.channel or "").pause(asked_s)
            raise
        if scan.thread_ts and not answer["message"].get("thread_ts"):
            # In a thread that was deleted, Slack posts the message into the channel itself.
            await self._delete(scan.channel or "", str(answer["ts"]))
            raise ThreadGone
        return str(answer["ts"])

    async def find(self, scan: Scan) -> str | None:
        """Search a scan's thread for its message; return the timestamp."""
        thread = {"channel": scan.channel or "", "ts": scan.thread_ts or "", "oldest": scan.message_ts}
        async for page in pages(self.client.conversations_replies, **thread, include_all_metadata=True):
            for message in page["messages"]:
                if message.get("user") == self.bot_user_id and self._is_of(message, scan.number):
                    return str(message["ts"])
        return None

    def _is_of(self, message: Any, number: int) -> bool:
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        found = (metadata.get("event_type"), payload.get("scan"), payload.get("scanner"))
        return found == (self.subject.event_type, number, self.subject.scanner)

    async def _delete(self, channel: str, message_ts: str) -> None:
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                await self.client.chat_delete(channel=channel, ts=message_ts)
                return
            except Exception as error:
                if slack_code(error) == "message_not_found":
                    return
                if not attempts_left:
                    raise
                logger.warning("deleting a misplaced message will be retried: %s", error_name(error))
                await self.clock.sleep(slack_wait_s(error) or RETRY_S)
