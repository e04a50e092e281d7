"""What OneTrust found in a build, and how far following a scan has come.

Names and enumerations are those of the Applications API; what it leaves out is ``None`` or empty. All texts
are OneTrust's, so they come from outside. Times are seconds since the epoch, UTC.

Source: https://developer.onetrust.com (Cookie Consent, Applications)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.core.build import Build, Platform


class OneTrustScanStatus(StrEnum):
    """Where OneTrust is with a scan."""

    PENDING = "PENDING"
    PROGRESS = "PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"
    UNSCANNED = "UNSCANNED"
    OTHER = "OTHER"  # a word that was not published


ENDED = frozenset({OneTrustScanStatus.COMPLETED, OneTrustScanStatus.FAILED, OneTrustScanStatus.INTERRUPTED})
"""What does not change any more."""


UNREAD: Final = "Results aren't read from OneTrust here, so this can't be told."
"""Said in place of "there is none" where that isn't known."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """One app in OneTrust's own list."""

    id: str
    name: str
    platform: Platform | None
    status: OneTrustScanStatus
    """Of its newest scan, as far as the list tells."""


@dataclass(frozen=True, kw_only=True)
class AppScan:
    """One of an application's scans."""

    id: str
    status: OneTrustScanStatus
    scanned_at: float | None = None
    version: str | None = None
    engine_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """One SDK that was found."""

    package_id: str
    name: str
    vendor: str | None = None
    category: str = "Unknown"
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One permission that the app asks for."""

    name: str
    category: str | None = None
    description: str | None = None
    status: str | None = None
    sensitivity: str | None = None

    @property
    def is_high_risk(self) -> bool:
        """Whether its sensitivity is high; published is the example ``Sensitive``, the rest is inferred."""
        return (self.sensitivity or "").strip().upper().startswith(("HIGH", "SENSITIVE"))


@dataclass(frozen=True, kw_only=True)
class DataType:
    """One type of data in an iOS privacy manifest."""

    name: str
    sdk_count: int = 0
    purposes: tuple[str, ...] = ()
    mismatches: int = 0


@dataclass(frozen=True, kw_only=True)
class PrivacyManifest:
    """What an iOS app says about its data, against what was found."""

    total: int
    aligned: int
    mismatched: int
    missing: int
    data_types: tuple[DataType, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that a completed scan found."""

    scan: AppScan
    sdk_count: int
    sdk_categories: Mapping[str, int] = field(default_factory=dict)
    permission_count: int = 0
    high_risk_count: int = 0
    permission_categories: Mapping[str, int] = field(default_factory=dict)
    sdks: tuple[Sdk, ...] = ()
    permissions: tuple[Permission, ...] = ()
    privacy_manifest: PrivacyManifest | None = None
    """``None`` on Android, and where there is none."""

    @property
    def is_listed(self) -> bool:
        """Whether what is counted is listed too, as far as that can be told."""
        return bool(self.sdks or not self.sdk_count) and bool(self.permissions or not self.permission_count)


class ResultState(StrEnum):
    """How far following a submitted scan has come."""

    FINDING = "finding"  # which scan in OneTrust it is, is not known yet
    AMBIGUOUS = "ambiguous"  # two could be meant; a person looks
    RUNNING = "running"  # known, and not ended
    COMPLETED = "completed"  # its results are here
    FAILED = "failed"  # OneTrust says so
    INTERRUPTED = "interrupted"  # OneTrust says so
    LOST = "lost"  # not found, or not ended, for as long as was looked


POLLED = frozenset({ResultState.FINDING, ResultState.RUNNING})
"""States in which a scan is looked for again."""

RETRIED = frozenset({ResultState.FAILED, ResultState.INTERRUPTED})
"""States in which a person may have the same file scanned once more."""

OVERDUE_S: Final = 600.0
"""A scan that is not found so long after its submission may never be: then people are told where to look."""


@dataclass(frozen=True, kw_only=True)
class ResultStatus:
    """One scan that is, or was, followed."""

    scan: int
    """The number of the bot's own scan."""
    state: ResultState
    status: OneTrustScanStatus | None = None
    """What OneTrust said last."""
    since: float
    """When it was submitted, or may have been at the earliest: its scan in OneTrust is not older."""
    followed_at: float = 0.0
    """When following it began."""
    looks: int = 0
    """How often OneTrust was asked."""
    looked_at: float | None = None
    """When OneTrust last answered about it."""
    due_at: float
    """When to look next."""
    looked_for: str = ""
    """What was looked at so far, or between what it can't be told, in the project's own words."""
    ended_at: float | None = None
    announced_ts: str | None = None
    """The message that told of its end; empty text while that is being posted."""

    @property
    def is_overdue(self) -> bool:
        """Whether OneTrust was looked at after it should have been found, and it was not."""
        looked_s = (self.looked_at or self.followed_at) - self.followed_at
        return self.state is ResultState.FINDING and looked_s >= OVERDUE_S


Judge = Callable[[Build, Results, Results | None], tuple[Any, ...]]
"""Judges results beside those of the app's last completed scan; the judgement is recorded with them."""
