"""The settings, read once from a mapping of environment variables.

``docs/settings.md`` describes each variable. Blanks and one pair of quotes around a value are dropped. An
empty value counts as unset, as some hosts can't unset a variable.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from bot.config import env, urls
from bot.config.env import Invalid, Reader, Secret, variable
from bot.config.ftp import FTP_VARIABLES, FtpSettings, read_ftp
from bot.config.zscaler import ZSCALER_VARIABLES, ZscalerSettings, read_zscaler
from bot.errors import SettingsError

USER_ID = re.compile(r"[UWB][A-Z0-9]{2,20}")
"""Of a person, or of an app."""

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,20}")
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WEBHOOKS = ("ONETRUST_WEBHOOK_URL", "ONETRUST_FTP_WEBHOOK_URL", "ONETRUST_FTP_RESCAN_WEBHOOK_URL")
_ROUTE_NEEDS = {
    "webhook": ("ONETRUST_WEBHOOK_URL",),
    "ftp": ("ONETRUST_FTP_URL", "ONETRUST_FTP_WEBHOOK_URL"),
    "direct": (),
}
"""Settings without which a route can't be taken."""
_INTERPRETER = ("LD_LIBRARY_PATH", "PYTHONHOME")


class Need(Enum):
    """What a subcommand works with: how its variables begin. Others are neither read nor required."""

    LISTEN = ("SLACK_", "PORT")  # Slack both ways: the bot's token, and Socket Mode or HTTP
    POST = ("SLACK_BOT_TOKEN", "SLACK_API_URL")  # Slack one way: the bot's token alone
    ONETRUST = ("ONETRUST_",)  # submitting builds
    ZSCALER = ("ZSCALER_",)  # verdicts, where it is set up


RUN = frozenset({Need.LISTEN, Need.ONETRUST, Need.ZSCALER})
"""What the bot itself needs."""


def _routes(value: str) -> tuple[str, ...]:
    routes = tuple(env.entries(value.lower()))
    if not set(routes) <= set(_ROUTE_NEEDS) or len(set(routes)) < len(routes):
        raise Invalid("may hold webhook, ftp and direct, each once, with commas between them")
    return routes or ("webhook", "ftp")


