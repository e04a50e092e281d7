"""Opening the form that a button asks for."""

import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.elements import Block
from bot.errors import slack_code
from bot.listeners.acts import said

logger = logging.getLogger(__name__)

REFUSED = frozenset({"invalid_blocks", "invalid_arguments", "view_too_large"})
"""Errors of ``views.open`` that are the form's own.

Source: https://docs.slack.dev/reference/methods/views.open#errors
"""

MOVED_ON = frozenset({"hash_conflict", "not_found"})
"""Errors of ``views.update`` where another press was faster, or the form was closed.

Source: https://docs.slack.dev/reference/methods/views.update#errors
"""


async def open_form(client: AsyncWebClient, body: Mapping[str, Any], form: Block) -> None:
    """Open a form for who pressed a button.

    Where Slack refuses it, it is tried with what is asked alone: what is told above that names the build, in
    words from outside.

    Raises:
        SlackApiError: Slack did not open it, or not with that either.
    """
    trigger_id = said(body, "trigger_id")
    try:
        await client.views_open(trigger_id=trigger_id, view=form)
    except SlackApiError as error:
        if slack_code(error) not in REFUSED:
            raise
        logger.warning("Slack refused a form (%s); it is tried without what it tells", slack_code(error))
        asked = [block for block in form["blocks"] if block["type"] == "input"]
        await client.views_open(trigger_id=trigger_id, view={**form, "blocks": asked})
