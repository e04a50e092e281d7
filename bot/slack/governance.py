"""Tells people what became of the third-party apps they asked for: in a direct message, or where they asked.

Who asked what is nobody else's business: in a channel, only they see it.
"""

import logging
from collections.abc import Callable
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.backoff import Backoff
from bot.errors import SLACK_BAD_BLOCKS, slack_code, slack_wait_s
from bot.scans.governance import AppAsk
from bot.slack.sending import GONE, Rendered, error_name, send

logger = logging.getLogger(__name__)

MESSAGE_BACKOFF: Final = Backoff(first_s=60.0, factor=4.0, maximum_s=6 * 3600.0)

NO_DIRECT_MESSAGE: Final = (GONE.keys() - SLACK_BAD_BLOCKS) | {
    "cannot_dm_bot",
    "user_disabled",
    "user_not_in_channel",
    "user_not_visible",
}
"""Errors of ``chat.postMessage`` after which a direct message won't do, however often it is tried.

Source: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""


class SlackTeller:
    """Posts what ``render`` makes; see ``bot.scans.governance.Teller``.

    What Slack may have taken although its answer was lost is told once more: twice is better than never.
    """

    def __init__(self, client: AsyncWebClient, render: Callable[[AppAsk], Rendered]) -> None:
        self._client = client
        self._render = render

    async def tell(self, ask: AppAsk) -> float | None:
        """Tell somebody; see the port."""
        message = self._render(ask)
        try:
            try:
                await send(
                    self._client.chat_postMessage,
                    message,
                    channel=ask.user,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            except SlackApiError as error:
                if slack_code(error) not in NO_DIRECT_MESSAGE:
                    raise
                await send(self._client.chat_postEphemeral, message, channel=ask.channel, user=ask.user)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return _wait_s(ask, error)
        return None


def _wait_s(ask: AppAsk, error: Exception) -> float | None:
    """Return when to try again; ``None`` where that would change nothing."""
    code = slack_code(error)
    if code in NO_DIRECT_MESSAGE or code in SLACK_BAD_BLOCKS:
        logger.warning("somebody could not be told of the third-party app they asked for: %s", code)
        return None
    logger.info("somebody is told later of the third-party app they asked for: %s", error_name(error))
    return max(MESSAGE_BACKOFF.delay_s(ask.tries + 1), slack_wait_s(error) or 0.0)
