"""The settings: read once, whole, from a mapping of environment variables.

What each variable means to whoever runs the bot is told in ``docs/settings.md``. Blanks and one pair of
quotes around a value are dropped, and an empty value counts as unset, as some hosts can't unset one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from bot import ftp_settings, zscaler_settings
from bot.addresses import webhook_problem
from bot.errors import SettingsError
from bot.ftp_settings import FtpSettings, read_ftp
from bot.variables import SECRET_MIN, Reader, Secret
from bot.zscaler_settings import ZscalerSettings, read_zscaler

_EITHER_SLACK = ("SLACK_BOT_TOKEN", "SLACK_API_URL")
_LISTEN = ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "PORT")
_ONETRUST = (
    "ONETRUST_URL",
    "ONETRUST_CLIENT_ID",
    "ONETRUST_CLIENT_SECRET",
    "ONETRUST_CLIENT_AUTH",
    "ONETRUST_API_KEY",
    "ONETRUST_WEBHOOK_URL",
    "ONETRUST_REST_LIMIT",
    "ONETRUST_ROUTES",
    "ONETRUST_RESULTS_POLL_S",
    "ONETRUST_RESULTS_HOURS",
    "ONETRUST_LOG_URL",
    *ftp_settings.VARIABLES,
    "ONETRUST_ORG_ID",
    "ONETRUST_SOLUTION_TYPE",
)
_ALWAYS = (
    "APPSCAN_DB",
    "APPSCAN_CHANNELS",
    "APPSCAN_USERS",
    "APPSCAN_ADMINS",
    "APPSCAN_ADMIT",
    "APPSCAN_POLICY",
    "APPSCAN_CONCURRENCY",
    "APPSCAN_RETENTION_DAYS",
    "APPSCAN_CATCH_UP_HOURS",
    "APPSCAN_MENTION",
    "APPSCAN_LOG_LEVEL",
    "APPSCAN_LOG_FORMAT",
    "APPSCAN_METRICS_PORT",
)

VARIABLES = _EITHER_SLACK + _LISTEN + _ONETRUST + zscaler_settings.VARIABLES + _ALWAYS
"""Every variable that is read."""

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,20}")
USER_ID = re.compile(r"[UWB][A-Z0-9]{2,20}")
"""Of a person, or of an app."""
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ROUTE_NEEDS = {
    "webhook": ("ONETRUST_WEBHOOK_URL",),
    "ftp": ("ONETRUST_FTP_URL", "ONETRUST_FTP_WEBHOOK_URL"),
    "direct": (),
}
"""What each route can't be taken without."""
_INTERPRETER = ("LD_LIBRARY_PATH", "PYTHONHOME")


class Need(Enum):
    """What a subcommand works with; the settings of the others are neither read nor required."""

    LISTEN = "listen"  # Slack both ways: the bot's token, and Socket Mode or HTTP
    POST = "post"  # Slack one way: the bot's token alone
    ONETRUST = "onetrust"  # submitting builds
    ZSCALER = "zscaler"  # the second opinion, where it is set


RUN = frozenset({Need.LISTEN, Need.ONETRUST, Need.ZSCALER})
"""What the bot itself needs."""

