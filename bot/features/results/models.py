"""OneTrust's results, and the state of polling for them.

Names and enumerations follow the Applications API; missing values are ``None`` or empty. All texts come from
OneTrust and are untrusted. Times are seconds since the epoch, UTC.

Source: https://developer.onetrust.com (Cookie Consent, Applications)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from bot.core.build import Build, Platform
from bot.core.scan import Scan
from bot.features.submission.card import Card


class OneTrustScanStatus(StrEnum):
    """OneTrust's status of a scan."""

    PENDING = "PENDING"
    PROGRESS = "PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"
    UNSCANNED = "UNSCANNED"
    OTHER = "OTHER"  # an undocumented value


ENDED: Final = frozenset(
    {OneTrustScanStatus.COMPLETED, OneTrustScanStatus.FAILED, OneTrustScanStatus.INTERRUPTED}
)
"""Final statuses."""

UNREAD: Final = "Results aren't read from OneTrust here, so this is unknown."
"""Shown in place of an empty list."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """An app in OneTrust's list."""

    id: str
    name: str
    platform: Platform | None
    status: OneTrustScanStatus
    """Of its newest scan."""


@dataclass(frozen=True, kw_only=True)
class AppScan:
    """A scan of an application."""

    id: str
    status: OneTrustScanStatus
    scanned_at: float | None = None
    version: str | None = None
    engine_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """An SDK in a build."""

    package_id: str
    name: str
    vendor: str | None = None
    category: str = "Unknown"
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A permission that the app requests."""

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
    """A data type in an iOS privacy manifest."""

    name: str
    sdk_count: int = 0
    purposes: tuple[str, ...] = ()
    mismatches: int = 0


@dataclass(frozen=True, kw_only=True)
class PrivacyManifest:
    """An iOS app's privacy manifest compared with what OneTrust found."""

    total: int
    aligned: int
    mismatched: int
    missing: int
    data_types: tuple[DataType, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of a completed scan."""

    scan: AppScan
    sdk_count: int
    sdk_categories: Mapping[str, int] = field(default_factory=dict)
    permission_count: int = 0
    high_risk_count: int = 0
    permission_categories: Mapping[str, int] = field(default_factory=dict)
    sdks: tuple[Sdk, ...] = ()
    permissions: tuple[Permission, ...] = ()
    privacy_manifest: PrivacyManifest | None = None
    """``None`` on Android, and if the app has none."""

    @property
    def is_listed(self) -> bool:
        """Whether SDKs and permissions are listed if OneTrust counts any."""
        return bool(self.sdks or not self.sdk_count) and bool(self.permissions or not self.permission_count)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The differences between two scans, each part sorted by name.

    Duplicates in OneTrust's lists are removed; an SDK listed in two categories appears once for each.
    """

    sdks_added: tuple[Sdk, ...] = ()
    sdks_removed: tuple[Sdk, ...] = ()
    sdks_recategorised: tuple[tuple[Sdk, Sdk], ...] = ()
    """SDKs whose category changed: before and after."""
    permissions_added: tuple[Permission, ...] = ()
    permissions_removed: tuple[Permission, ...] = ()
    permissions_risen: tuple[Permission, ...] = ()
    """Permissions that existed before and became high risk."""
    manifest_before: PrivacyManifest | None = None
    manifest_after: PrivacyManifest | None = None

    @property
    def manifest_changed(self) -> bool:
        """Whether a privacy manifest was added or removed, or one of its counts changed."""
        before, after = self.manifest_before, self.manifest_after
        return (before and replace(before, data_types=())) != (after and replace(after, data_types=()))

    @property
    def nothing(self) -> bool:
        """Whether there are no differences."""
        sdks = self.sdks_added or self.sdks_removed or self.sdks_recategorised
        permissions = self.permissions_added or self.permissions_removed or self.permissions_risen
        return not (sdks or permissions or self.manifest_changed)


class ResultState(StrEnum):
    """The state of polling for a scan's results."""

    FINDING = "finding"  # not matched with a scan in OneTrust yet
    AMBIGUOUS = "ambiguous"  # several matches are possible; a person has to decide
    RUNNING = "running"  # matched, and not finished
    COMPLETED = "completed"  # its results are stored
    FAILED = "failed"  # according to OneTrust
    INTERRUPTED = "interrupted"  # according to OneTrust
    LOST = "lost"  # not matched or not finished within the polling time


POLLED: Final = frozenset({ResultState.FINDING, ResultState.RUNNING})
"""States in which a scan is polled."""
RETRIED: Final = frozenset({ResultState.FAILED, ResultState.INTERRUPTED})
"""States in which a person may submit the same file again."""
LATE_S: Final = 60.0
"""Replies mention a delay from this one on."""
OVERDUE_S: Final = 600.0
"""A scan not matched within this time may never be: then its thread says where to check."""


@dataclass(frozen=True, kw_only=True)
class ResultStatus:
    """The polling state of one submitted scan; the fields are columns of ``results``."""

    scan: int
    """Scan number."""
    state: ResultState
    status: OneTrustScanStatus | None = None
    """OneTrust's latest."""
    since: float
    """Earliest possible time of the submission."""
    followed_at: float = 0.0
    """Start of polling."""
    looks: int = 0
    """Number of polls."""
    looked_at: float | None = None
    """Time of the last answered poll."""
    due_at: float
    """Time of the next poll."""
    looked_for: str = ""
    """Why there is no match, in this project's words."""
    ended_at: float | None = None
    announced_ts: str | None = None
    """The result message; empty text while it is being posted."""

    @property
    def is_overdue(self) -> bool:
        """Whether it is still not matched at a poll ``OVERDUE_S`` or more after polling began."""
        polled_s = (self.looked_at or self.followed_at) - self.followed_at
        return self.state is ResultState.FINDING and polled_s >= OVERDUE_S


@dataclass(frozen=True, kw_only=True)
class Poll:
    """A submitted scan with its polling state."""

    scan: Scan
    followed: ResultStatus

    @property
    def number(self) -> int:
        """The scan's number."""
        return self.scan.number


NAME: Final = "results"
"""The key in ``Card.parts``."""


@dataclass(frozen=True, kw_only=True)
class ResultsPart:
    """A scan's polling state and results, compared with those of its app's previous scan."""

    followed: ResultStatus | None = None
    """``None`` if the scan was not submitted."""
    results: Results | None = None
    previous: Scan | None = None
    """The app's last completed scan before this one."""
    previous_link: str | None = None
    """URL of the previous scan's thread, if everyone who sees this card may see that."""
    changes: Changes | None = None
    """Since the previous scan."""
    next_at: float | None = None
    """Time of the next poll, if any is expected."""
    late_s: float = 0.0
    """Maximum delay of that poll while other scans wait."""
    is_unread: bool = False
    """Whether results can't be read from OneTrust here."""
    waiting: int = 0
    """Number of scans that are polled, including this one."""

    @property
    def state(self) -> ResultState | None:
        """The polling state; ``None`` if the scan was not submitted."""
        return self.followed.state if self.followed is not None else None


def results_of(card: Card) -> ResultsPart:
    """Return what a card shows of its results."""
    part: ResultsPart = card.parts.get(NAME) or ResultsPart()
    return part


Judge = Callable[[Build, Results, Results | None], tuple[Any, ...]]
"""Judges a build's results, given those of the app's last completed scan; what it returns is stored."""
