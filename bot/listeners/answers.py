"""Answering whoever did something, through a response URL or in a conversation, seen by nobody else."""

import asyncio
import logging
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.message import Message
from bot.errors import slack_code, wait_asked_s

logger = logging.getLogger(__name__)

LONGEST_WAIT_S = 10.0
"""An answer that Slack puts off for longer comes too late."""
_BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
_TEXT_LIMIT = 3_900


async def answer(respond: AsyncRespond, message: Message, *, replace: bool = False) -> None:
    """Show a message to who acted; ``replace`` puts it in the place of the one that was acted on.

    Where Slack refuses the blocks, the words go alone. A response URL answers a refusal with a status, which
    the SDK does not raise.
    """
    told = await respond(
        text=message.text, blocks=message.blocks, response_type="ephemeral", replace_original=replace
    )
    if told.status_code == 429:
        wait_s = wait_asked_s(told.headers.get("Retry-After"))
        if wait_s > LONGEST_WAIT_S:
            logger.warning("an answer could not be given: Slack asks for %d s", wait_s)
            return
        await asyncio.sleep(wait_s)
        told = await respond(
            text=message.text, blocks=message.blocks, response_type="ephemeral", replace_original=replace
        )
    if told.status_code < 300:
        return
    logger.warning("an answer was refused with HTTP %d; trying it as text", told.status_code)
    text = message.text[:_TEXT_LIMIT]
    told = await respond(text=text, response_type="ephemeral", replace_original=replace)
    if told.status_code >= 300:
        logger.warning("an answer could not be given: HTTP %d", told.status_code)


async def whisper(
    client: AsyncWebClient, message: Message, *, channel: str, user: str, thread_ts: str | None = None
) -> None:
    """Show a message to one person in a conversation, as words alone where Slack refuses the blocks.

    What can't be said is let be: it changes nothing of what was done.
    """
    where: dict[str, Any] = {"channel": channel, "user": user, "thread_ts": thread_ts}
    try:
        try:
            await client.chat_postEphemeral(text=message.text, blocks=message.blocks, **where)
        except SlackApiError as error:
            if slack_code(error) not in _BAD_BLOCKS:
                raise
            await client.chat_postEphemeral(text=message.text[:_TEXT_LIMIT], **where)
    except SlackApiError as unsaid:
        logger.warning("an answer could not be given: %s", slack_code(unsaid))
    # slack_sdk stumbles (AttributeError) over an answer that is text, or JSON but no object.
    except (aiohttp.ClientError, TimeoutError, OSError, AttributeError) as unsaid:
        logger.warning("an answer could not be given: %s", type(unsaid).__name__)
