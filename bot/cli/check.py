"""``python -m bot check``: is everything fit to run? One line a thing, each with what to do."""

import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config.settings import Settings
from bot.errors import NewerDatabase, StoreUnavailable, slack_code
from bot.slack.api.client import slack_session
from bot.slack.api.identity import Identity
from bot.storage.instance_lock import InstanceLock
from bot.wiring import parts
from bot.wiring.checks.result import CheckResult, Checkup, failed
from bot.wiring.features import FEATURES, open_database

logger = logging.getLogger(__name__)

SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "mentions of the bot get no answer",
    "channels:history": "builds shared in public channels are not noticed",
    "channels:read": "public channels can't be told from private ones",
    "chat:write": "the bot can't post or update replies",
    "commands": "/appscan and the shortcut don't work",
    "files:read": "builds can't be downloaded from Slack",
    "groups:history": "builds shared in private channels are not noticed",
    "groups:read": "who is in a private channel can't be checked, so its scans are shown to nobody",
    "im:history": "builds shared in direct messages are not noticed",
    "im:read": "direct messages can't be told from channels",
    "mpim:history": "builds shared in group direct messages are not noticed",
    "mpim:read": "who is in a group direct message can't be checked, so its scans are shown to nobody",
    "users:read": "guests and people from other organizations can't be recognized, so nobody is served",
}
"""The scopes the bot needs, and what does not work without each; ``manifest.yml`` asks for them."""

ROOM_BYTES = 70_000_000
"""Disk that one build being worked on may take."""


async def check(settings: Settings) -> int:
    """Print what is fit and what is not; return 0 where all is fit, else 1."""
    fit = True
    async with aclosing(_findings(settings)) as findings:
        async for finding in findings:
            fit = fit and finding.fit
            mark = "ok  " if finding.fit else "FAIL"
            print(f"{mark}  {finding.what}: {finding.note}", file=sys.stdout, flush=True)  # noqa: T201
    return 0 if fit else 1


async def _findings(settings: Settings) -> AsyncGenerator[CheckResult, None]:
    mode = "Socket Mode" if settings.slack_app_token else f"HTTP on port {settings.port}"
    yield CheckResult(what="settings", fit=True, note=f"complete; {mode}")
    for warning in settings.warnings:
        yield CheckResult(what="settings", fit=True, note=warning)
    async with slack_session() as session:
        async for finding in _slack(settings, parts.slack_client(settings, session)):
            yield finding
    checkup = Checkup(settings=settings)
    for feature in FEATURES:
        if feature.checks is not None:
            async for finding in feature.checks(checkup):
                yield finding
    yield await _database(settings)
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
    yield CheckResult(what="Slack token", fit=True, note=f"{identity.user_id} in {identity.team}")
    missing = SCOPES.keys() - identity.scopes
    for scope in sorted(missing):
        yield failed(
            f"Slack scope {scope}",
            f"missing, so {SCOPES[scope]}: update the app from manifest.yml, then reinstall it",
        )
    if not missing:
        yield CheckResult(what="Slack scopes", fit=True, note="all there")
    if settings.slack_app_token is None:
        return
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.reveal())
    except SlackApiError as error:
        yield failed(
            "Slack app token",
            f"Slack says {slack_code(error)}: make one with connections:write and switch Socket Mode on",
        )
    else:
        yield CheckResult(what="Slack app token", fit=True, note="Socket Mode can connect")


async def _database(settings: Settings) -> CheckResult:
    path = settings.database.absolute()
    if not path.parent.is_dir():
        return failed("database", f"there is no folder {path.parent}: make it, or check APPSCAN_DB")
    if not path.exists():
        if not os.access(path.parent, os.W_OK | os.X_OK):
            return failed("database", f"{path.parent} can't be written to: check its owner, or APPSCAN_DB")
        return CheckResult(what="database", fit=True, note=f"{path} will be made, empty, at the first start")
    try:
        database = await open_database(path)
        try:
            state = await database.read(lambda db: db.execute("PRAGMA quick_check").fetchone()[0])
            writable = await database.writable()
        finally:
            await database.close()
    except NewerDatabase as error:
        return failed("database", error.user_message.removesuffix("."))
    except (OSError, sqlite3.Error, StoreUnavailable) as error:
        return failed("database", f"{path} can't be used ({error}): check APPSCAN_DB and its folder's owner")
    if state != "ok" or not writable:
        return failed(
            "database", f"{path} is damaged or locked: stop other programs on it, or restore a backup"
        )
    lock = InstanceLock(path)
    running = not lock.try_acquire()
    lock.release()
    note = f"{path}, another bot works on it: a second one would wait" if running else str(path)
    return CheckResult(what="database", fit=True, note=note)


def _disk(settings: Settings) -> CheckResult:
    need = ROOM_BYTES * settings.concurrency
    folder = settings.database.absolute().parent
    if not folder.is_dir():
        return failed("disk", "not looked at, as the database has no folder")
    free = shutil.disk_usage(folder).free
    if free < need:
        return failed("disk", f"{free // 10**6} MB free beside the database, {need // 10**6} MB needed")
    return CheckResult(what="disk", fit=True, note=f"{free // 10**6} MB free, {need // 10**6} MB needed")
