"""What the bot has opened, and what its parts are joined with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.config.settings import Settings
from bot.core.ports import BuildReader, Clock
from bot.core.rate_limit import RateLimiter
from bot.core.work_dir import WorkDir
from bot.features.compliance.rules import Rule
from bot.features.results.ports import Applications
from bot.features.submission.routes import Routes
from bot.features.submission.sections import ReplySection
from bot.features.verdicts.side_scanner import SideScanner
from bot.metrics import Metrics
from bot.slack.api.identity import Identity
from bot.storage.database import Database
from bot.wiring.repositories import Repositories
from bot.wiring.zscaler import Zscaler


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the bot has opened, and works with."""

    settings: Settings
    clock: Clock
    database: Database
    sections: Sequence[ReplySection]
    """Of the reply, beside those of the features."""
    store: Repositories
    client: AsyncWebClient
    identity: Identity
    routes: Routes
    reader: BuildReader
    work_dir: WorkDir
    metrics: Metrics
    rules: tuple[Rule, ...]
    """What results are judged by."""
    hears: Callable[[], Awaitable[bool]]
    """Whether what people do in Slack reaches the bot now."""
    applications: Applications
    """What reads OneTrust's list of apps, and results."""
    budget: RateLimiter
    """Of calls that read."""
    zscaler: Zscaler | None
    """Zscaler's APIs; ``None`` if they are not set up."""
    side_scanners: tuple[SideScanner, ...]
    """All that are known, also those that are not set up."""
