"""Submits builds to a side scanner: within its daily limit, and no file twice."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.core.backoff import SERVER_BACKOFF
from bot.core.circuit_breaker import PROBE_BACKOFF, CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.core.scan import Scan, SubmissionState
from bot.errors import Refused, TryLater
from bot.features.verdicts.models import SandboxReceipt, Verdict, VerdictState
from bot.features.verdicts.outcomes import VerdictOutcomes, VerdictStore
from bot.features.verdicts.side_scanner import SideScanner

logger = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
GIVE_UP_S: Final = 96 * 3600.0
"""How long submitting a build is attempted; waiting for the daily limit does not count.

A scanner may count more files than the bot does (other users of the token), and then delays many by a day.
"""
REACHABLE_S: Final = 600.0
"""How long the scanner is assumed to be reachable after an answer."""
KNOWN_REPORT_S: Final = 30.0
"""Delay before the report is requested on a file that was analysed before."""

QUOTA_USED: Final = "{Short} takes {limit} files a day, and has had them. This one is sent as soon as it may."
AWAY: Final = "{service} accepts no files right now. This one is sent automatically as soon as it does."
GAVE_UP: Final = "This build could not be sent to {service} for four days: it has no verdict."


@dataclass(kw_only=True, eq=False, repr=False)
class VerdictSubmitter:
    """Submits builds to one scanner."""

    store: VerdictStore
    scanner: SideScanner
    outcomes: VerdictOutcomes
    clock: Clock

    def __post_init__(self) -> None:
        """Assume that the scanner is available, until an attempt fails."""
        self._profile = self.scanner.profile
        self.breaker = CircuitBreaker(self.clock, self._profile.service, log=logger)
        self._counting = asyncio.Lock()
        self._steady = SteadyClock(self.clock)
        self._reachable_until = 0.0

    async def wants(self, scan: Scan) -> bool:
        """Return whether a build is to be sent: it is accepted, and there is no verdict on the file."""
        if self.scanner.submissions is None or not self._profile.accepts(scan.file_type, scan.size_bytes):
            return False
        other = await self.store.verdicts.of_file(self.scanner.name, scan.sha256)
        return other is None or other.result is None

    @asynccontextmanager
    async def may_send(self, verdict: Verdict) -> AsyncIterator[bool]:
        """Yield whether the build may be sent now; if not, it was rescheduled."""
        if await self._over_limit(verdict):
            yield False
        elif self.breaker.enter(verdict.scan):
            try:
                yield await self._answers(verdict)
            finally:
                self.breaker.leave(verdict.scan)
        else:
            # The pause ends when the build that is sent as a probe is answered, which may take longer.
            wait_s = max(self.breaker.wait_s, PROBE_BACKOFF.first_s)
            await self.reschedule(verdict, self._profile.fill(AWAY), wait_s)
            yield False

    async def _answers(self, verdict: Verdict) -> bool:
        """Return whether the scanner is reachable; if not, the build was rescheduled."""
        if self.scanner.submissions is None or self._steady.now() < self._reachable_until:
            return True
        try:
            await self.scanner.submissions.reach()
        except (Refused, TryLater) as error:
            await self._not_accepted(verdict, error)
            return False
        self._reachable_until = self._steady.now() + REACHABLE_S
        return True

    async def _over_limit(self, verdict: Verdict) -> bool:
        """Return whether the daily limit is reached; if it is, the build was rescheduled."""
        limit = self._profile.daily_limit
        last = await self.store.verdicts.sent_before(self.scanner.name, limit) if limit is not None else None
        if last is None or last + DAY_S <= self.clock.now():
            return False
        free_at = last + DAY_S
        await self.outcomes.reschedule(verdict, free_at, self._profile.fill(QUOTA_USED), begun_at=free_at)
        return True

    async def send(self, scan: Scan, verdict: Verdict, path: Path) -> None:
        """Submit a build, and record the outcome."""
        number, api = scan.number, self.scanner.submissions
        if api is None or await self.reuse(scan):
            return
        md5 = await asyncio.to_thread(_md5, path)
        async with self._counting:  # concurrent submissions count each other
            if await self._over_limit(verdict):
                return
            attempts, state = verdict.attempts + 1, SubmissionState.SENDING
            verdict = await self.outcomes.kept(
                number, tell=False, attempts=attempts, md5=md5, submission=state
            )
        try:
            receipt = await api.submit(path, md5)
        except (Refused, TryLater) as error:
            await self._not_accepted(verdict, error)
        else:
            self.breaker.answered(number)
            self._reachable_until = self._steady.now() + REACHABLE_S
            await self._accepted(number, receipt)

    async def _not_accepted(self, verdict: Verdict, error: Refused | TryLater) -> None:
        """Record that a build was rejected, or is to be retried."""
        number, status = verdict.scan, error.status
        if isinstance(error, Refused):
            self.breaker.answered(number)
            refused = {"submission": SubmissionState.REFUSED, "status": status}
            await self.outcomes.ended(number, VerdictState.FAILED, error.user_message, **refused)
            return
        if error.scanner_failed:
            self._reachable_until = 0.0
            self.breaker.failed(number, error.retry_after_s)
        wait_s = SERVER_BACKOFF.delay_s(verdict.attempts, error.retry_after_s)
        await self.reschedule(verdict, error.user_message, wait_s, status=status)

    async def reuse(self, scan: Scan) -> bool:
        """Use another scan's verdict on the very same file, or its analysis; return whether there is any."""
        other = await self.store.verdicts.of_file(self.scanner.name, scan.sha256)
        if other is None:
            return False
        if other.result is not None:
            source = other.known_from or other.scan
            await self.outcomes.known(scan.number, other.result, known_from=source, md5=other.md5)
        else:
            await self.outcomes.kept(
                scan.number,
                why=f"{self._profile.service} is already analysing it, for scan #{other.scan}",
                state=VerdictState.ANALYSING,
                md5=other.md5,
                since=other.since,
                due_at=other.due_at,
                begun_at=other.begun_at,
                problem=None,
                submission=SubmissionState.ACCEPTED,
                attempts=0,
            )
        return True

    async def _accepted(self, number: int, receipt: SandboxReceipt) -> None:
        now, profile = self.clock.now(), self._profile
        sent: dict[str, Any] = {"since": now, "submission": SubmissionState.ACCEPTED, "status": 200}
        if receipt.verdict is not None:
            await self.outcomes.known(number, receipt.verdict, **sent)
        elif not receipt.is_covered or self.scanner.reports is None:
            problem = profile.no_reports
            if not receipt.is_covered:
                problem, sent["submission"] = profile.not_covered, SubmissionState.REFUSED
            await self.outcomes.ended(number, VerdictState.EXCLUDED, profile.fill(problem), **sent)
        else:
            first_s = self.scanner.first_report_s
            sent["due_at"] = now + (first_s if receipt.is_analysed else min(KNOWN_REPORT_S, first_s))
            why = f"sent to {profile.service}"
            logger.info("scan #%d was %s", number, why)
            await self.outcomes.kept(number, why=why, state=VerdictState.ANALYSING, problem=None, **sent)

    async def reschedule(self, verdict: Verdict, problem: str, wait_s: float, **changes: Any) -> None:
        """Reschedule a build, or end its part if ``GIVE_UP_S`` are over by then."""
        number, profile = verdict.scan, self._profile
        changes["submission"] = SubmissionState.PENDING
        if self.is_over(verdict, wait_s):
            await self.outcomes.ended(number, VerdictState.FAILED, profile.fill(GAVE_UP), **changes)
            return
        logger.info("scan #%d goes to %s later, in %.0f s: %s", number, profile.vendor, wait_s, problem)
        await self.outcomes.reschedule(verdict, self.clock.now() + wait_s, problem, **changes)

    def is_over(self, verdict: Verdict, wait_s: float) -> bool:
        """Return whether ``GIVE_UP_S`` are over after a wait."""
        return self.clock.now() + wait_s - verdict.begun_at > GIVE_UP_S


def _md5(path: Path) -> str:
    """Return the hash by which scanners know a build."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
