"""``python -m bot check``: is everything fit to run? One line a thing, each with what to do."""

import logging
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import parts, policy_file
from bot.errors import CannotRead, SettingsError, StoreUnavailable, SubmissionError, slack_code
from bot.ftp_settings import FtpSettings
from bot.onetrust.depot import open_depot
from bot.scans.clock import SystemClock
from bot.scans.routes import Routes
from bot.settings import Settings
from bot.slack.identity import Identity
from bot.slack.limits import slack_session
from bot.store.database import Database
from bot.store.lock import InstanceLock

logger = logging.getLogger(__name__)

SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "commands", "files:read", "users:read"}
    | {f"{kind}:{verb}" for kind in ("channels", "groups", "im", "mpim") for verb in ("history", "read")}
)
"""What the bot asks of Slack; ``manifest.yml`` says why for each."""

ROOM_BYTES = 70_000_000
"""Disk that one build being worked on may take."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the answer."""

    what: str
    fit: bool
    note: str


async def check(settings: Settings) -> int:
    """Print what is fit and what is not; return 0 where all is fit, else 1."""
    fit = True
    async with aclosing(_findings(settings)) as findings:
        async for finding in findings:
            fit = fit and finding.fit
            mark = "ok  " if finding.fit else "FAIL"
            print(f"{mark}  {finding.what}: {finding.note}", file=sys.stdout, flush=True)  # noqa: T201
    return 0 if fit else 1


async def _findings(settings: Settings) -> AsyncGenerator[Finding, None]:
    mode = "Socket Mode" if settings.slack_app_token else f"HTTP on port {settings.port}"
    yield Finding(what="settings", fit=True, note=f"complete; {mode}")
    async with slack_session() as session:
        async for finding in _slack(settings, parts.slack_client(settings, session)):
            yield finding
    yield await _onetrust(settings)
    yield await _results(settings)
    async with parts.onetrust_routes(settings) as routes:
        for finding in _routes(settings, routes):
            yield finding
    if settings.ftp is not None and "ftp" in settings.onetrust_routes:
        yield await _depot(settings.ftp)
    yield Finding(
        what="log link",
        fit=True,
        note="set"
        if settings.onetrust_log_url
        else "ONETRUST_LOG_URL is not set: replies tell the way instead",
    )
    for finding in _policy(settings):
        yield finding
    yield await _database(settings)
    yield _disk(settings)


async def _slack(settings: Settings, client: AsyncWebClient) -> AsyncGenerator[Finding, None]:
    try:
        identity = await Identity.ask(client)
    except SlackApiError as error:
        yield _no("Slack token", f"Slack says {slack_code(error)}: copy SLACK_BOT_TOKEN again")
        return
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        logger.debug("Slack can't be reached: %s", type(error).__name__)
        yield _no("Slack token", "Slack can't be reached: check the network, SLACK_API_URL, proxies")
        return
    yield Finding(what="Slack token", fit=True, note=f"{identity.user_id} in {identity.team}")
    missing = sorted(SCOPES - identity.scopes)
    if missing:
        yield _no(
            "Slack scopes",
            f"{', '.join(missing)} missing: add them under OAuth & Permissions, then reinstall the app",
        )
    else:
        yield Finding(what="Slack scopes", fit=True, note="all there")
    if settings.slack_app_token is None:
        return
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.reveal())
    except SlackApiError as error:
        yield _no(
            "Slack app token",
            f"Slack says {slack_code(error)}: make one with connections:write and switch Socket Mode on",
        )
    else:
        yield Finding(what="Slack app token", fit=True, note="Socket Mode can connect")


async def _onetrust(settings: Settings) -> Finding:
    if settings.onetrust_api_key is not None:
        return Finding(
            what="OneTrust API key",
            fit=True,
            note="set; only the first scan shows whether builds may be sent with it",
        )
    try:
        async with parts.onetrust_tokens(settings) as tokens:
            await tokens.bearer()
    except SubmissionError as error:
        hint = " Check the network, ONETRUST_URL and the proxy settings." if error.status is None else ""
        return _no("OneTrust token", error.user_message + hint)
    return Finding(what="OneTrust token", fit=True, note="the client ID and secret give an access token")


