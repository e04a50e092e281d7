"""What compliance needs of the world."""

from typing import Protocol

from bot.core.repositories import Store
from bot.features.compliance.rules import Violation


class ViolationRepository(Protocol):
    """Which rules of the policy each scan breaks."""

    async def breach(self, number: int) -> Violation: ...
    async def acknowledge(self, number: int, *, who: str, reason: str) -> Violation: ...


class ComplianceStore(Store, Protocol):
    """What reviews read and write."""

    @property
    def violations(self) -> ViolationRepository: ...
