"""Third-party apps, such as those that people give consent to by OAuth, and what Zscaler says of them.

All of it comes from outside, and any of it may be missing. Times are seconds since the epoch, UTC.

Source: https://help.zscaler.com/zia/getting-started-zia-api (3rd-Party App Governance API)
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

ENTRIES: Final = 200
"""Permissions, and risks, of one app that are kept."""
WORDS: Final = 30
"""Categories, tags and the like that are kept of each kind."""


class RefKind(StrEnum):
    """By what an app is asked for; the value is the API's own word."""

    APP_ID = "app_id"  # an ID that its platform gave it
    URL = "url"  # a link to its consent page, or to its page in a marketplace


@dataclass(frozen=True, kw_only=True)
class AppRef:
    """What names a third-party app, without anything that is secret."""

    kind: RefKind
    value: str


class Level(StrEnum):
    """How bad something is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "informational"
    OTHER = "other"  # a word that was not published

    @property
    def rank(self) -> int:
        """Its place, 0 for the worst."""
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
    """Something that speaks against an app."""

    name: str
    category: str | None = None
    severity: Level | None = None
    description: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, kw_only=True)
class ThirdPartyApp:
    """What is known of an app."""

    name: str | None = None
    publisher: str | None = None
    platform: str | None = None
    description: str | None = None
    risk: Level | None = None
    risk_score: float | None = None
    permission_level: float | None = None
    permissions: tuple[AppPermission, ...] = ()
    """The worst first; ``ENTRIES`` at most."""
    permissions_left_out: int = 0
    risks: tuple[AppRisk, ...] = ()
    """The worst first; ``ENTRIES`` at most."""
    risks_left_out: int = 0
    compliance: tuple[str, ...] = ()
    stars: float | None = None
    downloads: int | None = None
    reviews: int | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    platform_verified: bool | None = None
    """Whether its platform has verified who publishes it."""
    client_id: str | None = None
    website_urls: tuple[str, ...] = ()
    privacy_url: str | None = None
    terms_url: str | None = None
    marketplace_url: str | None = None
    developer_email: str | None = None
    support_email: str | None = None


@dataclass(frozen=True, kw_only=True)
class AppLookupAnswer:
    """What one call told."""

    app: ThirdPartyApp | None
    """``None``: it was taken for analysis, and is known a day later."""
    remaining: int | None = None
    """How many calls are left today, where that was said."""


class AppLookupState(StrEnum):
    """How far looking at an app has come."""

    ANALYSING = "analysing"  # Zscaler has taken it for analysis
    KNOWN = "known"  # there is an answer
    UNKNOWN = "unknown"  # Zscaler said later that there is no such app
    GIVEN_UP = "given_up"  # there was no answer for days


@dataclass(frozen=True, kw_only=True)
class AppLookup:
    """One look at an app, which all share who asked for it meanwhile."""

    number: int
    ref: AppRef
    state: AppLookupState
    began_at: float
    due_at: float
    """When Zscaler is asked again, while it is analysing."""
    answered_at: float | None = None
    """When it came to its end."""
    app: ThirdPartyApp | None = None


@dataclass(frozen=True, kw_only=True)
class AppQuestion:
    """Somebody who is told when an app is known; nobody else's business."""

    number: int
    look: AppLookup
    user: str
    channel: str
    """Where it was asked."""
    tries: int = 0
    """How often telling them has failed."""


@dataclass(frozen=True, kw_only=True)
class AppAnswer:
    """What somebody who asks is told."""

    look: AppLookup
    cached: bool = False
    """Whether it was known here already."""
    remaining: int | None = None
    """How many calls are left today, where that is little."""


def by_level(levels: Iterable[Level | None]) -> list[tuple[Level, int]]:
    """Count levels, the worst first; what has none counts as ``OTHER``."""
    counts = Counter(level or Level.OTHER for level in levels)
    return sorted(counts.items(), key=lambda each: each[0].rank)


class ThirdPartyAppsApi(Protocol):
    """Tells of third-party apps."""

    async def app(self, *, app_id: str = "", url: str = "") -> AppLookupAnswer:
        """Ask for an app, by one of the two; each call counts against the day's limit.

        Raises:
            NotFound: there is no such app.
            Refused: a clear no, until a person mends something.
            TryLater: it may work later; with status 409 the day's limit is reached.
        """
        ...


class AppAnswerSender(Protocol):
    """Tells people what became of what they asked for."""

    async def tell(self, ask: AppQuestion) -> float | None:
        """Tell somebody; return in how many seconds to try again, ``None`` where nothing is left to do."""
        ...
