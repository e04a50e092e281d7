"""The records of looking things up: what is asked of the history, by whom, and the pages that answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.scans.models import Platform, Scan, State
from bot.scans.results import FollowState, Sdk
from bot.scans.verdicts import Threat

APPS_NAMED: Final = 6
"""Apps that are named where several may be meant."""

OPEN_BREACH: Final = "open"
"""In ``Query.breach``: a rule that nobody has acknowledged the breach of."""
ANY_BREACH: Final = "any"
"""In ``Query.breach``: whatever rule it is, acknowledged or not."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for in the history; every part that is set must hold."""

    words: tuple[str, ...] = ()
    """Each begins a word of the name, bundle identifier, file name or version, or is a whole request ID."""
    app: str | None = None
    """An app ID or a bundle identifier, whole."""
    platform: Platform | None = None
    states: frozenset[State] = frozenset()
    by: str | None = None
    """User ID of who shared or asked."""
    channel: str | None = None
    since: float | None = None
    """At or after, seconds since the epoch."""
    until: float | None = None
    """Before, seconds since the epoch."""
    sdk: str | None = None
    """A part of the name, vendor or package ID of an SDK that was found in the build."""
    breach: str | None = None
    """A part of the name of a rule that the build breaks; or ``OPEN_BREACH`` or ``ANY_BREACH``."""
    result: FollowState | None = None
    """What came of it in OneTrust; of a scan that was submitted."""


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who is asking to see scans, and what they may see."""

    user: str
    channels: frozenset[str] = frozenset()
    """Private channels and group messages that they are in; of an outsider, the public channels too."""
    member: bool = True
    """False for an outsider, who sees no public channel but those in ``channels``."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Where a page of the history begins."""

    number: int
    older: bool
    """True for the scans before ``number``, false for those after it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a scan in OneTrust, in short."""

    state: FollowState
    sdk_count: int | None = None
    """``None`` where it is not completed."""
    broken: tuple[str, ...] = ()
    """The first few rules that it breaks and nobody has acknowledged."""
    broken_count: int = 0
    """How many such rules there are."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the history, newest first."""

    text: str
    """The filters as typed."""
    scans: tuple[Scan, ...]
    has_newer: bool
    has_older: bool
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    """By the numbers of those scans that OneTrust was looked at for."""
    threats: Mapping[int, Mapping[str, Threat]] = field(default_factory=dict)
    """Bad verdicts by the number of the scan, then by the name of the side scanner."""


@dataclass(frozen=True, kw_only=True)
class AppRow:
    """One app in the list of known apps."""

    bundle_id: str
    platform: Platform
    name: str | None
    version: str | None
    """Of its newest scan that this viewer may see."""
    app_id: str | None
    scans: int
    """How many were submitted."""


@dataclass(frozen=True, kw_only=True)
class AppFound:
    """One app that somebody may have meant."""

    bundle_id: str
    platform: Platform
    name: str | None
    newest: int
    """Its newest scan that this viewer may see."""
    completed: int
    """How many of its scans OneTrust completed."""


@dataclass(frozen=True, kw_only=True)
class SdkVersion:
    """One version of an app that has an SDK in it."""

    version: str | None
    scan: int
    """The newest of its scans that found the SDK."""


@dataclass(frozen=True, kw_only=True)
class SdkRow:
    """One app that has, or had, an SDK in it."""

    bundle_id: str
    platform: Platform
    name: str | None
    sdks: tuple[Sdk, ...]
    """Those that were meant, as the newest scan with one of them names them; a few of many."""
    versions: tuple[SdkVersion, ...]
    """Newest first; the first few of many."""
    has_more: bool
    """Whether there are more versions than these."""
    newest: Scan | None
    """The app's last completed scan, whatever it found."""
    still: bool
    """Whether that scan found the SDK as well."""
