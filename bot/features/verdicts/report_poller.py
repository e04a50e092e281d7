"""Polls the reports on what was sent to a side scanner; their rows say which are due.

Each request counts against a daily quota, even if there is no report yet. So the first one comes late,
further ones at growing intervals, and scans of the same file share them.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from bot.core.backoff import SERVER_BACKOFF, Backoff
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.core.scan import SubmissionState
from bot.errors import NotFound, Refused, StoreUnavailable, TryLater
from bot.features.verdicts.models import Report, ReportStatus, SandboxVerdict, Verdict, VerdictState
from bot.features.verdicts.outcomes import VerdictOutcomes, VerdictStore
from bot.features.verdicts.side_scanner import ReportApi, SideScanner
from bot.features.verdicts.submitter import DAY_S
from bot.features.verdicts.worker import INSIDE

logger = logging.getLogger(__name__)

BATCH: Final = 50
"""Maximum number of verdicts handled in one turn."""
WITHIN_S: Final = 48 * 3600.0
"""How long a report is polled."""
LONGEST_S: Final = 3600.0
"""Maximum interval between two requests for one report."""
QUOTA_S: Final = 300.0
"""Minimum interval between two requests for the quota."""
USED_UP_S: Final = 900.0
"""The same while the quota is used up, as it may be raised; these requests count against none."""
REFUSED_S: Final = 3600.0
"""Pause after a permanent error, and before a report is requested again that caused an unexpected one."""

TOO_LATE: Final = "{service} had no report on this build for two days, so it has no verdict."
NOT_THERE: Final = "{service} knew nothing of this build for two days, so it has no verdict."
ANOTHER_FILE: Final = (
    "What {service} reports under this build's MD5 is about another file, so there is no verdict. "
    "It may have been forged to match: find out where this build comes from."
)
QUOTA_USED: Final = (
    "{vendor}'s report quota for today is used up. The verdict is requested when there is more, tomorrow at "
    "the latest."
)
_OVER: Final = frozenset({ReportStatus.COMPLETED, ReportStatus.NO_DYNAMIC})
"""With these, a verdict is final."""


@dataclass(kw_only=True, eq=False, repr=False)
class ReportPoller:
    """Requests the reports of one scanner that are due; ``turn`` is one of the scheduler's jobs.

    If no reports can be read any more, what an earlier process sent ends with that.
    """

    store: VerdictStore
    scanner: SideScanner
    outcomes: VerdictOutcomes
    clock: Clock

    def __post_init__(self) -> None:
        """Begin without a pause, and without knowing the quota."""
        self._profile = self.scanner.profile
        self._steady = SteadyClock(self.clock)
        self._backoff = Backoff(first_s=self.scanner.first_report_s, factor=1.5, maximum_s=LONGEST_S)
        self._paused_until = 0.0
        self._paused_for = ""
        self._failures = 0
        self._reports_left: int | None = None
        self._quota_at = float("-inf")
        self._quota_until = 0.0
        """When a quota that is used up starts over unless it is raised before; seconds since the epoch."""

    async def turn(self) -> float | None:
        """Request the reports that are due; return when more are."""
        rows, reports = self.store.verdicts, self.scanner.reports
        by_md5: dict[str, list[Verdict]] = {}
        due = await rows.reports_due(self.scanner.name, BATCH)
        for verdict in due.now:
            if reports is None:
                await self._end(verdict, VerdictState.EXCLUDED, self._profile.no_reports)
            elif verdict.md5 is None or self.clock.now() - _since(verdict) > WITHIN_S:
                await self._end(verdict, VerdictState.FAILED, TOO_LATE)
            else:
                by_md5.setdefault(verdict.md5, []).append(verdict)
        if by_md5 and reports is not None:
            await self._ask(reports, by_md5)
        return (await rows.reports_due(self.scanner.name, 0)).next_at if due.now else due.next_at

    async def _ask(self, reports: ReportApi, by_md5: dict[str, list[Verdict]]) -> None:
        if self._paused_until <= self.clock.now():
            await self._check_quota(reports)
        for md5, verdicts in by_md5.items():
            if self._paused_until > self.clock.now():
                expected_at = max(self._paused_until, self._quota_until)
                until, problem = self._paused_until, self._paused_for
                await self._reschedule(verdicts, until, problem, expected_at=expected_at)
                continue
            try:
                await self._poll(reports, md5, verdicts)
            except StoreUnavailable:
                raise
            except Exception:  # one report that always fails must not block the others
                logger.exception("the report on %s met an unexpected error", md5)
                await self._reschedule(verdicts, self.clock.now() + REFUSED_S, INSIDE)

    async def _check_quota(self, reports: ReportApi) -> None:
        """Request how many reports are left, unless that is known from less than ``QUOTA_S`` ago."""
        if self._reports_left != 0 and self._steady.now() - self._quota_at < QUOTA_S:
            return
        try:
            quotas = await reports.quota()
        except (TryLater, Refused) as error:
            self._pause_after(error)
            return
        now, self._quota_at, self._quota_until = self.clock.now(), self._steady.now(), 0.0
        self._reports_left = min((quota.unused for quota in quotas), default=None)
        if self._reports_left == 0:
            ends = [(quota.started_at or now) + DAY_S for quota in quotas if not quota.unused]
            # A window that is over by this clock is checked again soon, and none is longer than a day.
            self._quota_until = min(max([*ends, now + QUOTA_S]), now + DAY_S)
            self._pause(min(USED_UP_S, self._quota_until - now), self._profile.fill(QUOTA_USED))

    async def _poll(self, reports: ReportApi, md5: str, verdicts: list[Verdict]) -> None:
        """Request one report, for all scans of that file."""
        wait_s = self._backoff.delay_s(verdicts[0].polls + 2)  # the first poll came after the first wait
        try:
            report = await self._report(reports, md5)
        except (TryLater, Refused) as error:
            self._pause_after(error)
            due_at = max(self._paused_until, self.clock.now() + wait_s)
            await self._reschedule(verdicts, due_at, error.user_message)
            return
        self._failures = 0
        if report.verdict is None or report.status not in _OVER:
            await self._not_yet(verdicts, report.status, wait_s)
        elif verdicts := await self._of_same_file(verdicts, report.sha256):
            result = await self._full_result(reports, md5, report.verdict)
            for verdict in verdicts:
                with suppress(NotFound):  # purged meanwhile
                    await self.outcomes.known(verdict.scan, result, polls=verdict.polls + 1)

    async def _of_same_file(self, verdicts: list[Verdict], sha256: str | None) -> list[Verdict]:
        """Return those whose file the report is about: different files can be forged to share an MD5."""
        about = []
        for verdict in verdicts:
            with suppress(NotFound):  # purged meanwhile
                scan = await self.store.scans.scan(verdict.scan)
                if sha256 in {None, scan.sha256}:
                    about.append(verdict)
                else:
                    await self._end(verdict, VerdictState.FAILED, ANOTHER_FILE)
        return about

    async def _not_yet(self, verdicts: list[Verdict], status: ReportStatus, wait_s: float) -> None:
        due_at = self.clock.now() + wait_s
        for verdict in verdicts:
            if due_at - _since(verdict) <= WITHIN_S:
                await self._reschedule([verdict], due_at, None, polls=verdict.polls + 1)
            elif status is ReportStatus.NOT_FOUND:  # so it was not accepted: a retry sends it again
                pending = SubmissionState.PENDING
                await self._end(verdict, VerdictState.FAILED, NOT_THERE, submission=pending)
            else:
                await self._end(verdict, VerdictState.FAILED, TOO_LATE)

    async def _full_result(self, reports: ReportApi, md5: str, verdict: SandboxVerdict) -> SandboxVerdict:
        """Return the verdict with the risks of the full report, if that is available now."""
        if self._reports_left == 0:
            return verdict
        try:
            full = (await self._report(reports, md5, full=True)).verdict
        except (TryLater, Refused) as error:
            logger.info("the full report on %s can't be read: %s", md5, error)
            return verdict
        # The two should agree; if not, the summary is shown.
        return full if full is not None and full.threat is verdict.threat else verdict

    async def _report(self, reports: ReportApi, md5: str, *, full: bool = False) -> Report:
        if self._reports_left is not None:
            self._reports_left = max(0, self._reports_left - 1)
        try:
            return await reports.report(md5, full=full)
        except NotFound:
            return Report(status=ReportStatus.NOT_FOUND)

    async def _reschedule(
        self, verdicts: list[Verdict], due_at: float, problem: str | None, **changes: Any
    ) -> None:
        for verdict in verdicts:
            with suppress(NotFound):  # purged meanwhile
                await self.outcomes.reschedule(verdict, due_at, problem, **changes)

    async def _end(self, verdict: Verdict, state: VerdictState, problem: str, **changes: Any) -> None:
        with suppress(NotFound):  # purged meanwhile
            await self.outcomes.ended(verdict.scan, state, self._profile.fill(problem), **changes)

    def _pause_after(self, error: TryLater | Refused) -> None:
        if isinstance(error, Refused):
            self._pause(REFUSED_S, error.user_message, logging.WARNING)
        else:
            self._failures += 1
            self._pause(SERVER_BACKOFF.delay_s(self._failures, error.retry_after_s), error.user_message)

    def _pause(self, wait_s: float, problem: str, level: int = logging.INFO) -> None:
        vendor = self._profile.vendor
        logger.log(level, "no reports are requested from %s for %.0f s: %s", vendor, wait_s, problem)
        self._paused_until, self._paused_for = self.clock.now() + wait_s, problem


def _since(verdict: Verdict) -> float:
    """Return when polling began: at the submission, or when a person asked again."""
    return max(verdict.since or 0.0, verdict.begun_at)
