"""Settings of Zscaler; each of its three APIs is used if its own are set."""

import re
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.config import env
from bot.config.env import Invalid, Reader, Secret, variable
from bot.config.urls import base_url, endpoint

_OAUTH = ("ZSCALER_OAUTH_TOKEN_URL", "ZSCALER_CLIENT_ID", "ZSCALER_CLIENT_SECRET")
_SESSION = ("ZSCALER_USERNAME", "ZSCALER_PASSWORD", "ZSCALER_API_KEY")
_SCOPE = ("ZSCALER_ORG_ID", "ZSCALER_API_ROLE", "ZSCALER_SCOPE", "ZSCALER_CLIENT_AUTH")
_CLOUD = re.compile(r"(?=.{1,100}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")


def _cloud_name(value: str) -> str:
    if not _CLOUD.fullmatch(value.lower()):
        raise Invalid("must be the name of your cloud alone, such as zscalertwo.net")
    return value.lower()


def _printable(value: str) -> str:
    if not value.isprintable():
        raise Invalid("holds characters that can't be in it: copy it again")
    return value


def _password(value: str) -> Secret:
    """Parse a password, which may hold blanks."""
    if len(value) < env.SECRET_MIN or not value.isprintable():
        raise Invalid(f"must have {env.SECRET_MIN} characters at least, and no line breaks")
    return Secret(value)


def _api_key(value: str) -> Secret:
    if len(env.visible(value)) != 12:
        raise Invalid("is not 12 characters long: copy the cloud service API key again")
    return Secret(value)


@dataclass(frozen=True, kw_only=True)
class OAuthLogin:
    """Signing in to the cloud service API by OAuth 2.0."""

    token_url: str = variable("ZSCALER_OAUTH_TOKEN_URL", endpoint, "")
    client_id: str = variable("ZSCALER_CLIENT_ID", env.visible, "")
    client_secret: Secret = variable("ZSCALER_CLIENT_SECRET", env.secret, Secret(""))
    client_auth: str = variable("ZSCALER_CLIENT_AUTH", env.choice, "basic", of=("basic", "form"))
    """How the client authenticates: ``basic`` (a header) or ``form`` (form fields)."""
    scope: str = variable("ZSCALER_SCOPE", _printable, "")


@dataclass(frozen=True, kw_only=True)
class SessionLogin:
    """Signing in to the cloud service API by an administrator's session."""

    username: str = variable("ZSCALER_USERNAME", env.visible, "")
    password: Secret = variable("ZSCALER_PASSWORD", _password, Secret(""))
    api_key: Secret = variable("ZSCALER_API_KEY", _api_key, Secret(""))
    """12 characters."""


@dataclass(frozen=True, kw_only=True)
class CloudSettings:
    """The cloud service API; ``{cloud}`` in the default address becomes the cloud's name, as in Sandbox's."""

    url: str = variable("ZSCALER_API_URL", base_url, "https://zsapi.{cloud}/api/v1")
    login: OAuthLogin | SessionLogin


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """The Sandbox Submission API."""

    url: str = variable("ZSCALER_SANDBOX_URL", base_url, "https://csbapi.{cloud}/zscsb")
    token: Secret = variable("ZSCALER_SANDBOX_TOKEN", env.secret, Secret(""))


@dataclass(frozen=True, kw_only=True)
class AppTotalSettings:
    """The 3rd-Party App Governance API."""

    url: str = variable("ZSCALER_APPTOTAL_URL", base_url, "https://api.apptotal.zscaler.com/v1")
    key: Secret = variable("ZSCALER_APPTOTAL_KEY", env.secret, Secret(""))


@dataclass(frozen=True, kw_only=True)
class _Account:
    """Parts of addresses and scopes, and whether builds are held."""

    cloud: str = variable("ZSCALER_CLOUD", _cloud_name, "")
    org_id: str = variable("ZSCALER_ORG_ID", _printable, "")
    api_role: str = variable("ZSCALER_API_ROLE", _printable, "")
    hold: bool = variable("ZSCALER_HOLD", env.switch, default=False)


@dataclass(frozen=True, kw_only=True)
class ZscalerSettings:
    """The APIs of Zscaler that are set up, at least one."""

    cloud: CloudSettings | None
    """Reports, URL look-ups and activation."""
    sandbox: SandboxSettings | None
    apptotal: AppTotalSettings | None
    report_first_s: int = variable("ZSCALER_REPORT_FIRST_S", env.number, 600, least=1, most=86_400)
    """Seconds from a build's submission to the first poll of its report."""
    hold_max_s: int | None = variable("ZSCALER_HOLD_MAX_S", env.number, 1800, least=1, most=86_400)
    """The longest time that a build waits for its verdict, in seconds; ``None`` if builds don't wait."""

    def apis(self) -> tuple[str, ...]:
        """Return the names of the APIs that are set up, for operators."""
        cloud = self.cloud
        way = "OAuth 2.0" if cloud is not None and isinstance(cloud.login, OAuthLogin) else "a session"
        held = f", holding builds for {self.hold_max_s} s at most" if self.hold_max_s is not None else ""
        named = {
            f"the cloud service API by {way}": cloud,
            f"the Sandbox{held}": self.sandbox,
            "3rd-Party App Governance": self.apptotal,
        }
        return tuple(name for name, api in named.items() if api is not None)


