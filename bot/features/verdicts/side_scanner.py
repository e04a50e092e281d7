"""The port of a side scanner: it judges builds beside OneTrust.

A file is known to it by its MD5, 32 lower-case hexadecimal digits. Each call raises ``TryLater`` for a
temporary error and ``Refused`` for a permanent one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.features.verdicts.models import Quota, Report, SandboxReceipt
from bot.features.verdicts.scanner_profile import ScannerProfile


class SubmissionApi(Protocol):
    """Accepts files."""

    async def reach(self) -> None:
        """Check that files can be sent; sends none and counts against no quota."""

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        """Send a file; sending it again does no harm, and counts against the daily limit."""


class ReportApi(Protocol):
    """Returns what was found in files."""

    async def report(self, md5: str, *, full: bool = False) -> Report:
        """Return the report on a file; counts against the quota, also for an unknown file."""

    async def quota(self) -> tuple[Quota, ...]:
        """Return the quotas of ``report``, none if it is unlimited; counts against none."""


@dataclass(frozen=True, kw_only=True)
class SideScanner:
    """A side scanner as it is set up."""

    profile: ScannerProfile
    submissions: SubmissionApi | None = None
    """``None`` if no builds are sent to it."""
    reports: ReportApi | None = None
    """``None`` if no reports can be read."""
    first_report_s: float = 600.0
    """How long after the submission the report is first requested."""
    hold_max_s: float | None = None
    """How long at most OneTrust's part waits for the verdict; ``None`` if it doesn't."""

    reads_hosts: bool = False
    """Whether the hosts of builds are looked up beside it."""

    @property
    def sees_builds(self) -> bool:
        """Whether builds are read for it: for a verdict, or for their hosts."""
        return self.submissions is not None or self.reads_hosts

    @property
    def name(self) -> str:
        """Return its name in rows."""
        return self.profile.name
