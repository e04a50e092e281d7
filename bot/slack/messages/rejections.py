"""Telling people that their build is not accepted; only they see it."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.clock import cancel_all
from bot.core.scan import Share
from bot.slack.blocks.short_answers import refusal
from bot.slack.messages.delivery import whisper

logger = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 1_000
"""Messages for which a rejection is not repeated; the events of one message arrive close together."""
MAX_CONCURRENT: Final = 10
"""Rejections being sent; further ones are dropped, as Slack limits them and they change nothing."""


@dataclass(eq=False, repr=False)
class SlackRejections:
    """The ``Refusals`` in Slack: one for each message, sent in the background."""

    client: AsyncWebClient
    _answered: OrderedDict[tuple[str, str], None] = field(init=False, default_factory=OrderedDict)
    _sending: set[asyncio.Task[None]] = field(init=False, default_factory=set)

    def refuse(self, share: Share, sentence: str) -> None:
        """See ``Refusals.refuse``. If an app shared the build, send nothing: it would not see it."""
        message = (share.channel, share.message_ts)
        person = share.shared_by or ""
        if share.bot_id or person[:1] not in {"U", "W"} or message in self._answered:
            return
        self._answered[message] = None
        if len(self._answered) > MAX_REMEMBERED:
            self._answered.popitem(last=False)
        if len(self._sending) >= MAX_CONCURRENT:
            logger.info("a rejection was not sent: too many at a time")
            return
        thread_ts = share.thread_ts if share.thread_ts != share.message_ts else None
        task = asyncio.create_task(
            whisper(self.client, refusal(sentence), channel=share.channel, user=person, thread_ts=thread_ts)
        )
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        """Cancel what has not been sent."""
        await cancel_all(*self._sending)