T = TypeVar("T")
_InCloud = TypeVar("_InCloud", CloudSettings, SandboxSettings)

ZSCALER_VARIABLES = env.declared(
    _Account, CloudSettings, OAuthLogin, SessionLogin, SandboxSettings, AppTotalSettings, ZscalerSettings
)


def read_zscaler(reader: Reader) -> ZscalerSettings | None:
    """Read the settings; ``None`` if none are set, or not validly."""
    names = [name for name in ZSCALER_VARIABLES if reader.text(name)]
    if not names:
        return None
    before, account = len(reader.problems), reader.read(_Account)
    settings = reader.read(
        ZscalerSettings,
        cloud=_cloud(reader, account),
        sandbox=_sandbox(reader, account),
        apptotal=_by_key(reader, AppTotalSettings, "3rd-party apps are not looked up without it"),
    )
    if len(reader.problems) > before:
        return None
    if not settings.apis():
        reader.problem(
            names[0],
            "is set, and no API of Zscaler is: set ZSCALER_SANDBOX_TOKEN, ZSCALER_APPTOTAL_KEY, or a way to "
            "sign in to the cloud service API (ZSCALER_CLIENT_ID or ZSCALER_USERNAME, and more)",
        )
    elif account.hold and settings.sandbox is None:
        reader.problem("ZSCALER_HOLD", "has no verdicts to wait for: set ZSCALER_SANDBOX_TOKEN")
    return settings if account.hold else replace(settings, hold_max_s=None)


def _cloud(reader: Reader, account: _Account) -> CloudSettings | None:
    oauth, session = [*filter(reader.text, (*_OAUTH, *_SCOPE))], [*filter(reader.text, _SESSION)]
    if oauth and session:
        both = f"and {session[0]} are both set: sign in by OAuth 2.0 or by a session, not both"
        reader.problem(oauth[0], both)
    elif oauth or session:
        login = _oauth(reader, account) if oauth else _session(reader)
        return _in_cloud(reader, "ZSCALER_API_URL", reader.read(CloudSettings, login=login), account)
    elif reader.text("ZSCALER_API_URL"):
        ways = f"{', '.join(_OAUTH)}, or {', '.join(_SESSION)}"
        reader.problem("ZSCALER_API_URL", f"is set, and nothing to sign in with is: set {ways}")
    return None


def _oauth(reader: Reader, account: _Account) -> OAuthLogin:
    for name in _OAUTH:
        reader.require(name, "signing in to Zscaler by OAuth 2.0 needs it")
    if not (account.org_id and account.api_role and account.cloud):
        reader.require(
            "ZSCALER_SCOPE",
            "set it, or ZSCALER_CLOUD, ZSCALER_ORG_ID and ZSCALER_API_ROLE, its parts",
        )
    login = reader.read(OAuthLogin)
    return replace(login, scope=login.scope or f"{account.cloud}::{account.org_id}::{account.api_role}")


def _session(reader: Reader) -> SessionLogin:
    for name in _SESSION:
        reader.require(name, f"signing in to Zscaler by a session needs all of {', '.join(_SESSION)}")
    return reader.read(SessionLogin)


def _sandbox(reader: Reader, account: _Account) -> SandboxSettings | None:
    sandbox = _by_key(reader, SandboxSettings, "the Sandbox is not used without it")
    return _in_cloud(reader, "ZSCALER_SANDBOX_URL", sandbox, account) if sandbox else None


def _by_key(reader: Reader, api: type[T], why: str) -> T | None:
    """Read the settings of an API with an address and a key; ``None`` without the key."""
    url, key = env.declared(api)
    if reader.text(key):
        return reader.read(api)
    if reader.text(url):
        reader.require(key, why)
    return None


def _in_cloud(reader: Reader, name: str, api: _InCloud, account: _Account) -> _InCloud:
    """Add the cloud's name to an API's default address."""
    if not reader.text("ZSCALER_CLOUD"):
        reader.require(name, "set it, or ZSCALER_CLOUD to your cloud's name, such as zscalertwo.net")
    return replace(api, url=api.url.replace("{cloud}", account.cloud))
