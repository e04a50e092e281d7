"""Acknowledging that a build breaks a rule of the policy: who may, and that the first counts."""

from collections.abc import Callable

from bot.core.access import Access
from bot.core.scan import Scan
from bot.errors import NotFound, Superseded
from bot.features.compliance.ports import ComplianceStore
from bot.features.compliance.rules import ACKNOWLEDGED, Violation


class ViolationReview:
    """Carries out the button beside a breach, and its form.

    Each call raises ``NotAllowed`` where the lists say no, ``Unidentified`` where Slack does not say who they
    are, ``NotFound`` where there is no such breach, and ``Superseded`` where it is acknowledged already.
    """

    def __init__(self, *, store: ComplianceStore, tell: Callable[[int], None], policy: Access) -> None:
        self._store = store
        self._tell = tell
        """Shows the thread what has changed about a scan."""
        self._policy = policy

    async def breach(self, number: int, user: str, channel: str | None = None) -> tuple[Scan, Violation]:
        """Return a breach that a person wants to acknowledge, from its own thread or a form opened there."""
        breach = await self._store.violations.breach(number)
        if breach.scan is None:
            raise NotFound("That breach is not kept any more.")
        scan = await self._store.scans.scan(breach.scan)
        await self._policy.admit(user, channel or scan.channel)
        if channel is not None and scan.channel is not None and scan.channel != channel:
            raise NotFound(f"Scan #{scan.number} belongs to another conversation.")
        self._policy.admit_to_reviews(user)
        if breach.acknowledged_by is not None:
            self._tell(scan.number)  # it was not shown yet, or what showed it was lost
            raise Superseded(ACKNOWLEDGED)
        return scan, breach

    async def acknowledge(self, number: int, user: str, reason: str) -> None:
        """Record that a person acknowledged a breach; ``reason`` is shown to all who see the thread."""
        scan, _ = await self.breach(number, user)
        try:
            await self._store.violations.acknowledge(number, who=user, reason=reason)
        finally:  # whoever was late sees who was first
            self._tell(scan.number)
