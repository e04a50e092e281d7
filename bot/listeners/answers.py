"""Answering through a response URL, seen by nobody else."""

import logging

from slack_bolt.async_app import AsyncRespond

from bot.blocks.message import Message

logger = logging.getLogger(__name__)


async def answer(respond: AsyncRespond, message: Message, *, replace: bool = False) -> None:
    """Show a message to who acted; ``replace`` puts it in the place of the one that was acted on.

    Where Slack refuses the blocks, the words go alone. A response URL answers a refusal with a status, which
    the SDK does not raise.
    """
    told = await respond(
        text=message.text, blocks=message.blocks, response_type="ephemeral", replace_original=replace
    )
    if told.status_code < 300:
        return
    logger.warning("an answer was refused with HTTP %d; trying it as text", told.status_code)
    told = await respond(text=message.text, response_type="ephemeral", replace_original=replace)
    if told.status_code >= 300:
        logger.warning("an answer could not be given: HTTP %d", told.status_code)