def _policy(settings: Settings) -> list[Finding]:
    if settings.policy is None:
        return []
    try:
        rules = policy_file.read(settings.policy)
    except SettingsError as error:
        return [_no("policy", problem) for problem in error.problems]
    count = "1 rule" if len(rules) == 1 else f"{len(rules)} rules"
    return [Finding(what="policy", fit=True, note=f"{count}: {', '.join(rule.name for rule in rules)}")]


async def _depot(ftp: FtpSettings) -> Finding:
    try:
        await open_depot(ftp.address).check()
    except SubmissionError as error:
        return _no("FTP server", error.user_message)
    rescans = "" if ftp.rescan_webhook_url else "; rescans need ONETRUST_FTP_RESCAN_WEBHOOK_URL"
    if ftp.address.scheme == "ftp":
        rescans += "; NOTHING IS ENCRYPTED on the way there: the password and every build can be read"
    return Finding(what="FTP server", fit=True, note=f"the login works, and the folder is there{rescans}")


async def _results(settings: Settings) -> Finding:
    """Tell whether results can be read: never a fault, as scans work without."""
    what = "OneTrust results"
    try:
        async with parts.onetrust_applications(settings, SystemClock()) as applications:
            await applications.can_read()
    except CannotRead as error:
        return Finding(what=what, fit=True, note=f"not read. {error.user_message}")
    except SubmissionError as error:
        return Finding(what=what, fit=True, note=f"not tried. {error.user_message}")
    return Finding(what=what, fit=True, note="can be read")


def _routes(settings: Settings, routes: Routes) -> Iterator[Finding]:
    """Tell which routes a build may take, in their order."""
    yield Finding(what="routes", fit=True, note=", then ".join(routes.titles))
    if "webhook" in routes:
        yield Finding(
            what="OneTrust webhook",
            fit=True,
            note="its shape is right and it is on ONETRUST_URL's host; only a scan shows whether its ID is",
        )
    if "direct" in routes and settings.onetrust_org_id is None:
        yield Finding(
            what="Applications API",
            fit=True,
            note="takes rescans only: new apps need ONETRUST_ORG_ID",
        )


async def _database(settings: Settings) -> Finding:
    path = settings.database.absolute()
    if not path.parent.is_dir():
        return _no("database", f"there is no folder {path.parent}: make it, or check APPSCAN_DB")
    if not path.exists():
        if not os.access(path.parent, os.W_OK | os.X_OK):
            return _no("database", f"{path.parent} can't be written to: check its owner, or APPSCAN_DB")
        return Finding(what="database", fit=True, note=f"{path} will be made, empty, at the first start")
    try:
        database = await Database.open(path)
        try:
            state = await database.read(lambda db: db.execute("PRAGMA quick_check").fetchone()[0])
            writable = await database.writable()
        finally:
            await database.close()
    except (OSError, sqlite3.Error, StoreUnavailable) as error:
        return _no("database", f"{path} can't be used ({error}): check APPSCAN_DB and its folder's owner")
    if state != "ok" or not writable:
        return _no("database", f"{path} is damaged or locked: stop other programs on it, or restore a backup")
    lock = InstanceLock(path)
    running = not lock.try_acquire()
    lock.release()
    note = f"{path}, another bot works on it: a second one would wait" if running else str(path)
    return Finding(what="database", fit=True, note=note)


def _disk(settings: Settings) -> Finding:
    need = ROOM_BYTES * settings.concurrency
    folder = settings.database.absolute().parent
    if not folder.is_dir():
        return _no("disk", "not looked at, as the database has no folder")
    free = shutil.disk_usage(folder).free
    if free < need:
        return _no("disk", f"{free // 10**6} MB free beside the database, {need // 10**6} MB needed")
    return Finding(what="disk", fit=True, note=f"{free // 10**6} MB free, {need // 10**6} MB needed")


def _no(what: str, note: str) -> Finding:
    return Finding(what=what, fit=False, note=note)
