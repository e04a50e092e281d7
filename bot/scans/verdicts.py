"""What Zscaler's Sandbox says of a build, and how far asking it has come.

A build is known to the Sandbox by its MD5. All texts are Zscaler's, so they come from outside. Times are
seconds since the epoch, UTC.

Source: https://help.zscaler.com/zia/sandbox-submission-api and https://help.zscaler.com/zia/sandbox-report-api
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

SUBMIT_LIMIT_BYTES: Final = 20_000_000
"""Dynamic analysis takes files up to 20 MB; what is larger gets an instant verdict."""
DISCAN_LIMIT_BYTES: Final = 400_000_000
"""An instant verdict is given for files up to 400 MB."""


class Threat(StrEnum):
    """What a file is."""

    MALICIOUS = "MALICIOUS"
    SUSPICIOUS = "SUSPICIOUS"
    BENIGN = "BENIGN"
    OTHER = "OTHER"  # a word that was not published, or none


BAD: Final = frozenset({Threat.MALICIOUS, Threat.SUSPICIOUS})
"""What breaks the quiet."""


class ReportStatus(StrEnum):
    """How far the Sandbox is with a file."""

    COMPLETED = "COMPLETED"
    NO_DYNAMIC = "NODYNAMIC"  # judged without being run
    IN_PROGRESS = "INPROGRESS"
    NOT_FOUND = "NOTFOUND"
    OTHER = "OTHER"  # a word that was not published


@dataclass(frozen=True, kw_only=True)
class Risk:
    """One thing that the analysis saw."""

    level: str
    """Such as ``MODERATE``."""
    signature: str
    """What was seen."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SandboxVerdict:
    """What the Sandbox found."""

    threat: Threat
    category: str | None = None
    """Such as ``MALWARE_BOTNET``."""
    score: int | None = None
    """0 to 100."""
    malware: str | None = None
    """The name of what was detected."""
    file_type: str | None = None
    duration_s: float | None = None
    """How long the analysis took."""
    risks: tuple[Risk, ...] = ()
    """Of the full report; empty until it was read."""
    is_full: bool = False
    """Whether the full report was read."""
    is_instant: bool = False
    """Whether it was given at once, without dynamic analysis."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One answer of the Sandbox about a hash; ``verdict`` is ``None`` until there is one."""

    status: ReportStatus
    verdict: SandboxVerdict | None = None
    sha256: str | None = None
    """Lower-case hexadecimal, of the file that it is about; ``None`` where it does not say."""


@dataclass(frozen=True, kw_only=True)
class HashAnswer:
    """What the Sandbox said of a file that somebody asked about."""

    md5: str
    at: float
    """When it said so."""
    report: Report
    left: int | None = None
    """How many reports may still be asked for today; ``None`` where nothing was asked for this answer."""
    sends: bool = True
    """Whether builds that are shared here are sent to the Sandbox."""


@dataclass(frozen=True, kw_only=True)
class SandboxReceipt:
    """The answer to a file that was sent."""

    md5: str
    """Lower-case hexadecimal, 32 characters."""
    is_covered: bool = True
    """Whether a rule of the Sandbox covers this type of file; where none does, it is not analysed."""
    verdict: SandboxVerdict | None = None
    """Of an instant answer: by ``discan``, or where the file is known to be malware."""
    is_analysed: bool = True
    """Whether it is analysed now; where it was before, its report is there already."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One quota of the report API."""

    used: int
    allowed: int
    started_at: float | None = None
    scale: str = ""
    """Such as ``DAYS``."""

    @property
    def unused(self) -> int:
        """How many calls are left."""
        return max(0, self.allowed - self.used)


class OpinionState(StrEnum):
    """How far Zscaler's verdict on a scan has come."""

    WAITING = "waiting"  # to be sent
    ANALYSING = "analysing"  # sent; its report is asked for
    KNOWN = "known"  # there is a verdict
    EXCLUDED = "excluded"  # not sent, or nothing to be read of it: its type, its size, no rule, no API
    FAILED = "failed"  # it could not be sent, or no verdict came


ASKED: Final = frozenset({OpinionState.WAITING, OpinionState.ANALYSING})
"""States that move on by themselves."""


class Way(StrEnum):
    """How a build goes to the Sandbox."""

    SUBMIT = "submit"  # for dynamic analysis
    DISCAN = "discan"  # for an instant verdict


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """Zscaler's part of one scan."""

    scan: int
    """The number of the scan."""
    state: OpinionState
    way: Way | None = None
    md5: str | None = None
    """``None`` until the build was pulled for it."""
    due_at: float = 0.0
    """When it is sent, or its report asked for, next."""
    begun_at: float = 0.0
    """Since when it is tried, anew where somebody asks again.

    A time in which none may be sent does not count.
    """
    tries: int = 0
    """How often sending it was begun."""
    looks: int = 0
    """How often its report was asked for."""
    since: float | None = None
    """When it was sent."""
    is_taken: bool = False
    """Whether the Sandbox took it, so that only its report is to be asked for."""
    problem: str | None = None
    """The sentence for people: why it waits, was not sent, or has no verdict."""
    verdict: SandboxVerdict | None = None
    known_from: int | None = None
    """The scan from whose verdict this one is known, as it is the very same file."""
    ended_at: float | None = None
    held_until: float | None = None
    """Until when at the latest OneTrust's part waits for this one; ``None`` where it does not."""
    went_on_after_s: float | None = None
    """After how long OneTrust's part went on without this one, where it waited for it."""
    announced_ts: str | None = None
    """The message that broke the quiet; empty text while that is being posted."""

    @property
    def may_be_asked_again(self) -> bool:
        """Whether another try may come to a verdict; what was excluded unsent never will."""
        was_sent = self.since is not None
        return self.state is OpinionState.FAILED or (self.state is OpinionState.EXCLUDED and was_sent)


class SandboxApi(Protocol):
    """Takes files for the Sandbox.

    Each call raises ``TryLater`` where it may work later, and ``Refused`` for a clear no.
    """

    async def reach(self) -> None:
        """Find out whether files can be sent at all; sends none, and counts on no quota."""
        ...

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file for dynamic analysis; to send it again does no harm, and counts on the quota."""
        ...

    async def discan(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file for an instant verdict."""
        ...


class SandboxReports(Protocol):
    """Tells what the Sandbox found.

    Each call raises ``TryLater`` where it may work later, and ``Refused`` for a clear no.
    """

    async def report(self, md5: str, *, full: bool = False) -> Report:
        """Return the report about a hash; counts on a daily quota, also for an unknown one."""
        ...

    async def quota(self) -> tuple[Quota, ...]:
        """Return the quotas of ``report``; counts on none."""
        ...
