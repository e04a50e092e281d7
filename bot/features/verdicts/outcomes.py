"""Records how a side scanner's part of a scan continues: verdict known, ended, or rescheduled."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot.core.ports import Announcer
from bot.features.hosts.repository import HostRepository
from bot.features.submission.ports import SubmissionStore
from bot.features.verdicts.models import BAD, SandboxVerdict, Verdict, VerdictState
from bot.features.verdicts.repository import VerdictRepository
from bot.features.verdicts.scanner_profile import ScannerProfile

logger = logging.getLogger(__name__)


class VerdictStore(SubmissionStore, Protocol):
    """The repositories that asking side scanners uses."""

    verdicts: VerdictRepository
    hosts: HostRepository


@dataclass(eq=False, repr=False)
class VerdictOutcomes:
    """Records one scanner's outcomes and updates the replies; ``changes`` are those of ``verdicts.keep``."""

    store: VerdictStore
    scanner: ScannerProfile
    announcer: Announcer
    wake: Callable[[], None]
    """Lets a scan that was held continue."""
    bad: Callable[[int], None] = lambda _: None
    """Gets each scan with a verdict to announce."""

    async def known(self, number: int, verdict: SandboxVerdict, **changes: Any) -> None:
        """Record a verdict."""
        why = f"{self.scanner.verdict}: {verdict.threat.value.lower()}"
        logger.info("scan #%d: %s", number, why)
        changes |= {"state": VerdictState.KNOWN, "result": verdict, "problem": None}
        await self.kept(number, why=why, **changes)
        self.wake()
        if verdict.threat in BAD:
            self.bad(number)

    async def ended(self, number: int, state: VerdictState, problem: str | None, **changes: Any) -> None:
        """Record that there will be no verdict; ``problem`` is the sentence for people, if there is one."""
        vendor = self.scanner.vendor
        level = logging.WARNING if state is VerdictState.FAILED else logging.INFO
        logger.log(level, "scan #%d: no verdict from %s: %s", number, vendor, problem or "none is requested")
        why = f"{vendor}: {problem}" if problem else ""
        await self.kept(number, why=why, state=state, problem=problem, **changes)
        self.wake()

    async def reschedule(
        self,
        verdict: Verdict,
        due_at: float,
        problem: str | None,
        expected_at: float | None = None,
        **changes: Any,
    ) -> None:
        """Reschedule to ``due_at``; the reply is updated only if ``problem`` is new.

        A scan that is not held until a verdict can be expected continues at once; ``expected_at`` is that
        time if it is later than ``due_at``.
        """
        changes |= {"due_at": due_at, "problem": problem}
        after = await self.kept(verdict.scan, tell=problem != verdict.problem, **changes)
        if after.held_until is not None and after.held_until <= (expected_at or due_at):
            await self.store.verdicts.release(self.scanner.name, verdict.scan)
            self.wake()

    async def kept(self, number: int, *, why: str = "", tell: bool = True, **changes: Any) -> Verdict:
        """Record changes and, with ``tell``, update the reply."""
        verdict = await self.store.verdicts.keep(self.scanner.name, number, why=why, tell=tell, **changes)
        if tell:
            self.announcer.changed(number)
        return verdict
