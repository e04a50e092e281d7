"""Posts waiting rescans in their channel, and says there how they ended."""

import logging
from collections.abc import Callable

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.errors import NotInvited, slack_code, slack_wait_s
from bot.scans.models import Scan
from bot.scans.requests import RescanRequest
from bot.slack.sending import Rendered, error_name, send
from bot.slack.workspace import INVITE

logger = logging.getLogger(__name__)

READ_ONLY = "Slack does not let me post in this channel. Ask in another one, or let its owner allow me to."

Render = Callable[[RescanRequest, Scan | None], Rendered]


class SlackBoard:
    """The messages of waiting rescans."""

    def __init__(
        self, client: AsyncWebClient, render: Render, pace: RateLimiters, updates: RateLimiter
    ) -> None:
        self._client = client
        self._render = render
        self._pace = pace
        self._updates = updates

    async def post(self, request: RescanRequest, latest: Scan | None) -> str:
        """Post the request; return the message's timestamp.

        Raises:
            NotInvited: the bot can't post there.
        """
        await self._pace.of(request.channel).take()
        try:
            answer = await send(
                self._client.chat_postMessage, self._render(request, latest), channel=request.channel
            )
        except SlackApiError as error:
            code = str(slack_code(error))
            if code in {"not_in_channel", "channel_not_found", "is_archived"}:
                raise NotInvited(INVITE) from error
            if code.startswith("restricted_action"):
                raise NotInvited(READ_ONLY) from error
            raise
        return str(answer["ts"])

    async def update(self, request: RescanRequest, latest: Scan | None) -> None:
        """Show that it was answered or lapsed, in its turn; a message that is gone is let be."""
        if request.message_ts is None:
            return
        await self._updates.take()
        try:
            await send(
                self._client.chat_update,
                self._render(request, latest),
                channel=request.channel,
                ts=request.message_ts,
            )
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            if (asked_s := slack_wait_s(error)) is not None:
                self._updates.pause(asked_s)
            logger.warning("waiting rescan %d could not be updated: %s", request.number, error_name(error))
