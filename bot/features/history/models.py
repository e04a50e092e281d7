"""Queries of the history, and the pages that answer them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.core.scan import Platform, Scan, State
from bot.features.results.models import ResultState, Sdk
from bot.features.verdicts.models import Threat

APPS_NAMED: Final = 6
"""Maximum number of apps listed if several match."""

OPEN_VIOLATION: Final = "open"
"""``HistoryQuery.violation``: an unacknowledged violation of any rule."""
ANY_VIOLATION: Final = "any"
"""``HistoryQuery.violation``: a violation of any rule, acknowledged or not."""


@dataclass(frozen=True, kw_only=True)
class HistoryQuery:
    """Filters of the history; all that are set must match."""

    words: tuple[str, ...] = ()
    """Prefixes of words in the name, bundle identifier, file name or version, or entire request IDs."""
    app: str | None = None
    """An app ID or bundle identifier."""
    platform: Platform | None = None
    states: frozenset[State] = frozenset()
    by: str | None = None
    """ID of the user who shared or requested the scan."""
    channel: str | None = None
    since: float | None = None
    """Inclusive, seconds since the epoch."""
    until: float | None = None
    """Exclusive, seconds since the epoch."""
    sdk: str | None = None
    """Part of the name, vendor or package ID of an SDK in the build."""
    violation: str | None = None
    """Part of a violated rule's name, ``OPEN_VIOLATION`` or ``ANY_VIOLATION``."""
    result: ResultState | None = None
    """The result of a submitted scan."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Start of a page of the history."""

    number: int
    older: bool
    """True for scans before ``number``, false for those after it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Summary of a scan's results in OneTrust."""

    state: ResultState
    sdk_count: int | None = None
    """``None`` unless completed."""
    violated: tuple[str, ...] = ()
    """Rules with unacknowledged violations; the first few."""
    violated_count: int = 0
    """Number of all such rules."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the history, newest first."""

    text: str
    """The filters as typed."""
    query: HistoryQuery = field(default_factory=HistoryQuery)
    """The filters, parsed."""
    scans: tuple[Scan, ...]
    has_newer: bool
    has_older: bool
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    """By scan number; scans without polling are left out."""
    threats: Mapping[int, Mapping[str, Threat]] = field(default_factory=dict)
    """Bad verdicts by the number of the scan, then by the name of the side scanner."""


@dataclass(frozen=True, kw_only=True)
class AppRow:
    """One app in the list of known apps."""

    bundle_id: str
    platform: Platform
    name: str | None
    version: str | None
    """Of its newest scan visible to the viewer."""
    app_id: str | None
    scans: int
    """Number of submitted scans."""


@dataclass(frozen=True, kw_only=True)
class AppMatch:
    """An app that matches what was typed."""

    bundle_id: str
    platform: Platform
    name: str | None
    newest: int
    """Its newest scan visible to the viewer."""
    completed: int
    """Number of completed scans."""


@dataclass(frozen=True, kw_only=True)
class SdkRow:
    """An app with an SDK in any of its scans."""

    bundle_id: str
    platform: Platform
    name: str | None
    sdks: tuple[Sdk, ...]
    """The first few matching SDKs of the newest scan with any."""
    versions: tuple[tuple[str | None, int], ...]
    """The first few, newest first, each with the number of its newest scan with the SDK."""
    has_more: bool
    """Whether there are more versions."""
    newest: Scan | None
    """The app's last completed scan."""
    still: bool
    """Whether that scan has the SDK."""