def _slack_api(value: str) -> str:
    return urls.base_url(value) + "/"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, checked. Those of a ``Need`` that was not asked for have their defaults."""

    slack_bot_token: Secret = variable("SLACK_BOT_TOKEN", env.secret, Secret(""), begins="xoxb-")
    slack_app_token: Secret | None = variable("SLACK_APP_TOKEN", env.secret, begins="xapp-")
    """Set: Socket Mode."""
    slack_signing_secret: Secret | None = variable("SLACK_SIGNING_SECRET", env.secret)
    """Never ``None`` in HTTP mode."""
    slack_api_url: str = variable("SLACK_API_URL", _slack_api, "https://slack.com/api/")
    """Ends in a slash."""
    port: int | None = variable("PORT", env.number, least=0, most=65_535)
    """Never ``None`` in HTTP mode; 0 takes any free port."""
    onetrust_url: str = variable("ONETRUST_URL", urls.environment_url, "")
    """Scheme, host and port only; no slash at the end."""
    onetrust_client_id: str | None = variable("ONETRUST_CLIENT_ID", env.visible)
    """With its secret, or an API key: exactly one of the two ways is set."""
    onetrust_client_secret: Secret | None = variable("ONETRUST_CLIENT_SECRET", env.secret)
    onetrust_client_auth: str = variable("ONETRUST_CLIENT_AUTH", env.choice, "basic", of=("basic", "form"))
    """How the client authenticates at the token endpoint: ``basic`` (a header) or ``form`` (form fields)."""
    onetrust_api_key: Secret | None = variable("ONETRUST_API_KEY", env.secret)
    onetrust_webhook_url: Secret = variable("ONETRUST_WEBHOOK_URL", urls.webhook, Secret(""))
    """Empty where the webhook is no route."""
    onetrust_rest_limit: int = variable("ONETRUST_REST_LIMIT", env.number, 64_000_000, least=1, most=10**9)
    """Bytes: builds of this size and above don't go to the webhook."""
    onetrust_log_url: str | None = variable("ONETRUST_LOG_URL", urls.url_template)
    """A template that may hold ``{request_id}``."""
    onetrust_routes: tuple[str, ...] = variable("ONETRUST_ROUTES", _routes, ("webhook", "ftp"))
    """Of ``webhook``, ``ftp`` and ``direct``, those that may be taken, the preferred first."""
    onetrust_results_poll_s: int = variable("ONETRUST_RESULTS_POLL_S", env.number, 30, least=5, most=3600)
    """Seconds from a scan's submission to the first poll of its result."""
    onetrust_results_hours: int = variable("ONETRUST_RESULTS_HOURS", env.number, 24, least=0, most=720)
    """For how long results are polled; 0 where they are not read."""
    onetrust_org_id: str | None = variable(
        "ONETRUST_ORG_ID", env.shaped, shape=_GUID, what="ID such as 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
    )
    """The organization in which the direct route makes apps; ``None`` where it makes none."""
    onetrust_solution_type: str = variable(
        "ONETRUST_SOLUTION_TYPE", env.choice, "API", of=("API", "ONETRUST_SDK")
    )
    """What apps that the direct route makes are."""
    ftp: FtpSettings | None
    """What the FTP route needs; ``None`` where it is not set up."""
    zscaler: ZscalerSettings | None
    """The APIs of Zscaler; ``None`` where none is set up."""
    database: Path = variable("APPSCAN_DB", env.path, Path("appscan.db"))
    channels: frozenset[str] = variable(
        "APPSCAN_CHANNELS", env.ids, frozenset(), shape=_CHANNEL_ID, what="channel ID, such as C0123ABCD"
    )
    """IDs of the conversations that are served; empty for all."""
    users: frozenset[str] = variable(
        "APPSCAN_USERS", env.ids, frozenset(), shape=USER_ID, what="user or bot ID, such as U0123ABCD"
    )
    """IDs of the users and bots that are served; empty for all."""
    admins: frozenset[str] = variable(
        "APPSCAN_ADMINS", env.ids, frozenset(), shape=_PERSON_ID, what="user ID, such as U0123ABCD"
    )
    """IDs of the users who may change what all share; empty for all who are served."""
    admit: frozenset[str] = variable("APPSCAN_ADMIT", env.words, frozenset(), of=("guests", "external"))
    """Outsiders who are served too."""
    rules_file: Path | None = variable("APPSCAN_RULES", env.path, old_name="APPSCAN_POLICY")
    """The compliance rules that results are judged by."""
    concurrency: int = variable("APPSCAN_CONCURRENCY", env.number, 4, least=1, most=32)
    """Builds that are worked on at a time."""
    retention_days: int | None = variable("APPSCAN_RETENTION_DAYS", env.number, least=1, most=36_500)
    """Scans that have not changed for this time are purged; ``None`` keeps them for ever."""
    catch_up_hours: int = variable("APPSCAN_CATCH_UP_HOURS", env.number, 24, least=0, most=720)
    """Hours to search back for missed builds; 0 searches nothing."""
    mention: str = variable("APPSCAN_MENTION", env.choice, "sharer", of=("sharer", "nobody"))
    """Who is mentioned in a result: ``sharer`` shared the build or asked for its scan."""
    metrics_port: int | None = variable("APPSCAN_METRICS_PORT", env.number, least=0, most=65_535)
    """Where ``/metrics`` alone is served; 0 takes any free port."""
    log_level: str = variable(
        "APPSCAN_LOG_LEVEL", env.choice, "INFO", of=("INFO", "DEBUG", "WARNING", "ERROR")
    )
    log_format: str = variable("APPSCAN_LOG_FORMAT", env.choice, "text", of=("text", "json"))
    interpreter: Mapping[str, str]
    """Variables that Python itself starts with, for the bot's child processes."""
    warnings: tuple[str, ...]
    """Sentences about variables that may be misspelt."""

    @classmethod
    def read(cls, environ: Mapping[str, str], needs: frozenset[Need] = RUN) -> Self:
        """Read and check what ``needs`` asks for.

        Raises:
            SettingsError: lists every problem, each by its variable and with what to do.
        """
        reader = Reader(environ, ("APPSCAN_", *(prefix for need in needs for prefix in need.value)))
        warnings = reader.report_misspelt(environ, VARIABLES)
        settings = reader.read(
            cls,
            ftp=read_ftp(reader),
            zscaler=read_zscaler(reader),
            interpreter={name: environ[name] for name in _INTERPRETER if name in environ},
            warnings=warnings,
        )
        if needs & {Need.LISTEN, Need.POST}:
            reader.require("SLACK_BOT_TOKEN", "copy the Bot User OAuth Token from the Slack app's OAuth page")
        if Need.LISTEN in needs:
            _check_slack_mode(reader)
        if Need.ONETRUST in needs:
            _check_onetrust(reader)
            _check_webhooks(reader, settings.onetrust_url)
            _check_routes(reader, settings.onetrust_routes)
        if settings.metrics_port and settings.metrics_port == settings.port:
            reader.problem("APPSCAN_METRICS_PORT", "is PORT: set another port, or leave it out")
        if reader.problems:
            raise SettingsError([*reader.problems, *warnings])
        return settings

    @property
    def accepts_aab(self) -> bool:
        """Whether Android App Bundles are builds: the direct route alone takes them."""
        return "direct" in self.onetrust_routes

    def secrets(self) -> tuple[str, ...]:
        """Return every text that must not be logged, with the secret parts of webhook URLs."""
        found = [*env.secrets_in(self), *(self.ftp.passwords if self.ftp else ())]
        hooks = [self.ftp.webhook_url, self.ftp.rescan_webhook_url] if self.ftp else []
        for webhook in filter(None, (self.onetrust_webhook_url, *hooks)):
            parts = urlsplit(webhook.reveal())
            found += [parts.path.rpartition("/")[2], parts.query]
            for _, value in parse_qsl(parts.query):
                found += [value, value.rpartition(" ")[2]]  # an API key pasted as ?Authorization=Bearer%20…
        return tuple(dict.fromkeys(text for text in found if len(text) >= env.SECRET_MIN))


