"""Answers about third-party apps that arrive later: as a direct message, or in the channel of the question.

In a channel, only the person who asked sees the answer.
"""

import logging
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.backoff import Backoff
from bot.errors import SLACK_BAD_BLOCKS, slack_code, slack_wait_s
from bot.features.third_party_apps import views
from bot.features.third_party_apps.models import AppQuestion
from bot.slack.api.errors import CALL_ERRORS, error_name
from bot.slack.messages.delivery import GONE, send

logger = logging.getLogger(__name__)

MESSAGE_BACKOFF: Final = Backoff(first_s=60.0, factor=4.0, maximum_s=6 * 3600.0)

NO_DIRECT_MESSAGE: Final = (GONE.keys() - SLACK_BAD_BLOCKS) | {
    "cannot_dm_bot",
    "user_disabled",
    "user_not_in_channel",
    "user_not_visible",
}
"""Errors of ``chat.postMessage`` that are permanent for a direct message.

Source: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""


async def send_answer(client: AsyncWebClient, question: AppQuestion) -> float | None:
    """Send an answer; return the seconds until a retry, ``None`` if it is sent or can't be.

    If Slack's response is lost, the message is sent again: twice is better than never.
    """
    message, user = views.later(question), question.user
    try:
        try:
            post = client.chat_postMessage
            await send(post, message, channel=user, unfurl_links=False, unfurl_media=False)
        except SlackApiError as error:
            if slack_code(error) not in NO_DIRECT_MESSAGE:
                raise
            await send(client.chat_postEphemeral, message, channel=question.channel, user=user)
    except CALL_ERRORS as error:
        code = slack_code(error)
        if code in NO_DIRECT_MESSAGE or code in SLACK_BAD_BLOCKS:
            logger.warning("an answer about a third-party app could not be sent: %s", code)
            return None
        logger.info("sending an answer about a third-party app will be retried: %s", error_name(error))
        return max(MESSAGE_BACKOFF.delay_s(question.tries + 1), slack_wait_s(error) or 0.0)
    return None
