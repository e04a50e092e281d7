"""What taking builds to OneTrust needs of the world."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.core.repositories import ScanRepository, Store
from bot.core.scan import Build, Card, Event, Scan
from bot.features.rescan_requests.ports import RescanRequestRepository
from bot.features.submission.decision import Decision, DecisionFacts


class SubmissionScanRepository(ScanRepository, Protocol):
    """The rows of scans, with the decision about where a build goes next."""

    async def decide(
        self, number: int, build: Build, name: str, choose: Callable[[Scan, DecisionFacts], Decision]
    ) -> Scan: ...


class SubmissionStore(Store, Protocol):
    """What taking builds to OneTrust reads and writes."""

    @property
    def scans(self) -> SubmissionScanRepository: ...
    @property
    def requests(self) -> RescanRequestRepository: ...


CardFor = Callable[[str, str, str], Awaitable[tuple[Card, list[Event]]]]
"""Returns the card and the timeline of a scan, by its number, as far as a person in a channel may see it."""
