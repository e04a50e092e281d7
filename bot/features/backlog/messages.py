"""The message about a channel's queue."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter
from bot.errors import slack_code, slack_wait_s
from bot.features.backlog.models import Notice
from bot.slack.blocks.message import Message
from bot.slack.messages.delivery import GONE, send, update

logger = logging.getLogger(__name__)


@dataclass(eq=False, repr=False)
class BacklogMessages:
    """Posts notices at once, as Slack allows a short burst, and updates them within a limit of their own.

    Updates are skipped rather than delayed, so that no channel delays the others.
    """

    client: AsyncWebClient
    render: Callable[[Notice], Message]
    updates: RateLimiter

    async def post(self, notice: Notice) -> str | None:
        """Post a notice; return its timestamp, ``None`` if the bot can't post there."""
        try:
            answer = await send(self.client.chat_postMessage, self.render(notice), channel=notice.channel)
        except SlackApiError as error:
            if slack_code(error) not in GONE:
                raise
            logger.warning("the backlog of a channel could not be posted there: %s", slack_code(error))
            return None
        return str(answer["ts"])

    async def update(self, notice: Notice) -> bool:
        """Update a notice, unless it is gone; return whether that is done, or has to be retried."""
        if notice.message_ts is None:
            return True
        if self.updates.try_take() > 0:
            return False
        try:
            shown = self.render(notice)
            await update(self.client, self.updates, shown, channel=notice.channel, ts=notice.message_ts)
        except SlackApiError as error:
            if slack_wait_s(error) is not None:
                return False
            if slack_code(error) not in GONE:
                raise
        return True
