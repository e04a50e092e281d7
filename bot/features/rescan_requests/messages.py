"""The message of a rescan that waits for its build."""

import logging
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scan import Scan
from bot.errors import NotInvited, slack_code
from bot.features.rescan_requests import views
from bot.features.rescan_requests.models import RescanRequest
from bot.slack.api.conversations import INVITE
from bot.slack.api.errors import CALL_ERRORS, error_name
from bot.slack.messages.delivery import send, update

logger = logging.getLogger(__name__)

READ_ONLY = "I may not post in this channel. Use another one, or ask its owner to allow me to post."


@dataclass(eq=False, repr=False)
class RescanRequestMessage:
    """The ``Board`` in Slack."""

    client: AsyncWebClient
    pace: RateLimiters
    updates: RateLimiter

    async def post(self, request: RescanRequest, latest: Scan | None) -> str:
        """Post the request; return the message's timestamp.

        Raises:
            NotInvited: the bot can't post in the channel.
        """
        await self.pace.of(request.channel).take()
        message = views.request(request, latest)
        try:
            answer = await send(self.client.chat_postMessage, message, channel=request.channel)
        except SlackApiError as error:
            code = str(slack_code(error))
            if code in {"not_in_channel", "channel_not_found", "is_archived"}:
                raise NotInvited(INVITE) from error
            if code.startswith("restricted_action"):
                raise NotInvited(READ_ONLY) from error
            raise
        return str(answer["ts"])

    async def update(self, request: RescanRequest, latest: Scan | None) -> None:
        """Show that a request was fulfilled or has expired; an error changes nothing about the request."""
        if request.message_ts is None:
            return
        await self.updates.take()
        message = views.request(request, latest)
        try:
            await update(self.client, self.updates, message, channel=request.channel, ts=request.message_ts)
        except CALL_ERRORS as error:
            logger.warning("rescan request %d could not be updated: %s", request.number, error_name(error))
