"""Reviews: people with permission acknowledge violations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.core.access import Access
from bot.core.scan import Scan
from bot.errors import NotFound, Superseded
from bot.features.compliance.repository import ViolationRepository
from bot.features.compliance.rules import ACKNOWLEDGED, Violation
from bot.features.submission.scan_repository import ScanRepository


class ComplianceStore(Protocol):
    """The repositories that reviews use."""

    scans: ScanRepository
    violations: ViolationRepository


@dataclass(kw_only=True, eq=False, repr=False)
class ViolationReview:
    """Handles the button of a violation, and its form.

    Raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify the person,
    ``NotFound`` if there is no such violation, and ``Superseded`` if it is already acknowledged.
    """

    store: ComplianceStore
    refresh: Callable[[int], None]
    """Updates a scan's messages."""
    access: Access

    async def violation(self, number: int, user: str, channel: str | None = None) -> tuple[Scan, Violation]:
        """Return a violation to acknowledge, from its own thread or a form opened there."""
        violation = await self.store.violations.violation(number)
        scan = await self.store.scans.scan(violation.scan)
        await self.access.admit(user, channel or scan.channel)
        if channel is not None and scan.channel is not None and scan.channel != channel:
            raise NotFound(f"Scan #{scan.number} belongs to another conversation.")
        self.access.admit_to_reviews(user)
        if violation.acknowledged_by is not None:
            self.refresh(scan.number)  # the message may be out of date
            raise Superseded(ACKNOWLEDGED)
        return scan, violation

    async def acknowledge(self, number: int, user: str, reason: str) -> None:
        """Acknowledge a violation; ``reason`` is shown to everyone who sees the thread."""
        scan, _ = await self.violation(number, user)
        try:
            await self.store.violations.acknowledge(number, who=user, reason=reason)
        finally:  # also if someone else was first
            self.refresh(scan.number)
