"""What the bot has opened, and what its parts are joined with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.features.verdicts.side_scanner import SideScanner
from bot.metrics import Metrics
from bot.scans.budget import Budget
from bot.scans.memory import Store
from bot.scans.ports import Applications, BuildReader, Clock
from bot.scans.routes import Routes
from bot.scans.rules import Rule
from bot.scans.workroom import Workroom
from bot.settings import Settings
from bot.slack.identity import Identity
from bot.zscaler_parts import Zscaler


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the bot has opened, and works with."""

    settings: Settings
    clock: Clock
    store: Store
    client: AsyncWebClient
    identity: Identity
    routes: Routes
    reader: BuildReader
    workroom: Workroom
    metrics: Metrics
    rules: tuple[Rule, ...]
    """What results are judged by."""
    hears: Callable[[], Awaitable[bool]]
    """Whether what people do in Slack reaches the bot now."""
    applications: Applications
    """What reads OneTrust's list of apps, and results."""
    budget: Budget
    """Of calls that read."""
    zscaler: Zscaler | None
    """Zscaler's APIs; ``None`` if they are not set up."""
    side_scanners: tuple[SideScanner, ...]
    """All that are known, also those that are not set up."""
