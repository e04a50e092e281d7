"""The repositories of submission as protocols, and the reasons for which its queues are polled."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from bot.core.repositories import ScanRepository, Store
from bot.core.scan import Build, Event, Scan
from bot.features.rescan_requests.ports import RescanRequestRepository
from bot.features.submission.card import Card
from bot.features.submission.decision import Decision, DecisionFacts

SCANS: Final = "queue of scans"
FILES: Final = "search for messages of files"
REQUESTS: Final = "closing of rescan requests"
SCAN_LEFT: Final = "the work on a scan has ended for now"


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


CardFor = Callable[[str, str, str], Awaitable[tuple[Card, list[Event]]]]
"""Returns the card and the timeline of a scan, by its number, as far as a person in a channel may see it."""
