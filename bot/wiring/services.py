"""What listeners call: one door to the domain."""

from dataclasses import dataclass

from bot.core.access import Access
from bot.features.compliance.review import ViolationReview
from bot.features.history.compare import Comparisons
from bot.features.history.history import HistoryService
from bot.features.hosts.lookup import UrlLookupService
from bot.features.onetrust_apps.service import OneTrustApps
from bot.features.results.retry import ScanRetry
from bot.features.submission.card_repository import Cards
from bot.features.submission.intake import Intake
from bot.features.submission.user_actions import UserActions
from bot.features.third_party_apps.service import ThirdPartyApps
from bot.features.verdicts.lookup import VerdictLookup
from bot.features.verdicts.retry import VerdictRetry
from bot.features.zscaler_admin.service import ZscalerAdmin


@dataclass(frozen=True, kw_only=True)
class Services:
    """The domain's services, by what a person wants."""

    intake: Intake
    """Have a build scanned."""
    choices: UserActions
    """Decide about a scan."""
    records: HistoryService
    """Look something up, or change a link."""
    comparisons: Comparisons
    """Ask about what scans found."""
    onetrust_apps: OneTrustApps
    """Look into OneTrust's own list of applications."""
    reviews: ViolationReview
    """Acknowledge that a build breaks the policy."""
    scan_retry: ScanRetry
    """Scan a file once more that OneTrust failed to scan."""
    verdict_retry: VerdictRetry
    """Have Zscaler asked again that came to no verdict."""
    policy: Access
    """Who may use the bot, and where."""
    cards: Cards
    """What a scan's reply shows."""
    administration: ZscalerAdmin | None = None
    """Look after Zscaler; ``None`` where it is not set up."""
    urls: UrlLookupService | None = None
    """Ask about URLs and hosts; ``None`` where nothing that knows of them is set up."""
    governing: ThirdPartyApps | None = None
    """Look up third-party apps; ``None`` where that is not set up."""
    verdicts: VerdictLookup | None = None
    """Ask about verdicts; ``None`` where Zscaler's Sandbox is not set up."""
    words: frozenset[str] = frozenset()
    """Words of ``/appscan`` that are not always there: those whose API is set up."""
