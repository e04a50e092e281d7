"""The settings of Zscaler, the second opinion: each of its three APIs is there where its own are set."""

import re
from dataclasses import dataclass
from typing import Final

from bot.variables import Reader, Secret

VARIABLES: Final = (
    "ZSCALER_CLOUD",
    "ZSCALER_API_URL",
    "ZSCALER_SANDBOX_URL",
    "ZSCALER_APPTOTAL_URL",
    "ZSCALER_OAUTH_TOKEN_URL",
    "ZSCALER_CLIENT_ID",
    "ZSCALER_CLIENT_SECRET",
    "ZSCALER_CLIENT_AUTH",
    "ZSCALER_SCOPE",
    "ZSCALER_ORG_ID",
    "ZSCALER_API_ROLE",
    "ZSCALER_USERNAME",
    "ZSCALER_PASSWORD",
    "ZSCALER_API_KEY",
    "ZSCALER_SANDBOX_TOKEN",
    "ZSCALER_APPTOTAL_KEY",
    "ZSCALER_REPORT_FIRST_S",
    "ZSCALER_HOLD",
    "ZSCALER_HOLD_MAX_S",
)
REPORT_FIRST_S: Final = 600
HOLD_MAX_S: Final = 1800
APPTOTAL_URL: Final = "https://api.apptotal.zscaler.com/v1"

