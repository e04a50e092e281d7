"""All repositories, on one open database."""

from bot.core.ports import Clock
from bot.features.app_links.repository import LinkRepository
from bot.features.backfill.repository import HeartbeatRepository
from bot.features.backlog.repository import BacklogRepository
from bot.features.compliance.repository import ViolationRepository
from bot.features.history.compare_repository import ComparisonRepository
from bot.features.history.repository import HistoryRepository
from bot.features.hosts.repository import HostRepository
from bot.features.onetrust_apps.repository import OneTrustAppRepository
from bot.features.rescan_requests.repository import RescanRequestRepository
from bot.features.results.repository import ResultRepository
from bot.features.retention.repository import PrivacyRepository, UploadRepository
from bot.features.submission.queue_repository import QueueRepository
from bot.features.submission.scan_repository import ScanRepository
from bot.features.third_party_apps.repository import AppLookupRepository
from bot.features.verdicts.repository import VerdictRepository
from bot.storage.database import Database


class Repositories:
    """All repositories; each service names those that it uses."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.scans = ScanRepository(database, clock)
        self.queue = QueueRepository(database, clock)
        self.links = LinkRepository(database, clock)
        self.requests = RescanRequestRepository(database, clock)
        self.history = HistoryRepository(database, clock)
        self.applications = OneTrustAppRepository(database, clock)
        self.comparisons = ComparisonRepository(database, clock)
        self.alive = HeartbeatRepository(database, clock)
        self.notices = BacklogRepository(database, clock)
        self.results = ResultRepository(database, clock)
        self.violations = ViolationRepository(database, clock)
        self.governance = AppLookupRepository(database, clock)
        self.privacy = PrivacyRepository(database, clock)
        self.uploads = UploadRepository(database, clock)
        self.hosts = HostRepository(database, clock)
        self.verdicts = VerdictRepository(database, clock)
