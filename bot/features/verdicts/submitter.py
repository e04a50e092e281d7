"""Submits builds to a side scanner: within its daily limit, and no file twice."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from bot.core.backoff import SERVER_BACKOFF
from bot.core.circuit_breaker import PROBE_BACKOFF, CircuitBreaker
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.core.scan import Scan, SubmissionState
from bot.errors import Refused, TryLater
from bot.features.verdicts.models import SandboxReceipt, Verdict, VerdictState
from bot.features.verdicts.outcomes import VerdictOutcomes
from bot.features.verdicts.ports import VerdictStore
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


class VerdictSubmitter:
    """Submits builds to one scanner."""

    def __init__(
        self,
        *,
        store: VerdictStore,
        scanner: SideScanner,
        outcomes: VerdictOutcomes,
        clock: Clock,
    ) -> None:
        self._store = store
        self._scanner = scanner
        self._profile = scanner.profile
        self._api = scanner.submissions
        self._outcomes = outcomes
        self._clock = clock
        self.breaker = CircuitBreaker(clock, scanner.profile.service, log=logger)
        self._counting = asyncio.Lock()
        self._steady = SteadyClock(clock)
        self._reachable_until = 0.0

    async def wants(self, scan: Scan) -> bool:
        """Return whether a build is to be sent: it is accepted, and there is no verdict on the file."""
        if self._api is None or not self._profile.accepts(scan.file_type, scan.size_bytes):
            return False
        return await self._store.verdicts.known(self._scanner.name, scan.sha256 or "") is None

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
        if self._api is None or self._steady.now() < self._reachable_until:
            return True
        try:
            await self._api.reach()
        except (Refused, TryLater) as error:
            await self._not_accepted(verdict, error)
            return False
        self._note_reachable()
        return True

    def _note_reachable(self) -> None:
        self._reachable_until = self._steady.now() + REACHABLE_S

    async def _over_limit(self, verdict: Verdict) -> bool:
        """Return whether the daily limit is reached; if it is, the build was rescheduled."""
        limit = self._profile.daily_limit
        if limit is None:
            return False
        last = await self._store.verdicts.sent_before(self._scanner.name, limit)
        free_at = 0.0 if last is None else last + DAY_S
        if free_at <= self._clock.now():
            return False
        await self._outcomes.reschedule(verdict, free_at, self._profile.fill(QUOTA_USED), begun_at=free_at)
        return True

    async def send(self, scan: Scan, verdict: Verdict, path: Path) -> None:
        """Submit a build, and record the outcome."""
        number, api = scan.number, self._api
        if api is None:
            return
        md5 = await asyncio.to_thread(_md5, path)
        if await self._join(scan, md5):
            return
        async with self._counting:  # concurrent submissions count each other
            if await self._over_limit(verdict):
                return
            verdict = await self._outcomes.kept(
                number, tell=False, tries=verdict.tries + 1, md5=md5, submission=SubmissionState.SENDING
            )
        try:
            receipt = await api.submit(path, md5)
        except (Refused, TryLater) as error:
            await self._not_accepted(verdict, error)
        else:
            self.breaker.answered(number)
            self._note_reachable()
            await self._accepted(number, receipt)

    async def _not_accepted(self, verdict: Verdict, error: Refused | TryLater) -> None:
        """Record that a build was rejected, or is to be retried."""
        number = verdict.scan
        if isinstance(error, Refused):
            self.breaker.answered(number)
            await self._outcomes.ended(
                number,
                VerdictState.FAILED,
                error.user_message,
                submission=SubmissionState.REFUSED,
                status=error.status,
            )
            return
        if error.scanner_failed:
            self._reachable_until = 0.0
            self.breaker.failed(number, error.retry_after_s)
        wait_s = SERVER_BACKOFF.delay_s(verdict.tries, error.retry_after_s)
        await self.reschedule(verdict, error.user_message, wait_s, status=error.status)

    async def _join(self, scan: Scan, md5: str) -> bool:
        """Wait for the report on the very same file of another scan, if that was sent already."""
        for other in await self._store.verdicts.of_md5(self._scanner.name, md5):
            same = other.scan != scan.number and other.state is VerdictState.ANALYSING
            if same and (await self._store.scans.scan(other.scan)).sha256 == scan.sha256:
                await self._outcomes.kept(
                    scan.number,
                    why=f"{self._profile.service} analyses it already, for scan #{other.scan}",
                    state=VerdictState.ANALYSING,
                    md5=md5,
                    since=other.since,
                    due_at=other.due_at,
                    begun_at=other.begun_at,
                    problem=None,
                    submission=SubmissionState.ACCEPTED,
                    tries=0,
                )
                return True
        return False

    async def _accepted(self, number: int, receipt: SandboxReceipt) -> None:
        now, profile = self._clock.now(), self._profile
        sent: dict[str, Any] = {"since": now, "submission": SubmissionState.ACCEPTED, "status": 200}
        if receipt.verdict is not None:
            await self._outcomes.known(number, receipt.verdict, **sent)
        elif not receipt.is_covered:
            untaken = {**sent, "submission": SubmissionState.REFUSED}
            await self._outcomes.ended(
                number, VerdictState.EXCLUDED, profile.fill(profile.not_covered), **untaken
            )
        elif self._scanner.reports is None:
            await self._outcomes.ended(
                number, VerdictState.EXCLUDED, profile.fill(profile.no_reports), **sent
            )
        else:
            first_s = self._scanner.first_report_s
            logger.info("scan #%d was sent to %s", number, profile.service)
            await self._outcomes.kept(
                number,
                why=f"sent to {profile.service}",
                state=VerdictState.ANALYSING,
                due_at=now + (first_s if receipt.is_analysed else min(KNOWN_REPORT_S, first_s)),
                problem=None,
                **sent,
            )

    async def reschedule(self, verdict: Verdict, problem: str, wait_s: float, **changes: Any) -> None:
        """Reschedule a build, or end its part if ``GIVE_UP_S`` are over by then."""
        changes |= {"submission": SubmissionState.PENDING}
        if self.is_over(verdict, wait_s):
            await self._outcomes.ended(
                verdict.scan, VerdictState.FAILED, self._profile.fill(GAVE_UP), **changes
            )
            return
        logger.info(
            "scan #%d goes to %s later, in %.0f s: %s", verdict.scan, self._profile.vendor, wait_s, problem
        )
        await self._outcomes.reschedule(verdict, self._clock.now() + wait_s, problem, **changes)

    def is_over(self, verdict: Verdict, wait_s: float) -> bool:
        """Return whether ``GIVE_UP_S`` are over after a wait."""
        return self._clock.now() + wait_s - verdict.begun_at > GIVE_UP_S


def _md5(path: Path) -> str:
    """Hash a build as scanners name it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
