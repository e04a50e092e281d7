"""Records how a side scanner's part of a scan continues: verdict known, ended, or rescheduled."""

import logging
from collections.abc import Callable
from typing import Any

from bot.core.ports import Announcer
from bot.features.verdicts.models import BAD, SandboxVerdict, Verdict, VerdictState
from bot.features.verdicts.ports import VerdictStore
from bot.features.verdicts.scanner_profile import ScannerProfile

logger = logging.getLogger(__name__)


class VerdictOutcomes:
    """Records one scanner's outcomes and updates the replies.

    ``wake`` lets a scan continue that was held for one; ``bad`` gets each scan whose verdict is to be
    announced.
    """

    def __init__(
        self,
        store: VerdictStore,
        scanner: ScannerProfile,
        announcer: Announcer,
        wake: Callable[[], None],
        bad: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._scanner = scanner
        self._announcer = announcer
        self._wake = wake
        self._bad = bad

    async def known(self, number: int, verdict: SandboxVerdict, **changes: Any) -> None:
        """Record a verdict."""
        threat = verdict.threat.value.lower()
        logger.info("scan #%d: %s is %s", number, self._scanner.verdict, threat)
        await self.kept(
            number,
            why=f"{self._scanner.verdict}: {threat}",
            state=VerdictState.KNOWN,
            result=verdict,
            problem=None,
            **changes,
        )
        self._wake()
        if verdict.threat in BAD:
            self._bad(number)

    async def ended(self, number: int, state: VerdictState, problem: str | None, **changes: Any) -> None:
        """Record that there will be no verdict; ``problem`` is the sentence for people, if there is one."""
        vendor = self._scanner.vendor
        level = logging.WARNING if state is VerdictState.FAILED else logging.INFO
        logger.log(level, "scan #%d: no verdict from %s: %s", number, vendor, problem or "none is requested")
        await self.kept(
            number, why=f"{vendor}: {problem}" if problem else "", state=state, problem=problem, **changes
        )
        self._wake()

    async def reschedule(
        self,
        verdict: Verdict,
        due_at: float,
        problem: str | None,
        expected_at: float | None = None,
        **changes: Any,
    ) -> None:
        """Reschedule to ``due_at``; the reply is updated only if ``problem`` is new.

        A scan that is held, but not that long, continues at once. ``expected_at`` is the earliest time at
        which a verdict can be expected, if that is later.
        """
        after = await self.kept(
            verdict.scan, tell=problem != verdict.problem, due_at=due_at, problem=problem, **changes
        )
        if after.held_until is not None and after.held_until <= (expected_at or due_at):
            await self._store.verdicts.release(self._scanner.name, verdict.scan)
            self._wake()

    async def kept(self, number: int, *, why: str = "", tell: bool = True, **changes: Any) -> Verdict:
        """Record changes and update the reply."""
        verdict = await self._store.verdicts.keep(self._scanner.name, number, why=why, tell=tell, **changes)
        if tell:
            self._announcer.changed(number)
        return verdict

    def changed(self, number: int) -> None:
        """Update the reply after another change."""
        self._announcer.changed(number)
