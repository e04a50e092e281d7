"""What submission needs from the others, and the reasons for which its queues are polled."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from bot.core.scan import Event
from bot.features.app_links.repository import LinkRepository
from bot.features.rescan_requests.repository import RescanRequestRepository
from bot.features.retention.repository import UploadRepository
from bot.features.submission.card import Card
from bot.features.submission.queue_repository import QueueRepository
from bot.features.submission.scan_repository import ScanRepository

SCANS: Final = "queue of scans"
FILES: Final = "search for messages of files"
REQUESTS: Final = "closing of rescan requests"
SCAN_LEFT: Final = "the work on a scan has ended for now"


class SubmissionStore(Protocol):
    """The repositories that submission uses; other features add theirs."""

    scans: ScanRepository
    queue: QueueRepository
    links: LinkRepository
    uploads: UploadRepository
    requests: RescanRequestRepository


CardFor = Callable[[str, str, str], Awaitable[tuple[Card, list[Event]]]]
"""Returns the card and the timeline of a scan, by its number, as far as a person in a channel may see it."""
