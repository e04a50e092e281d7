"""Repositories of the compliance feature."""

from typing import Protocol

from bot.core.repositories import Store
from bot.features.compliance.rules import Violation


class ViolationRepository(Protocol):
    """Each scan's violations of the compliance rules."""

    async def violation(self, number: int) -> Violation: ...
    async def acknowledge(self, number: int, *, who: str, reason: str) -> Violation: ...


class ComplianceStore(Store, Protocol):
    """Repositories for reviews."""

    @property
    def violations(self) -> ViolationRepository: ...
