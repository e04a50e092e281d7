"""Third-party apps that people give access by OAuth, and what Zscaler knows about them.

All of it comes from outside, and any of it may be missing. Times are seconds since the epoch, UTC.

Source: https://help.zscaler.com/zia/getting-started-zia-api (3rd-Party App Governance API)
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

ENTRIES: Final = 200
"""Maximum number of an app's permissions, and of its risks, that are kept."""
WORDS: Final = 30
"""The same for its categories, tags and so on."""


class RefKind(StrEnum):
    """What identifies an app; the value is the API's name for it."""

    APP_ID = "app_id"  # the ID that its platform gave it
    URL = "url"  # a link to its consent page, or to its page in a marketplace


@dataclass(frozen=True, kw_only=True)
class AppRef:
    """Identifies a third-party app; contains nothing secret."""

    kind: RefKind
    value: str


class Level(StrEnum):
    """A severity, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "informational"
    OTHER = "other"  # an undocumented value

    @property
    def rank(self) -> int:
        """Its position, 0 for the worst."""
        return list(Level).index(self)


@dataclass(frozen=True, kw_only=True)
class AppPermission:
    """Something that an app may do."""

    scope: str
    service: str | None = None
    description: str | None = None
    access_type: str | None = None
    level: Level | None = None


@dataclass(frozen=True, kw_only=True)
class AppRisk:
    """A reason to distrust an app."""

    name: str
    category: str | None = None
    severity: Level | None = None
    description: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, kw_only=True)
class ThirdPartyApp:
    """What is known about an app."""

    name: str | None = None
    publisher: str | None = None
    platform: str | None = None
    description: str | None = None
    risk: Level | None = None
    risk_score: float | None = None
    permission_level: float | None = None
    permissions: tuple[AppPermission, ...] = ()
    """The worst first; at most ``ENTRIES``."""
    permissions_left_out: int = 0
    risks: tuple[AppRisk, ...] = ()
    """The worst first; at most ``ENTRIES``."""
    risks_left_out: int = 0
    compliance: tuple[str, ...] = ()
    stars: float | None = None
    downloads: int | None = None
    reviews: int | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    platform_verified: bool | None = None
    """Whether its platform has verified the publisher."""
    client_id: str | None = None
    website_urls: tuple[str, ...] = ()
    privacy_url: str | None = None
    terms_url: str | None = None
    marketplace_url: str | None = None
    developer_email: str | None = None
    support_email: str | None = None


@dataclass(frozen=True, kw_only=True)
class AppLookupAnswer:
    """The answer to one call of the API."""

    app: ThirdPartyApp | None
    """``None``: it was taken for analysis, and is known a day later."""
    remaining: int | None = None
    """Number of calls left today, if the API said so."""


class AppLookupState(StrEnum):
    """The state of a lookup."""

    ANALYSING = "analysing"  # Zscaler has taken the app for analysis
    KNOWN = "known"  # there is an answer
    UNKNOWN = "unknown"  # Zscaler said later that there is no such app
    GIVEN_UP = "given_up"  # there was no answer for days


@dataclass(frozen=True, kw_only=True)
class AppLookup:
    """A lookup of an app, shared by all who ask for it while it is analysed."""

    number: int
    ref: AppRef
    state: AppLookupState
    began_at: float
    due_at: float
    """When Zscaler is asked again, while it is analysing."""
    answered_at: float | None = None
    """When the lookup ended."""
    app: ThirdPartyApp | None = None


@dataclass(frozen=True, kw_only=True)
class AppQuestion:
    """A person's question about an app that is being analysed."""

    number: int
    lookup: AppLookup
    user: str
    channel: str
    """Where it was asked."""
    tries: int = 0
    """Number of failed attempts to send the answer."""


@dataclass(frozen=True, kw_only=True)
class AppAnswer:
    """The immediate answer to a question."""

    lookup: AppLookup
    cached: bool = False
    """Whether Zscaler was not asked now."""
    remaining: int | None = None
    """Number of calls left today, if that is low."""


class ThirdPartyAppsApi(Protocol):
    """The 3rd-Party App Governance API."""

    async def app(self, *, app_id: str = "", url: str = "") -> AppLookupAnswer:
        """Look up an app by its ID or its link; each call counts against the daily limit.

        Raises:
            NotFound: there is no such app.
            Refused: rejected until a person fixes something.
            TryLater: a retry may work; with status 409, the daily limit is reached.
        """