_OAUTH = ("ZSCALER_OAUTH_TOKEN_URL", "ZSCALER_CLIENT_ID", "ZSCALER_CLIENT_SECRET")
_SCOPE = ("ZSCALER_ORG_ID", "ZSCALER_API_ROLE")
_SESSION = ("ZSCALER_USERNAME", "ZSCALER_PASSWORD", "ZSCALER_API_KEY")
_CLOUD = re.compile(r"(?=.{1,100}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_API_KEY = re.compile(r"[\x21-\x7e]{12}")


@dataclass(frozen=True, kw_only=True)
class OAuthLogin:
    """Signing in to the cloud service API by OAuth 2.0."""

    token_url: str
    client_id: str
    client_secret: Secret
    client_auth: str
    """How the client shows itself: ``basic`` or ``form``."""
    scope: str


@dataclass(frozen=True, kw_only=True)
class SessionLogin:
    """Signing in to the cloud service API by an administrator's session."""

    username: str
    password: Secret
    api_key: Secret
    """12 characters."""


@dataclass(frozen=True, kw_only=True)
class CloudSettings:
    """The cloud service API; its address ends without a slash, as all here."""

    url: str
    login: OAuthLogin | SessionLogin


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """The Sandbox Submission API."""

    url: str
    token: Secret


@dataclass(frozen=True, kw_only=True)
class AppTotalSettings:
    """The 3rd-Party App Governance API."""

    url: str
    key: Secret


@dataclass(frozen=True, kw_only=True)
class ZscalerSettings:
    """What is asked of Zscaler; at least one of its APIs is there."""

    cloud: CloudSettings | None
    """Reports, URL look-ups and activation."""
    sandbox: SandboxSettings | None
    apptotal: AppTotalSettings | None
    report_first_s: int
    """When a submitted build's report is first asked for, in seconds."""
    hold_max_s: int | None
    """How long OneTrust's part waits for the verdict at most; ``None`` where it does not wait."""

    def apis(self) -> tuple[str, ...]:
        """Name what is set up, for whoever runs the bot."""
        cloud = self.cloud
        way = "OAuth 2.0" if cloud is not None and isinstance(cloud.login, OAuthLogin) else "a session"
        held = f", holding builds for {self.hold_max_s} s at most" if self.hold_max_s is not None else ""
        named = {
            f"the cloud service API by {way}": cloud,
            f"the Sandbox{held}": self.sandbox,
            "3rd-Party App Governance": self.apptotal,
        }
        return tuple(name for name, api in named.items() if api is not None)

    def secrets(self) -> tuple[str, ...]:
        """Every text that no log may show."""
        found: list[Secret] = []
        if self.cloud is not None:
            login = self.cloud.login
            found += (
                [login.client_secret] if isinstance(login, OAuthLogin) else [login.password, login.api_key]
            )
        found += [self.sandbox.token] if self.sandbox is not None else []
        found += [self.apptotal.key] if self.apptotal is not None else []
        return tuple(secret.reveal() for secret in found)


def read_zscaler(read: Reader) -> ZscalerSettings | None:
    """Read the settings; ``None`` where none are set, or wrongly, which has been told then."""
    if not any(read.text(name) for name in VARIABLES):
        return None
    before = len(read.problems)
    cloud_name = read.text("ZSCALER_CLOUD").lower()
    if cloud_name and not _CLOUD.fullmatch(cloud_name):
        read.problem("ZSCALER_CLOUD", "must be the name of your cloud alone, such as zscalertwo.net")
        cloud_name = ""
    first_s = read.number("ZSCALER_REPORT_FIRST_S", 1, 86_400)
    hold, hold_max_s = read.switch("ZSCALER_HOLD"), read.number("ZSCALER_HOLD_MAX_S", 1, 86_400)
    cloud, sandbox, apptotal = _cloud(read, cloud_name), _sandbox(read, cloud_name), _apptotal(read)
    if len(read.problems) > before:
        return None
    if cloud is None and sandbox is None and apptotal is None:
        read.problem(
            next(name for name in VARIABLES if read.text(name)),
            "is set, and no API of Zscaler is: set ZSCALER_SANDBOX_TOKEN, ZSCALER_APPTOTAL_KEY, or what the "
            "cloud service API is signed in to with (ZSCALER_CLIENT_ID or ZSCALER_USERNAME, and more)",
        )
        return None
    if hold and sandbox is None:
        read.problem("ZSCALER_HOLD", "waits for verdicts, and there are none: set ZSCALER_SANDBOX_TOKEN")
    return ZscalerSettings(
        cloud=cloud,
        sandbox=sandbox,
        apptotal=apptotal,
        report_first_s=first_s or REPORT_FIRST_S,
        hold_max_s=(hold_max_s or HOLD_MAX_S) if hold else None,
    )


def _cloud(read: Reader, cloud_name: str) -> CloudSettings | None:
    oauth = [name for name in (*_OAUTH, *_SCOPE, "ZSCALER_SCOPE", "ZSCALER_CLIENT_AUTH") if read.text(name)]
    session = [name for name in _SESSION if read.text(name)]
    if not oauth and not session:
        if read.text("ZSCALER_API_URL"):
            read.problem(
                "ZSCALER_API_URL",
                f"is set, and nothing to sign in with is: set {', '.join(_OAUTH)}, or {', '.join(_SESSION)}",
            )
        return None
    if oauth and session:
        read.problem(
            oauth[0], f"and {session[0]} are both set: sign in by OAuth 2.0 or by a session, not both"
        )
        return None
    url = _base(read, "ZSCALER_API_URL", cloud_name, "https://zsapi.{cloud}/api/v1")
    login = _oauth(read, cloud_name) if oauth else _session(read)
    return CloudSettings(url=url, login=login) if url and login else None


def _oauth(read: Reader, cloud_name: str) -> OAuthLogin | None:
    for name in _OAUTH:
        read.require(name, "signing in to Zscaler by OAuth 2.0 needs it")
    token_url, secret = read.url("ZSCALER_OAUTH_TOKEN_URL"), read.secret("ZSCALER_CLIENT_SECRET")
    client_id, scope = read.visible("ZSCALER_CLIENT_ID"), read.text("ZSCALER_SCOPE")
    org_id, role = (read.text(name) for name in _SCOPE)
    if not scope and not (org_id and role and cloud_name):
        read.problem(
            "ZSCALER_SCOPE",
            "is missing: set it (such as zscalertwo.net::8956412::appscan), or ZSCALER_CLOUD, ZSCALER_ORG_ID "
            "and ZSCALER_API_ROLE, of which it is made",
        )
    scope = scope or f"{cloud_name}::{org_id}::{role}"
    if not scope.isprintable():
        read.problem("ZSCALER_SCOPE", "holds signs that can't be in it: copy it again")
    if not (token_url and client_id and secret):
        return None
    return OAuthLogin(
        token_url=token_url,
        client_id=client_id,
        client_secret=secret,
        client_auth=read.choice("ZSCALER_CLIENT_AUTH", "basic", "form"),
        scope=scope,
    )


def _session(read: Reader) -> SessionLogin | None:
    for name in _SESSION:
        read.require(name, "a session in Zscaler needs all three of ZSCALER_USERNAME, _PASSWORD and _API_KEY")
    username, password = read.visible("ZSCALER_USERNAME"), _password(read)
    key = Secret(read.visible("ZSCALER_API_KEY"))
    if key and not _API_KEY.fullmatch(key.reveal()):
        read.problem("ZSCALER_API_KEY", "is not 12 characters long: copy the cloud service API key again")
    return SessionLogin(username=username, password=password, api_key=key) if password and key else None


def _password(read: Reader) -> Secret | None:
    """Return the password, which may hold blanks."""
    value = read.text("ZSCALER_PASSWORD")
    if value and (len(value) < 8 or not value.isprintable()):
        read.problem("ZSCALER_PASSWORD", "must have 8 characters at least, none of them a line's end")
    return Secret(value) if value else None


def _sandbox(read: Reader, cloud_name: str) -> SandboxSettings | None:
    token = read.secret("ZSCALER_SANDBOX_TOKEN")
    if token is None:
        if read.text("ZSCALER_SANDBOX_URL"):
            read.require("ZSCALER_SANDBOX_TOKEN", "the Sandbox is not asked without it")
        return None
    url = _base(read, "ZSCALER_SANDBOX_URL", cloud_name, "https://csbapi.{cloud}/zscsb")
    return SandboxSettings(url=url, token=token) if url else None


def _apptotal(read: Reader) -> AppTotalSettings | None:
    key = read.secret("ZSCALER_APPTOTAL_KEY")
    if key is None:
        if read.text("ZSCALER_APPTOTAL_URL"):
            read.require("ZSCALER_APPTOTAL_KEY", "3rd-party apps are not looked up without it")
        return None
    return AppTotalSettings(url=read.url("ZSCALER_APPTOTAL_URL").rstrip("/") or APPTOTAL_URL, key=key)


def _base(read: Reader, name: str, cloud_name: str, of_cloud: str) -> str:
    """Return an API's address, by its own setting or by the cloud's name; empty where neither is good."""
    if read.text(name):
        return read.url(name).rstrip("/")
    if not cloud_name:
        read.problem(
            name, "is missing: set ZSCALER_CLOUD to your cloud's name (such as zscalertwo.net), or this one"
        )
        return ""
    return of_cloud.format(cloud=cloud_name)
