"""The real bot as a process of its own, as production runs it, on the stand-ins."""

import asyncio
import math
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from sandbox.zscaler import ZscalerSandbox

_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "SSL_CERT_FILE",
    "TMPDIR",
)
"""Of this process's environment; no proxy, and no setting of a real bot."""


def environ_for(
    slack: SlackSandbox,
    onetrust: OneTrustSandbox,
    database: Path,
    ftp: FtpSandbox | None = None,
    *,
    zscaler: ZscalerSandbox | None = None,
) -> dict[str, str]:
    """Return the environment of a bot that works on the stand-ins, in Socket Mode."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | settings_for(slack, onetrust, database, ftp, zscaler=zscaler)


def settings_for(
    slack: SlackSandbox,
    onetrust: OneTrustSandbox,
    database: Path,
    ftp: FtpSandbox | None = None,
    *,
    zscaler: ZscalerSandbox | None = None,
) -> dict[str, str]:
    """Return the settings of a bot on the stand-ins: in HTTP mode where Slack has an address for events.

    With ``ftp``, whose folder is to be OneTrust's ``depot``, the FTP route is set up; with ``zscaler`` all of
    its APIs are, by OAuth 2.0.
    """
    address = urlsplit(slack.events_url or "")
    socket_mode = {"SLACK_APP_TOKEN": slack.app_token}
    http_mode = {"SLACK_SIGNING_SECRET": slack.signing_secret, "PORT": str(address.port or 80)}
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        **(http_mode if slack.events_url else socket_mode),
        "SLACK_API_URL": slack.api_url,
        "ONETRUST_URL": onetrust.url,
        "ONETRUST_CLIENT_ID": onetrust.client_id,
        "ONETRUST_CLIENT_SECRET": onetrust.client_secret,
        "ONETRUST_WEBHOOK_URL": onetrust.webhook_url,
        "ONETRUST_LOG_URL": onetrust.url + "/logs?request={request_id}",
        "ONETRUST_ORG_ID": onetrust.org_id,
        **(_ftp_settings(onetrust, ftp) if ftp is not None else {}),
        **(zscaler_settings(zscaler) if zscaler is not None else {}),
        "APPSCAN_DB": str(database),
    }


def _ftp_settings(onetrust: OneTrustSandbox, ftp: FtpSandbox) -> dict[str, str]:
    return {
        "ONETRUST_FTP_URL": ftp.url,
        "ONETRUST_FTP_HOST_KEY": ftp.host_key,
        "ONETRUST_FTP_WEBHOOK_URL": onetrust.ftp_webhook_url,
        "ONETRUST_FTP_RESCAN_WEBHOOK_URL": onetrust.ftp_rescan_webhook_url,
    }


def zscaler_settings(zscaler: ZscalerSandbox, way: Literal["oauth", "session"] = "oauth") -> dict[str, str]:
    """Return the settings of a bot that asks all of Zscaler's APIs, and how it logs in to the first."""
    oauth = {
        "ZSCALER_OAUTH_TOKEN_URL": zscaler.token_url,
        "ZSCALER_CLIENT_ID": zscaler.client_id,
        "ZSCALER_CLIENT_SECRET": zscaler.client_secret,
        "ZSCALER_SCOPE": zscaler.scope,
    }
    session = {
        "ZSCALER_USERNAME": zscaler.username,
        "ZSCALER_PASSWORD": zscaler.password,
        "ZSCALER_API_KEY": zscaler.api_key,
    }
    return {
        "ZSCALER_API_URL": zscaler.api_url,
        "ZSCALER_SANDBOX_URL": zscaler.sandbox_url,
        "ZSCALER_APPTOTAL_URL": zscaler.apptotal_url,
        **(oauth if way == "oauth" else session),
        "ZSCALER_SANDBOX_TOKEN": zscaler.sandbox_token,
        "ZSCALER_APPTOTAL_KEY": zscaler.apptotal_key,
        "ZSCALER_REPORT_FIRST_S": str(max(1, math.ceil(zscaler.reports.report_s))),
    }


class BotProcess:
    """``python -m bot`` with an environment; its log goes to a file."""

    def __init__(self, environ: dict[str, str], log: Path, *arguments: str) -> None:
        self.environ = environ
        self.log = log
        self.command = (sys.executable, "-m", "bot", *arguments)
        self.cwd = Path(__file__).parents[1]
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._running().pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> Self:
        """Start it; returns at once."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                env=self.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.cwd,
            )
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running().send_signal(number)

    async def ended(self) -> int:
        """Wait until it has ended; return its exit code, negative for a signal."""
        return await self._running().wait()

    async def stop(self) -> int:
        """End it as a supervisor does; return its exit code."""
        if self.running:
            self.signal(signal.SIGTERM)
        return await self.ended()

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the bot has not been started")
        return self._process
