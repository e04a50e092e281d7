"""What comes of asking Zscaler about a build, written into its opinion: known, ended or put off."""

import logging
from collections.abc import Callable
from typing import Any

from bot.scans.memory import Store
from bot.scans.ports import Announcer
from bot.scans.verdicts import BAD, Opinion, OpinionState, SandboxVerdict

logger = logging.getLogger(__name__)


class OpinionOutcomes:
    """Writes outcomes down and has them shown; ``wake`` lets a scan go on that was held for one."""

    def __init__(
        self,
        store: Store,
        announcer: Announcer,
        wake: Callable[[], None],
        bad: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._wake = wake
        self._bad = bad
        """Told of each scan whose verdict is to be announced."""

    async def known(self, number: int, verdict: SandboxVerdict, **changes: Any) -> None:
        """Record a verdict."""
        threat = verdict.threat.value.lower()
        logger.info("scan #%d: Zscaler's verdict is %s", number, threat)
        await self.kept(
            number,
            why=f"Zscaler's verdict: {threat}",
            state=OpinionState.KNOWN,
            verdict=verdict,
            problem=None,
            **changes,
        )
        self._wake()
        if verdict.threat in BAD:
            self._bad(number)

    async def ended(self, number: int, state: OpinionState, problem: str | None, **changes: Any) -> None:
        """Record that there will be no verdict; ``problem`` is the sentence for people, if they are told."""
        level = logging.WARNING if state is OpinionState.FAILED else logging.INFO
        said = problem or "none is asked for here"
        logger.log(level, "scan #%d: no verdict of Zscaler's: %s", number, said)
        await self.kept(
            number, why=f"Zscaler: {problem}" if problem else "", state=state, problem=problem, **changes
        )
        self._wake()

    async def put_off(
        self,
        opinion: Opinion,
        due_at: float,
        problem: str | None,
        expected_at: float | None = None,
        **changes: Any,
    ) -> None:
        """Record that it goes on at ``due_at``; the reply is stale only where it says something else then.

        A scan that is held for it, and not for as long, goes on at once. ``expected_at`` is when it can be
        expected to come to something, where that is later than the next look.
        """
        after = await self.kept(
            opinion.scan, tell=problem != opinion.problem, due_at=due_at, problem=problem, **changes
        )
        if after.held_until is not None and after.held_until <= (expected_at or due_at):
            await self._store.opinions.hasten_held(opinion.scan)
            self._wake()

    async def kept(self, number: int, *, why: str = "", tell: bool = True, **changes: Any) -> Opinion:
        """Record changes and have them shown."""
        opinion = await self._store.opinions.keep(number, why=why, tell=tell, **changes)
        if tell:
            self._announcer.changed(number)
        return opinion

    def changed(self, number: int) -> None:
        """Have shown what changed beside the opinion, and what follows from it done."""
        self._announcer.changed(number)
        self._wake()