DECLARED = {**env.declared(Settings), **FTP_VARIABLES, **ZSCALER_VARIABLES}
VARIABLES = (*DECLARED, *filter(None, (each.metadata["old_name"] for each in DECLARED.values())))
"""The name of every variable that is read."""


def _check_slack_mode(reader: Reader) -> None:
    if reader.text("SLACK_APP_TOKEN"):
        return
    if reader.text("SLACK_SIGNING_SECRET"):
        reader.require("PORT", "HTTP mode listens on it; or set SLACK_APP_TOKEN for Socket Mode")
    else:
        reader.require("SLACK_APP_TOKEN", "set it for Socket Mode, or SLACK_SIGNING_SECRET and PORT for HTTP")


def _check_onetrust(reader: Reader) -> None:
    reader.require("ONETRUST_URL", "set your environment's address, such as https://app-eu.onetrust.com")
    client = [name for name in ("ONETRUST_CLIENT_ID", "ONETRUST_CLIENT_SECRET") if reader.text(name)]
    if reader.text("ONETRUST_API_KEY"):
        if client:
            reader.problem("ONETRUST_API_KEY", f"and {client[0]} are both set: keep the key or the client")
    elif not client:
        reader.require("ONETRUST_CLIENT_ID", "set it with ONETRUST_CLIENT_SECRET, or set ONETRUST_API_KEY")
    else:
        reader.require("ONETRUST_CLIENT_ID", "it goes with ONETRUST_CLIENT_SECRET")
        reader.require("ONETRUST_CLIENT_SECRET", "it goes with ONETRUST_CLIENT_ID")


def _check_webhooks(reader: Reader, onetrust_url: str) -> None:
    """Check that access tokens go to OneTrust's environment alone, and each workflow has its own address."""
    for place, name in enumerate(_WEBHOOKS):
        url = reader.text(name)
        with suppress(Invalid):  # has been reported where it was read
            if url and onetrust_url and urls.origin(urls.webhook(url).reveal()) != urls.origin(onetrust_url):
                reader.problem(
                    name, "must be on the host and port of ONETRUST_URL: the access token goes there"
                )
        for other in _WEBHOOKS[:place]:
            if url and url == reader.text(other):
                reader.problem(name, f"is {other}: each workflow has a URL of its own")


def _check_routes(reader: Reader, routes: tuple[str, ...]) -> None:
    """Check that one of the routes has all its settings."""
    if any(all(map(reader.text, _ROUTE_NEEDS[route])) for route in routes):
        return
    if "webhook" in routes:
        reader.require("ONETRUST_WEBHOOK_URL", "copy the HTTP POST URL from the workflow's Webhook Action")
    else:
        names = " and ".join(name for route in routes for name in _ROUTE_NEEDS[route])
        reader.problem("ONETRUST_ROUTES", f"lists no route that has all its settings: set {names}")
