"""All repositories, on one open database."""

from dataclasses import dataclass

from bot.core.ports import Clock
from bot.core.repositories import LinkRepository, QueueRepository, UploadRepository
from bot.features.app_links.repository import SqlLinkRepository
from bot.features.backfill.ports import HeartbeatRepository
from bot.features.backfill.repository import SqlHeartbeatRepository
from bot.features.backlog.ports import BacklogRepository
from bot.features.backlog.repository import SqlBacklogRepository
from bot.features.compliance.ports import ViolationRepository
from bot.features.compliance.repository import SqlViolationRepository
from bot.features.history.compare_repository import SqlComparisonRepository
from bot.features.history.ports import ComparisonRepository, HistoryRepository
from bot.features.history.repository import SqlHistoryRepository
from bot.features.hosts.ports import HostRepository
from bot.features.hosts.repository import SqlHostRepository
from bot.features.onetrust_apps.ports import OneTrustAppRepository
from bot.features.onetrust_apps.repository import SqlOneTrustAppRepository
from bot.features.rescan_requests.ports import RescanRequestRepository
from bot.features.rescan_requests.repository import SqlRescanRequestRepository
from bot.features.results.ports import ResultRepository
from bot.features.results.repository import SqlResultRepository
from bot.features.retention.ports import PrivacyRepository
from bot.features.retention.repository import SqlPrivacyRepository
from bot.features.retention.upload_repository import SqlUploadRepository
from bot.features.submission.ports import SubmissionScanRepository
from bot.features.submission.queue_repository import SqlQueueRepository
from bot.features.submission.scan_repository import SqlScanRepository
from bot.features.third_party_apps.ports import AppLookupRepository
from bot.features.third_party_apps.repository import SqlAppLookupRepository
from bot.features.verdicts.lookup_repository import SqlVerdictLookupRepository
from bot.features.verdicts.ports import VerdictLookupRepository, VerdictRepository
from bot.features.verdicts.repository import SqlVerdictRepository
from bot.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Repositories:
    """All repositories; each feature sees those that its ``ports`` name."""

    scans: SubmissionScanRepository
    queue: QueueRepository
    links: LinkRepository
    requests: RescanRequestRepository
    history: HistoryRepository
    applications: OneTrustAppRepository
    comparisons: ComparisonRepository
    alive: HeartbeatRepository
    notices: BacklogRepository
    results: ResultRepository
    violations: ViolationRepository
    governance: AppLookupRepository
    privacy: PrivacyRepository
    uploads: UploadRepository
    hosts: HostRepository
    verdicts: VerdictRepository
    asked_verdicts: VerdictLookupRepository


def store_on(database: Database, clock: Clock) -> Repositories:
    """Return the stores of an open database."""
    return Repositories(
        scans=SqlScanRepository(database, clock),
        queue=SqlQueueRepository(database, clock),
        links=SqlLinkRepository(database, clock),
        requests=SqlRescanRequestRepository(database, clock),
        history=SqlHistoryRepository(database),
        applications=SqlOneTrustAppRepository(database),
        comparisons=SqlComparisonRepository(database),
        alive=SqlHeartbeatRepository(database, clock),
        notices=SqlBacklogRepository(database),
        results=SqlResultRepository(database, clock),
        violations=SqlViolationRepository(database, clock),
        governance=SqlAppLookupRepository(database, clock),
        privacy=SqlPrivacyRepository(database, clock),
        uploads=SqlUploadRepository(database, clock),
        hosts=SqlHostRepository(database, clock),
        verdicts=SqlVerdictRepository(database, clock),
        asked_verdicts=SqlVerdictLookupRepository(database),
    )
