"""``python -m bot``: runs the bot until it is stopped, or Slack shuts it out."""

import asyncio
import logging
import sqlite3

from slack_sdk.errors import SlackApiError

from bot.app import Bot
from bot.config.settings import Settings
from bot.core.clock import first_of
from bot.errors import NewerDatabase, ShutOut, StoreUnavailable, slack_code

logger = logging.getLogger(__name__)

SHUT_OUT = 77
"""The exit code if Slack shuts the bot out while it runs; ``EX_NOPERM`` in ``sysexits.h``."""


async def run(settings: Settings, stop: asyncio.Event) -> int:
    """Run the bot until ``stop`` is set; return the exit code."""
    for warning in settings.warnings:
        logger.warning("%s", warning)
    bot = Bot(settings)
    opening = asyncio.create_task(bot.__aenter__())
    await first_of(opening, stop.wait())
    if opening.cancelled():  # it was waiting for another bot to stop, or for Slack
        return 0
    try:
        opening.result()
    except (ShutOut, NewerDatabase, SlackApiError, OSError, sqlite3.Error, StoreUnavailable) as error:
        logger.error("the bot can't start: %s", _reason(error))  # noqa: TRY400 - without a traceback
        return 1
    shut_out = asyncio.create_task(bot.shut_out())
    await first_of(shut_out, stop.wait())
    code = 0 if stop.is_set() else SHUT_OUT
    if code:
        logger.error("Slack has shut the bot out, so it stops. %s", shut_out.result().user_message)
    logger.info("stopping: current work is finished or returned to the queue")
    await bot.__aexit__()
    logger.info("stopped")
    return code


def _reason(error: Exception) -> str:
    """Return why the bot can't start, and what to do."""
    match error:
        case ShutOut() | NewerDatabase():
            return error.user_message
        case SlackApiError():
            return f"Slack says {slack_code(error)}. Check the tokens with `python -m bot check`."
        case StoreUnavailable():
            return f"{error}. Check APPSCAN_DB, its disk, and what else is using it."
        case sqlite3.Error():
            return f"the database at APPSCAN_DB can't be used: {error}."
    problem = getattr(error, "strerror", None) or error
    return f"{problem}. Check PORT, APPSCAN_METRICS_PORT and the folder of APPSCAN_DB."
