"""The settings: read once, whole, from a mapping of environment variables.

What each variable means to whoever runs the bot is told in ``docs/settings.md``. Blanks and one pair of
quotes around a value are dropped, and an empty value counts as unset, as some hosts can't unset one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from bot.addresses import VISIBLE, url_problem, webhook_problem
from bot.errors import SettingsError

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
    "ONETRUST_LOG_URL",
)
_ALWAYS = (
    "APPSCAN_DB",
    "APPSCAN_CHANNELS",
    "APPSCAN_USERS",
    "APPSCAN_ADMINS",
    "APPSCAN_ADMIT",
    "APPSCAN_CONCURRENCY",
    "APPSCAN_RETENTION_DAYS",
    "APPSCAN_CATCH_UP_HOURS",
    "APPSCAN_LOG_LEVEL",
    "APPSCAN_LOG_FORMAT",
    "APPSCAN_METRICS_PORT",
)

VARIABLES = _EITHER_SLACK + _LISTEN + _ONETRUST + _ALWAYS
"""Every variable that is read."""

SECRET_MIN = 8
"""Characters that a secret has at least: hiding a shorter one in the log would eat ordinary words."""

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,20}")
USER_ID = re.compile(r"[UWB][A-Z0-9]{2,20}")
"""Of a person, or of an app."""
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_PLACEHOLDER = "customer.my.onetrust.com"
_INTERPRETER = ("LD_LIBRARY_PATH", "PYTHONHOME")


class Need(Enum):
    """What a subcommand works with; the settings of the others are neither read nor required."""

    LISTEN = "listen"  # Slack both ways: the bot's token, and Socket Mode or HTTP
    POST = "post"  # Slack one way: the bot's token alone
    ONETRUST = "onetrust"  # submitting builds


RUN = frozenset({Need.LISTEN, Need.ONETRUST})
"""What the bot itself needs."""

_VARIABLES_OF = {
    Need.LISTEN: _EITHER_SLACK + _LISTEN,
    Need.POST: _EITHER_SLACK,
    Need.ONETRUST: _ONETRUST,
}


@dataclass(frozen=True, repr=False, slots=True)
class Secret:
    """A text that is given out by ``reveal()`` only: printing it shows stars. False where it is empty."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"


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
    onetrust_rest_limit: int
    """Builds of so many bytes and above don't go to the webhook."""
    onetrust_log_url: str | None
    """A template that may hold ``{request_id}``."""
    onetrust_routes: tuple[str, ...]
    """Of ``webhook``, ``ftp`` and ``direct``, those that may be taken, the preferred first."""
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
    concurrency: int
    """Builds that are worked on at a time."""
    retention_days: int | None
    """Scans that have not changed for so long are purged; ``None`` keeps them for ever."""
    catch_up_hours: int
    """How far back a start looks for builds that nobody heard of; 0 for not at all."""
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
        read = _Reader(environ, needs)
        catch_up_hours = read.number("APPSCAN_CATCH_UP_HOURS", 0, 720)
        settings = cls(
            slack_bot_token=read.secret("SLACK_BOT_TOKEN", "xoxb-") or Secret(""),
            slack_app_token=read.secret("SLACK_APP_TOKEN", "xapp-"),
            slack_signing_secret=read.secret("SLACK_SIGNING_SECRET"),
            slack_api_url=(read.url("SLACK_API_URL") or "https://slack.com/api").rstrip("/") + "/",
            port=read.number("PORT", 0, 65_535),
            onetrust_url=read.url("ONETRUST_URL").rstrip("/"),
            onetrust_client_id=read.visible("ONETRUST_CLIENT_ID") or None,
            onetrust_client_secret=read.secret("ONETRUST_CLIENT_SECRET"),
            onetrust_client_auth=read.choice("ONETRUST_CLIENT_AUTH", "basic", "form"),
            onetrust_api_key=read.secret("ONETRUST_API_KEY"),
            onetrust_webhook_url=Secret(read.text("ONETRUST_WEBHOOK_URL")),
            onetrust_rest_limit=read.number("ONETRUST_REST_LIMIT", 1, 10**9) or 64_000_000,
            onetrust_log_url=read.template("ONETRUST_LOG_URL") or None,
            onetrust_routes=read.routes("ONETRUST_ROUTES"),
            interpreter={name: environ[name] for name in _INTERPRETER if name in environ},
            database=read.path("APPSCAN_DB", "appscan.db"),
            channels=read.ids("APPSCAN_CHANNELS", _CHANNEL_ID, "channel ID, such as C0123ABCD"),
            users=read.ids("APPSCAN_USERS", USER_ID, "user or bot ID, such as U0123ABCD"),
            admins=read.ids("APPSCAN_ADMINS", _PERSON_ID, "user ID, such as U0123ABCD"),
            admit=read.words("APPSCAN_ADMIT", "guests", "external"),
            concurrency=read.number("APPSCAN_CONCURRENCY", 1, 32) or 4,
            retention_days=read.number("APPSCAN_RETENTION_DAYS", 1, 36_500),
            catch_up_hours=24 if catch_up_hours is None else catch_up_hours,
            metrics_port=read.number("APPSCAN_METRICS_PORT", 0, 65_535),
            log_level=read.choice("APPSCAN_LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR"),
            log_format=read.choice("APPSCAN_LOG_FORMAT", "text", "json"),
        )
        if needs & {Need.LISTEN, Need.POST}:
            read.require("SLACK_BOT_TOKEN", "copy the Bot User OAuth Token from the Slack app's OAuth page")
        if Need.LISTEN in needs:
            read.require_slack_mode()
        if Need.ONETRUST in needs:
            read.require_onetrust(settings.onetrust_url)
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
        webhook = self.onetrust_webhook_url.reveal()
        parts = urlsplit(webhook)
        told = [
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
        told += [webhook, parts.path.rpartition("/")[2], parts.query]
        for _, value in parse_qsl(parts.query):
            told += [value, value.rpartition(" ")[2]]  # an API key is pasted as ?Authorization=Bearer%20…
        return tuple(dict.fromkeys(text for text in told if len(text) >= SECRET_MIN))


class _Reader:
    """Reads variables and collects what is wrong; repeats no value, as any could be a misplaced secret."""

    def __init__(self, environ: Mapping[str, str], needs: frozenset[Need]) -> None:
        wanted = {name for need in needs for name in _VARIABLES_OF[need]}.union(_ALWAYS)
        self._values = {name: _bare(environ.get(name, "")) if name in wanted else "" for name in VARIABLES}
        self.problems: list[str] = []
        for name in environ:
            if name.startswith("APPSCAN_") and name not in VARIABLES:
                # A mistyped allow-list would otherwise let everybody in without a word.
                for meant in get_close_matches(name, VARIABLES, n=1, cutoff=0.85):
                    self.problem(name, f"is not a setting; {meant} is: rename it")

    def problem(self, name: str, what: str) -> None:
        self.problems.append(f"{name} {what}.")

    def require(self, name: str, what: str) -> None:
        if not self._values[name]:
            self.problem(name, f"is missing: {what}")

    def require_slack_mode(self) -> None:
        if self._values["SLACK_APP_TOKEN"]:
            return
        if not self._values["SLACK_SIGNING_SECRET"]:
            self.problem(
                "SLACK_APP_TOKEN",
                "is missing: set it for Socket Mode, or SLACK_SIGNING_SECRET and PORT for HTTP",
            )
        else:
            self.require("PORT", "HTTP mode listens on it; or set SLACK_APP_TOKEN for Socket Mode")

    def require_onetrust(self, onetrust_url: str) -> None:
        """``onetrust_url`` is empty where it is missing or wrong, which has been told by then."""
        self.require("ONETRUST_URL", "set your environment's address, such as https://app-eu.onetrust.com")
        key = self._values["ONETRUST_API_KEY"]
        pair = [name for name in ("ONETRUST_CLIENT_ID", "ONETRUST_CLIENT_SECRET") if self._values[name]]
        if key and pair:
            self.problem("ONETRUST_API_KEY", f"and {pair[0]} are both set: keep the key or the client")
        elif not key and not pair:
            self.problem(
                "ONETRUST_CLIENT_ID",
                "is missing: set it with ONETRUST_CLIENT_SECRET, or set ONETRUST_API_KEY",
            )
        elif not key:
            self.require("ONETRUST_CLIENT_ID", "it goes with ONETRUST_CLIENT_SECRET")
            self.require("ONETRUST_CLIENT_SECRET", "it goes with ONETRUST_CLIENT_ID")
        self.require("ONETRUST_WEBHOOK_URL", "copy the HTTP POST URL from the workflow's Webhook Action")
        webhook = self._values["ONETRUST_WEBHOOK_URL"]
        problem = webhook_problem(webhook, onetrust_url) if webhook else ""
        if problem:
            self.problem("ONETRUST_WEBHOOK_URL", problem)

    def text(self, name: str) -> str:
        return self._values[name]

    def visible(self, name: str) -> str:
        value = self._values[name]
        if value and not VISIBLE.fullmatch(value):
            self.problem(name, "holds blanks or signs that can't be in it: copy it again")
            return ""
        return value

    def secret(self, name: str, begins: str = "") -> Secret | None:
        value = self.visible(name)
        if value and not value.startswith(begins):
            self.problem(name, f"must begin with {begins}: another token was pasted here")
        elif value and len(value) < SECRET_MIN:
            self.problem(name, f"is shorter than {SECRET_MIN} characters: copy it again")
        return Secret(value) if value else None

    def url(self, name: str) -> str:
        value = self._values[name]
        problem = url_problem(value) if value else ""
        parts = urlsplit(value) if not problem else urlsplit("")
        if name == "ONETRUST_URL" and parts.hostname == _PLACEHOLDER:
            problem = f"is OneTrust's example: put your own environment in place of {_PLACEHOLDER}"
        elif name == "ONETRUST_URL" and parts.path not in ("", "/"):
            problem = "must end after the host, such as https://app-eu.onetrust.com"
        elif parts.query or parts.fragment:
            problem = "must hold no ? and no #"
        if problem:
            self.problem(name, problem)
            return ""
        return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}" if value else ""

    def template(self, name: str) -> str:
        value = self._values[name]
        rest = value.replace("{request_id}", "0")
        problem = url_problem(rest, plain=True) if value else ""
        if not problem and re.search(r"[{}<>|\"\\]", rest):
            problem = 'may hold {request_id}, and no other braces and none of < > | " and \\'
        if problem:
            self.problem(name, problem)
        return value

    def number(self, name: str, least: int, most: int) -> int | None:
        value = self._values[name]
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
            self.problem(name, f"must be a whole number from {least} to {most}")
            return None
        return int(value)

    def choice(self, name: str, default: str, *others: str) -> str:
        value = self._values[name]
        for choice in (default, *others):
            if value.upper() == choice.upper():
                return choice
        if value:
            self.problem(name, f"must be one of {', '.join((default, *others))}")
        return default

    def words(self, name: str, *known: str) -> frozenset[str]:
        words = [word.lower() for word in re.split(r"[,\s]+", self._values[name]) if word]
        if not set(words) <= set(known):
            self.problem(name, f"may hold {' and '.join(known)}, with a comma between, and nothing else")
        return frozenset(words)

    def routes(self, name: str) -> tuple[str, ...]:
        routes = tuple(word.lower() for word in re.split(r"[,\s]+", self._values[name]) if word)
        if not set(routes) <= {"webhook", "ftp", "direct"} or len(set(routes)) < len(routes):
            self.problem(name, "may hold webhook, ftp and direct, each once, with commas between them")
        return routes or ("webhook", "ftp")

    def path(self, name: str, default: str) -> Path:
        value = self._values[name] or default
        if not value.isprintable() or value.startswith(("~", "file:", ":memory:")) or Path(value).is_dir():
            self.problem(name, "must be the path of a file, written out in full (no ~, no file:)")
        return Path(value)

    def ids(self, name: str, shape: re.Pattern[str], what: str) -> frozenset[str]:
        ids = [entry for entry in re.split(r"[,\s]+", self._values[name]) if entry]
        for place, entry in enumerate(ids, 1):
            if not shape.fullmatch(entry):
                self.problem(name, f"has an entry (number {place}) that is no {what}")
        return frozenset(ids)


def _bare(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value
