"""All repositories, on one open database."""

from bot.core.ports import Clock
from bot.features.app_links.repository import SqlLinkRepository
from bot.features.backfill.repository import SqlHeartbeatRepository
from bot.features.backlog.repository import SqlBacklogRepository
from bot.features.compliance.repository import SqlViolationRepository
from bot.features.history.compare_repository import SqlComparisonRepository
from bot.features.history.repository import SqlHistoryRepository
from bot.features.hosts.repository import SqlHostRepository
from bot.features.onetrust_apps.repository import SqlOneTrustAppRepository
from bot.features.rescan_requests.repository import SqlRescanRequestRepository
from bot.features.results.repository import SqlResultRepository
from bot.features.retention.repository import SqlPrivacyRepository
from bot.features.retention.upload_repository import SqlUploadRepository
from bot.features.submission.queue_repository import SqlQueueRepository
from bot.features.submission.scan_repository import SqlScanRepository
from bot.features.third_party_apps.repository import SqlAppLookupRepository
from bot.features.verdicts.lookup_repository import SqlVerdictLookupRepository
from bot.features.verdicts.repository import SqlVerdictRepository
from bot.storage.database import Database


class Repositories:
    """All repositories; each feature sees those that its ``ports`` name."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.scans = SqlScanRepository(database, clock)
        self.queue = SqlQueueRepository(database, clock)
        self.links = SqlLinkRepository(database, clock)
        self.requests = SqlRescanRequestRepository(database, clock)
        self.history = SqlHistoryRepository(database)
        self.applications = SqlOneTrustAppRepository(database)
        self.comparisons = SqlComparisonRepository(database)
        self.alive = SqlHeartbeatRepository(database, clock)
        self.notices = SqlBacklogRepository(database)
        self.results = SqlResultRepository(database, clock)
        self.violations = SqlViolationRepository(database, clock)
        self.governance = SqlAppLookupRepository(database, clock)
        self.privacy = SqlPrivacyRepository(database, clock)
        self.uploads = SqlUploadRepository(database, clock)
        self.hosts = SqlHostRepository(database, clock)
        self.verdicts = SqlVerdictRepository(database, clock)
        self.asked_verdicts = SqlVerdictLookupRepository(database)
