"""The repositories of submission, as protocols."""

from collections.abc import Callable
from typing import Protocol

from bot.core.repositories import ScanRepository, Store
from bot.core.scan import Build, Scan
from bot.features.rescan_requests.ports import RescanRequestRepository
from bot.features.submission.decision import Decision, DecisionFacts


class SubmissionScanRepository(ScanRepository, Protocol):
    """Scans, with recording the decision about a build."""

    async def decide(
        self, number: int, build: Build, name: str, choose: Callable[[Scan, DecisionFacts], Decision]
    ) -> Scan: ...


class SubmissionStore(Store, Protocol):
    """All repositories that submission uses."""

    @property
    def scans(self) -> SubmissionScanRepository: ...
    @property
    def requests(self) -> RescanRequestRepository: ...