_VARIABLES_OF = {
    Need.LISTEN: _EITHER_SLACK + _LISTEN,
    Need.POST: _EITHER_SLACK,
    Need.ONETRUST: _ONETRUST,
    Need.ZSCALER: zscaler_settings.VARIABLES,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, checked. Texts of a ``Need`` that was not asked for are empty, or ``None``."""

    slack_bot_token: Secret
    slack_app_token: Secret | None
    """Set: Socket Mode."""
    slack_signing_secret: Secret | None
    """Never ``None`` in HTTP mode."""
    slack_api_url: str
    """Ends in a slash."""
    port: int | None
    """Never ``None`` in HTTP mode; 0 takes any free port."""
    onetrust_url: str
    """Scheme, host and port only; no slash at the end."""
    onetrust_client_id: str | None
    """With its secret, or an API key: exactly one of the two ways is set."""
    onetrust_client_secret: Secret | None
    onetrust_client_auth: str
    """How the client shows itself at the token endpoint: ``basic`` or ``form``."""
    onetrust_api_key: Secret | None
    onetrust_webhook_url: Secret
    """Empty where the webhook is no route."""
    onetrust_rest_limit: int
    """Builds of so many bytes and above don't go to the webhook."""
    ftp: FtpSettings | None
    """What the FTP route needs; ``None`` where it is not set up."""
    onetrust_log_url: str | None
    """A template that may hold ``{request_id}``."""
    onetrust_routes: tuple[str, ...]
    """Of ``webhook``, ``ftp`` and ``direct``, those that may be taken, the preferred first."""
    onetrust_results_poll_s: int
    """When a submitted scan is first looked for, in seconds."""
    onetrust_results_hours: int
    """For how long it is; 0 where results are not read."""
    onetrust_org_id: str | None
    """The organization in which the direct route makes apps; ``None`` where it makes none."""
    onetrust_solution_type: str
    """What apps that the direct route makes are: ``API`` or ``ONETRUST_SDK``."""
    zscaler: ZscalerSettings | None
    """What Zscaler, the second opinion, is asked for; ``None`` where it is not set up."""
    interpreter: Mapping[str, str]
    """What Python itself starts with, for the processes of the bot's own."""
    database: Path
    channels: frozenset[str]
    """IDs of the conversations that are served; empty for all."""
    users: frozenset[str]
    """IDs of the users and bots that are served; empty for all."""
    admins: frozenset[str]
    """IDs of the users who may change what all share; empty for all who are served."""
    admit: frozenset[str]
    """Outsiders who are let in: ``guests``, ``external``."""
    policy: Path | None
    """The file of rules that results are judged by."""
    concurrency: int
    """Builds that are worked on at a time."""
    retention_days: int | None
    """Scans that have not changed for so long are purged; ``None`` keeps them for ever."""
    catch_up_hours: int
    """How far back a start looks for builds that nobody heard of; 0 for not at all."""
    mention: str
    """Whom a result mentions: ``sharer``, who shared the build or asked for its scan, or ``nobody``."""
    metrics_port: int | None
    """Where ``/metrics`` alone is served; 0 takes any free port."""
    log_level: str
    log_format: str
    """``text`` or ``json``."""

    @classmethod
    def read(cls, environ: Mapping[str, str], needs: frozenset[Need] = RUN) -> Self:
        """Read and check what ``needs`` asks for.

        Raises:
            SettingsError: lists every problem, each by its variable and with what to do.
        """
        wanted = {name for need in needs for name in _VARIABLES_OF[need]}.union(_ALWAYS)
        read = Reader(environ, VARIABLES, wanted)
        onetrust_url = read.url("ONETRUST_URL").rstrip("/")
        catch_up_hours = read.number("APPSCAN_CATCH_UP_HOURS", 0, 720)
        results_hours = read.number("ONETRUST_RESULTS_HOURS", 0, 720)
        settings = cls(
            slack_bot_token=read.secret("SLACK_BOT_TOKEN", "xoxb-") or Secret(""),
            slack_app_token=read.secret("SLACK_APP_TOKEN", "xapp-"),
            slack_signing_secret=read.secret("SLACK_SIGNING_SECRET"),
            slack_api_url=(read.url("SLACK_API_URL") or "https://slack.com/api").rstrip("/") + "/",
            port=read.number("PORT", 0, 65_535),
            onetrust_url=onetrust_url,
            onetrust_client_id=read.visible("ONETRUST_CLIENT_ID") or None,
            onetrust_client_secret=read.secret("ONETRUST_CLIENT_SECRET"),
            onetrust_client_auth=read.choice("ONETRUST_CLIENT_AUTH", "basic", "form"),
            onetrust_api_key=read.secret("ONETRUST_API_KEY"),
            onetrust_webhook_url=Secret(read.text("ONETRUST_WEBHOOK_URL")),
            onetrust_rest_limit=read.number("ONETRUST_REST_LIMIT", 1, 10**9) or 64_000_000,
            ftp=read_ftp(read, onetrust_url),
            onetrust_log_url=read.template("ONETRUST_LOG_URL") or None,
            onetrust_routes=read.routes("ONETRUST_ROUTES"),
            onetrust_org_id=read.shaped(
                "ONETRUST_ORG_ID", _GUID, "ID such as 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
            ),
            onetrust_solution_type=read.choice("ONETRUST_SOLUTION_TYPE", "API", "ONETRUST_SDK"),
            onetrust_results_poll_s=read.number("ONETRUST_RESULTS_POLL_S", 5, 3600) or 30,
            onetrust_results_hours=24 if results_hours is None else results_hours,
            zscaler=read_zscaler(read),
            interpreter={name: environ[name] for name in _INTERPRETER if name in environ},
            database=read.path("APPSCAN_DB", "appscan.db"),
            channels=read.ids("APPSCAN_CHANNELS", _CHANNEL_ID, "channel ID, such as C0123ABCD"),
            users=read.ids("APPSCAN_USERS", USER_ID, "user or bot ID, such as U0123ABCD"),
            admins=read.ids("APPSCAN_ADMINS", _PERSON_ID, "user ID, such as U0123ABCD"),
            admit=read.words("APPSCAN_ADMIT", "guests", "external"),
            policy=read.path("APPSCAN_POLICY", "policy.toml") if read.text("APPSCAN_POLICY") else None,
            concurrency=read.number("APPSCAN_CONCURRENCY", 1, 32) or 4,
            retention_days=read.number("APPSCAN_RETENTION_DAYS", 1, 36_500),
            catch_up_hours=24 if catch_up_hours is None else catch_up_hours,
            mention=read.choice("APPSCAN_MENTION", "sharer", "nobody"),
            metrics_port=read.number("APPSCAN_METRICS_PORT", 0, 65_535),
            log_level=read.choice("APPSCAN_LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR"),
            log_format=read.choice("APPSCAN_LOG_FORMAT", "text", "json"),
        )
        if needs & {Need.LISTEN, Need.POST}:
            read.require("SLACK_BOT_TOKEN", "copy the Bot User OAuth Token from the Slack app's OAuth page")
        if Need.LISTEN in needs:
            _require_slack_mode(read)
        if Need.ONETRUST in needs:
            _require_onetrust(read, settings.onetrust_url)
            _require_route(read, settings.onetrust_routes)
        if settings.metrics_port and settings.metrics_port == settings.port:
            read.problem("APPSCAN_METRICS_PORT", "is PORT: give it another one, or leave it out")
        if read.problems:
            raise SettingsError(read.problems)
        return settings

    @property
    def accepts_aab(self) -> bool:
        """Whether Android App Bundles are builds: the direct route alone takes them."""
        return "direct" in self.onetrust_routes

    def secrets(self) -> tuple[str, ...]:
        """Every text that no log may show, with the parts of the webhook's address that give it away."""
        told = [*(self.ftp.passwords if self.ftp else ()), *(self.zscaler.secrets() if self.zscaler else ())]
        told += [
            secret.reveal()
            for secret in (
                self.slack_bot_token,
                self.slack_app_token,
                self.slack_signing_secret,
                self.onetrust_client_secret,
                self.onetrust_api_key,
            )
            if secret
        ]
        for webhook in (self.onetrust_webhook_url.reveal(), *(self.ftp.webhook_urls if self.ftp else ())):
            parts = urlsplit(webhook)
            told += [webhook, parts.path.rpartition("/")[2], parts.query]
            for _, value in parse_qsl(parts.query):
                told += [value, value.rpartition(" ")[2]]  # an API key is pasted as ?Authorization=Bearer%20…
        return tuple(dict.fromkeys(text for text in told if len(text) >= SECRET_MIN))


def _require_slack_mode(read: Reader) -> None:
    if read.text("SLACK_APP_TOKEN"):
        return
    if not read.text("SLACK_SIGNING_SECRET"):
        read.problem(
            "SLACK_APP_TOKEN",
            "is missing: set it for Socket Mode, or SLACK_SIGNING_SECRET and PORT for HTTP",
        )
    else:
        read.require("PORT", "HTTP mode listens on it; or set SLACK_APP_TOKEN for Socket Mode")


def _require_onetrust(read: Reader, onetrust_url: str) -> None:
    """``onetrust_url`` is empty where it is missing or wrong, which has been told by then."""
    read.require("ONETRUST_URL", "set your environment's address, such as https://app-eu.onetrust.com")
    key = read.text("ONETRUST_API_KEY")
    pair = [name for name in ("ONETRUST_CLIENT_ID", "ONETRUST_CLIENT_SECRET") if read.text(name)]
    if key and pair:
        read.problem("ONETRUST_API_KEY", f"and {pair[0]} are both set: keep the key or the client")
    elif not key and not pair:
        read.problem(
            "ONETRUST_CLIENT_ID",
            "is missing: set it with ONETRUST_CLIENT_SECRET, or set ONETRUST_API_KEY",
        )
    elif not key:
        read.require("ONETRUST_CLIENT_ID", "it goes with ONETRUST_CLIENT_SECRET")
        read.require("ONETRUST_CLIENT_SECRET", "it goes with ONETRUST_CLIENT_ID")
    webhook = read.text("ONETRUST_WEBHOOK_URL")
    problem = webhook_problem(webhook, onetrust_url) if webhook else ""
    if problem:
        read.problem("ONETRUST_WEBHOOK_URL", problem)


def _require_route(read: Reader, routes: tuple[str, ...]) -> None:
    """Have one of the listed routes complete, so that there is a way for builds."""
    if any(all(read.text(name) for name in _ROUTE_NEEDS[route]) for route in routes):
        return
    if "webhook" in routes:
        read.require("ONETRUST_WEBHOOK_URL", "copy the HTTP POST URL from the workflow's Webhook Action")
    else:
        names = " and ".join(name for route in routes for name in _ROUTE_NEEDS[route])
        read.problem("ONETRUST_ROUTES", f"lists no route that has all its settings: set {names}")
