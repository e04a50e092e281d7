"""``python -m bot check``: whether the bot can run; one line for each check, with what to do if it fails."""

import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config.settings import Settings
from bot.core.clock import SystemClock
from bot.errors import NewerDatabase, StoreUnavailable, slack_code
from bot.slack.api.client import slack_session
from bot.slack.api.identity import Identity
from bot.storage.instance_lock import InstanceLock
from bot.wiring import parts
from bot.wiring.checks import CheckResult, Checkup, failed, passed
from bot.wiring.features import FEATURES, open_database

logger = logging.getLogger(__name__)

SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "mentions of the bot get no answer",
    "channels:history": "builds shared in public channels are not noticed",
    "channels:read": "public channels can't be distinguished from private ones",
    "chat:write": "the bot can't post or update replies",
    "commands": "/appscan and the shortcut don't work",
    "files:read": "builds can't be downloaded from Slack",
    "groups:history": "builds shared in private channels are not noticed",
    "groups:read": "who is in a private channel can't be checked, so no one sees its scans",
    "im:history": "builds shared in direct messages are not noticed",
    "im:read": "direct messages can't be distinguished from channels",
    "mpim:history": "builds shared in group direct messages are not noticed",
    "mpim:read": "who is in a group direct message can't be checked, so no one sees its scans",
    "users:read": "guests and people from other organizations can't be recognized, so no one can use the bot",
}
"""The scopes the bot needs, and what does not work without each; ``manifest.yml`` asks for them."""

BUILD_BYTES = 70_000_000
"""Disk space that one build in progress may take."""


async def check(settings: Settings) -> int:
    """Print what works and what doesn't; return 1 if something doesn't, else 0."""
    fit = True
    async with aclosing(_results(settings)) as results:
        async for result in results:
            fit = fit and result.fit
            mark = "ok  " if result.fit else "FAIL"
            print(f"{mark}  {result.what}: {result.note}", file=sys.stdout, flush=True)  # noqa: T201
    return 0 if fit else 1


async def _results(settings: Settings) -> AsyncGenerator[CheckResult, None]:
    mode = "Socket Mode" if settings.slack_app_token else f"HTTP on port {settings.port}"
    yield passed("settings", f"complete; {mode}")
    for warning in settings.warnings:
        yield passed("settings", warning)
    async with slack_session() as session:
        async for result in _slack(settings, parts.slack_client(settings, session, SystemClock())):
            yield result
    checkup = Checkup(settings=settings)
    for feature in FEATURES:
        if feature.checks is not None:
            async for result in feature.checks(checkup):
                yield result
    yield await _database(settings.database.absolute())
    yield _disk(settings)


async def _slack(settings: Settings, client: AsyncWebClient) -> AsyncGenerator[CheckResult, None]:
    try:
        identity = await Identity.ask(client)
    except SlackApiError as error:
        yield failed("Slack token", f"Slack says {slack_code(error)}: copy SLACK_BOT_TOKEN again")
        return
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        logger.debug("Slack can't be reached: %s", type(error).__name__)
        yield failed("Slack token", "Slack can't be reached: check the network, SLACK_API_URL, proxies")
        return
    yield passed("Slack token", f"{identity.user_id} in {identity.team}")
    missing = SCOPES.keys() - identity.scopes
    for scope in sorted(missing):
        yield failed(
            f"Slack scope {scope}",
            f"missing, so {SCOPES[scope]}: update the app from manifest.yml, then reinstall it",
        )
    if not missing:
        yield passed("Slack scopes", "all there")
    if settings.slack_app_token is None:
        return
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.reveal())
        yield passed("Slack app token", "Socket Mode can connect")
    except SlackApiError as error:
        yield failed(
            "Slack app token",
            f"Slack says {slack_code(error)}: make one with connections:write and switch Socket Mode on",
        )


async def _database(path: Path) -> CheckResult:
    what, folder = "database", path.parent
    if not folder.is_dir():
        return failed(what, f"there is no folder {folder}: make it, or check APPSCAN_DB")
    if not path.exists():  # noqa: ASYNC240 - nothing else is running
        if os.access(folder, os.W_OK | os.X_OK):
            return passed(what, f"{path} will be made, empty, at the first start")
        return failed(what, f"{folder} can't be written to: check its owner, or APPSCAN_DB")
    try:
        database = await open_database(path)
        try:
            state = await database.read(lambda db: db.execute("PRAGMA quick_check").fetchone()[0])
            writable = await database.writable()
        finally:
            await database.close()
    except NewerDatabase as error:
        return failed(what, error.user_message.removesuffix("."))
    except (OSError, sqlite3.Error, StoreUnavailable) as error:
        return failed(what, f"{path} can't be used ({error}): check APPSCAN_DB and its folder's owner")
    if state != "ok" or not writable:
        return failed(what, f"{path} is damaged or locked: stop other programs on it, or restore a backup")
    lock = InstanceLock(path)
    running = not lock.try_acquire()
    lock.release()
    return passed(what, f"{path}, another bot works on it: a second one would wait" if running else str(path))


def _disk(settings: Settings) -> CheckResult:
    needed = BUILD_BYTES * settings.concurrency
    folder = settings.database.absolute().parent
    if not folder.is_dir():
        return failed("disk", "not checked, as the database has no folder")
    free = shutil.disk_usage(folder).free
    result = passed if free >= needed else failed
    return result("disk", f"{free // 10**6} MB free beside the database, {needed // 10**6} MB needed")
