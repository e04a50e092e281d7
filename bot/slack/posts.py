"""Messages about a scan in its thread, each posted once: found again where an answer was lost, or a process.

Each message carries in its metadata what it is and of which scan.
"""

import logging
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import slack_code, slack_wait_s
from bot.features.verdicts.scanner_profile import UNNAMED
from bot.scans.models import Scan
from bot.scans.ports import Clock
from bot.slack.answers import next_cursor
from bot.slack.pace import ChannelPace
from bot.slack.sending import Rendered, error_name, send

logger = logging.getLogger(__name__)

REPLY = "appscan_scan"
"""The event type of a scan's one reply."""
RESULT = "appscan_result"
"""The event type of the message that tells of its result."""
VERDICT = "appscan_verdict"
"""The event type of the message that tells of a verdict."""
TRIES = 8
FAILURE_NAP_S = 5.0


class ThreadGone(Exception):  # noqa: N818 - it is no error of the bot's
    """The message that began the thread is gone."""


class Posts:
    """Posts messages of one event type, and of one side scanner if ``scanner`` names it."""

    def __init__(
        self,
        client: AsyncWebClient,
        bot_user_id: str,
        pace: ChannelPace,
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
        self._scanner = scanner if scanner != UNNAMED else None

    async def post(self, scan: Scan, message: Rendered) -> str:
        """Post a message in a scan's thread; return its timestamp.

        Raises:
            ThreadGone: there is no thread any more; nothing was left behind.
            SlackApiError: Slack refused; where it asked for a wait, its channel is held for so long.
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
                self._pace.hold(scan.channel or "", asked_s)
            raise
        if scan.thread_ts and not answer["message"].get("thread_ts"):
            # To a message that has gone, Slack posts the reply into the channel itself.
            await self._take_back(scan.channel or "", str(answer["ts"]))
            raise ThreadGone
        return str(answer["ts"])

    async def find(self, scan: Scan) -> str | None:
        """Look for the message in the scan's thread; return its timestamp."""
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

    async def _take_back(self, channel: str, message_ts: str) -> None:
        """Delete a message that went where it should not be."""
        for tries_left in reversed(range(TRIES)):
            try:
                await self._client.chat_delete(channel=channel, ts=message_ts)
            except Exception as error:
                if slack_code(error) == "message_not_found":
                    return
                if not tries_left:
                    raise
                logger.warning("a stray message will be deleted later: %s", error_name(error))
                await self._clock.sleep(slack_wait_s(error) or FAILURE_NAP_S)
            else:
                return
