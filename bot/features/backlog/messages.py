"""The message that tells a channel about its backlog."""

import logging
from collections.abc import Callable

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter
from bot.errors import slack_code, slack_wait_s
from bot.features.backlog.models import Notice
from bot.slack.blocks.message import Message
from bot.slack.messages.delivery import GONE, send, update

logger = logging.getLogger(__name__)


class BacklogMessages:
    """The ``NoticeBoard`` in Slack.

    A notice is posted without waiting behind the replies it announces: Slack allows a short burst.
    Its updates have a rate limit of their own and are skipped rather than delayed, so that no channel holds
    up the others.
    """

    def __init__(
        self, client: AsyncWebClient, render: Callable[[Notice], Message], updates: RateLimiter
    ) -> None:
        self._client = client
        self._render = render
        self._updates = updates

    async def post(self, notice: Notice) -> str | None:
        """Post a notice; return the message's timestamp, ``None`` if the bot can't post there."""
        try:
            answer = await send(self._client.chat_postMessage, self._render(notice), channel=notice.channel)
        except SlackApiError as error:
            if slack_code(error) not in GONE:
                raise
            logger.warning("the backlog of a channel could not be posted there: %s", slack_code(error))
            return None
        return str(answer["ts"])

    async def update(self, notice: Notice) -> bool:
        """Show what has changed; see ``NoticeBoard.update``."""
        if notice.message_ts is None:
            return True
        if self._updates.try_take() > 0:
            return False
        try:
            await update(
                self._client,
                self._updates,
                self._render(notice),
                channel=notice.channel,
                ts=notice.message_ts,
            )
        except SlackApiError as error:
            if slack_wait_s(error) is not None:
                return False
            if slack_code(error) not in GONE:
                raise
        return True
