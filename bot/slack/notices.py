"""Posts notices of queues in their channels, and keeps them up to date."""

import logging
from collections.abc import Callable

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter
from bot.errors import slack_code, slack_wait_s
from bot.scans.backlog import Notice
from bot.slack.sending import GONE, Rendered, send

logger = logging.getLogger(__name__)


class SlackNotices:
    """The messages of notices.

    They don't wait for their channel's turn behind the replies that they excuse: Slack takes a short burst.
    Their updates have turns of their own, and wait for none: no channel is to hold up others.
    """

    def __init__(
        self, client: AsyncWebClient, render: Callable[[Notice], Rendered], updates: RateLimiter
    ) -> None:
        self._client = client
        self._render = render
        self._updates = updates

    async def post(self, notice: Notice) -> str | None:
        """Post the notice; return the message's timestamp, ``None`` where the bot can't post there."""
        try:
            answer = await send(self._client.chat_postMessage, self._render(notice), channel=notice.channel)
        except SlackApiError as error:
            if slack_code(error) not in GONE:
                raise
            logger.warning("a channel could not be told about its queue: %s", slack_code(error))
            return None
        return str(answer["ts"])

    async def update(self, notice: Notice) -> bool:
        """Show what has changed; see ``NoticeBoard.update``."""
        if notice.message_ts is None:
            return True
        if self._updates.try_take() > 0:
            return False
        try:
            await send(
                self._client.chat_update, self._render(notice), channel=notice.channel, ts=notice.message_ts
            )
        except SlackApiError as error:
            if (asked_s := slack_wait_s(error)) is not None:
                self._updates.pause(asked_s)
                return False
            if slack_code(error) not in GONE:
                raise
        return True
