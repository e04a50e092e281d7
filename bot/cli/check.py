"""``python -m bot check``: is everything fit to run? One line a thing, each with what to do."""

import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import FEATURES
from bot.config.settings import Settings
from bot.errors import StoreUnavailable, slack_code
from bot.slack.api.client import slack_session
from bot.slack.api.identity import Identity
from bot.storage.database import Database
from bot.storage.instance_lock import InstanceLock
from bot.wiring import parts
from bot.wiring.checks.result import CheckResult, Checkup, failed

logger = logging.getLogger(__name__)

SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "commands", "files:read", "users:read"}
    | {f"{kind}:{verb}" for kind in ("channels", "groups", "im", "mpim") for verb in ("history", "read")}
)
"""What the bot asks of Slack; ``manifest.yml`` says why for each."""

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
    missing = sorted(SCOPES - identity.scopes)
    if missing:
        yield failed(
            "Slack scopes",
            f"{', '.join(missing)} missing: add them under OAuth & Permissions, then reinstall the app",
        )
    else:
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
        database = await Database.open(path)
        try:
            state = await database.read(lambda db: db.execute("PRAGMA quick_check").fetchone()[0])
            writable = await database.writable()
        finally:
            await database.close()
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
