"""Telling people that their build is not taken, where nobody else sees it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.scans.models import Share
from bot.scans.tasks import end
from bot.slack.sending import Rendered, error_name, send

logger = logging.getLogger(__name__)

REMEMBERED = 1_000
"""Messages that are remembered as told; events of one message come close together."""
AT_ONCE = 10
"""A no more than this is left unsaid: Slack takes only so many, and the answer is no all the same."""


class SlackRefusals:
    """Says no, once a message, and never waits for it."""

    def __init__(self, client: AsyncWebClient, render: Callable[[str], Rendered]) -> None:
        self._client = client
        self._render = render
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._saying: set[asyncio.Task[None]] = set()

    def refuse(self, share: Share, sentence: str) -> None:
        """Say so to whoever shared it; see ``Refusals.refuse``. An app has no eyes for it."""
        message = (share.channel, share.message_ts)
        person = share.shared_by or ""
        if share.bot_id or person[:1] not in {"U", "W"} or message in self._told:
            return
        self._told[message] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        if len(self._saying) >= AT_ONCE:
            logger.info("a no was left unsaid: too many at once")
            return
        task = asyncio.create_task(self._say(share, person, sentence))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def close(self) -> None:
        """Give up what has not been said."""
        await end(*self._saying)

    async def _say(self, share: Share, person: str, sentence: str) -> None:
        try:
            await send(
                self._client.chat_postEphemeral,
                self._render(sentence),
                channel=share.channel,
                user=person,
                thread_ts=share.thread_ts if share.thread_ts != share.message_ts else None,
            )
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as unsaid:
            logger.warning("a no could not be said: %s", error_name(unsaid))
