"""Posting in a scan's thread so that each message exists once: its metadata says of which scan it is."""

import logging
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.ports import Clock
from bot.core.rate_limit import RateLimiters
from bot.core.scan import Scan
from bot.errors import slack_code, slack_wait_s
from bot.slack.api.errors import next_cursor
from bot.slack.messages.delivery import Rendered, error_name, send

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 8
RETRY_S: Final = 5.0
"""Before the first retry."""


class ThreadGone(Exception):  # noqa: N818 - not an error of the bot
    """The message that started the thread was deleted."""


class Posts:
    """Posts and finds messages of one event type, and of one side scanner if ``scanner`` names it."""

    def __init__(
        self,
        client: AsyncWebClient,
        bot_user_id: str,
        pace: RateLimiters,
        clock: Clock,
        *,
        event_type: str,
        scanner: str | None = None,
    ) -> None:
        self._client = client
        self._bot_user_id = bot_user_id
        self._pace = pace
        self._clock = clock
        self._event_type = event_type
        self._scanner = scanner

    async def post(self, scan: Scan, message: Rendered) -> str:
        """Post a message in a scan's thread; return its timestamp.

        Raises:
            ThreadGone: the thread was deleted; no message was left in the channel.
            SlackApiError: Slack rejected it; if Slack asked for a wait, the channel is held until then.
        """
        payload = {"scan": scan.number, **({"scanner": self._scanner} if self._scanner else {})}
        try:
            answer = await send(
                self._client.chat_postMessage,
                message,
                channel=scan.channel,
                thread_ts=scan.thread_ts,
                metadata={"event_type": self._event_type, "event_payload": payload},
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if (asked_s := slack_wait_s(error)) is not None:
                self._pace.of(scan.channel or "").pause(asked_s)
            raise
        if scan.thread_ts and not answer["message"].get("thread_ts"):
            # In a thread that was deleted, Slack posts the message into the channel itself.
            await self._delete(scan.channel or "", str(answer["ts"]))
            raise ThreadGone
        return str(answer["ts"])

    async def find(self, scan: Scan) -> str | None:
        """Search a scan's thread for its message; return the timestamp."""
        cursor = ""
        while True:
            answer = await self._client.conversations_replies(
                channel=scan.channel or "",
                ts=scan.thread_ts or "",
                oldest=scan.message_ts,
                limit=200,
                cursor=cursor,
                include_all_metadata=True,
            )
            for message in answer["messages"]:
                if message.get("user") == self._bot_user_id and self._is_of(message, scan.number):
                    return str(message["ts"])
            if not (cursor := next_cursor(answer)):
                return None

    def _is_of(self, message: Any, number: int) -> bool:
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        return (
            metadata.get("event_type") == self._event_type
            and payload.get("scan") == number
            and payload.get("scanner") == self._scanner
        )

    async def _delete(self, channel: str, message_ts: str) -> None:
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                await self._client.chat_delete(channel=channel, ts=message_ts)
            except Exception as error:
                if slack_code(error) == "message_not_found":
                    return
                if not attempts_left:
                    raise
                logger.warning("deleting a misplaced message will be retried: %s", error_name(error))
                await self._clock.sleep(slack_wait_s(error) or RETRY_S)
            else:
                return
