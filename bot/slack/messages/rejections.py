"""Telling people that their build is not accepted; only they see it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.clock import cancel_all
from bot.core.scan import Share
from bot.slack.messages.delivery import Rendered, error_name, send

logger = logging.getLogger(__name__)

REMEMBERED = 1_000
"""Messages for which a rejection is not repeated; the events of one message arrive close together."""
AT_ONCE = 10
"""Limit on rejections being sent; further ones are dropped, as Slack limits them and they change nothing."""


class SlackRejections:
    """The ``Refusals`` in Slack: one for each message, sent in the background."""

    def __init__(self, client: AsyncWebClient, render: Callable[[str], Rendered]) -> None:
        self._client = client
        self._render = render
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._saying: set[asyncio.Task[None]] = set()

    def refuse(self, share: Share, sentence: str) -> None:
        """See ``Refusals.refuse``. If an app shared the build, send nothing: it would not see it."""
        message = (share.channel, share.message_ts)
        person = share.shared_by or ""
        if share.bot_id or person[:1] not in {"U", "W"} or message in self._told:
            return
        self._told[message] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        if len(self._saying) >= AT_ONCE:
            logger.info("a rejection was not sent: too many at once")
            return
        task = asyncio.create_task(self._say(share, person, sentence))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def close(self) -> None:
        """Cancel what has not been sent."""
        await cancel_all(*self._saying)

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
            logger.warning("a rejection could not be sent: %s", error_name(unsaid))
