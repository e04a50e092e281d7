"""The repositories of submission, as protocols."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.core.repositories import ScanRepository, Store
from bot.core.scan import Build, Card, Event, Scan
from bot.features.rescan_requests.ports import RescanRequestRepository
from bot.features.results.ports import ResultRepository
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
    @property
    def results(self) -> ResultRepository: ...


CardFor = Callable[[str, str, str], Awaitable[tuple[Card, list[Event]]]]
"""Returns the card and the timeline of a scan, by its number, as far as a person in a channel may see it."""
