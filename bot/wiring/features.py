"""All features, and what they do together."""

from pathlib import Path
from typing import Final

from bot.features.backfill import feature as backfill
from bot.features.backlog import feature as backlog
from bot.features.compliance import feature as compliance
from bot.features.history import feature as history
from bot.features.hosts import feature as hosts
from bot.features.onetrust_apps import feature as onetrust_apps
from bot.features.results import feature as results
from bot.features.retention import feature as retention
from bot.features.shell import feature as shell
from bot.features.submission import feature as submission
from bot.features.submission.sections import ReplySection
from bot.features.third_party_apps import feature as third_party_apps
from bot.features.verdicts import feature as verdicts
from bot.features.zscaler_admin import feature as zscaler_admin
from bot.storage.database import BUSY_TIMEOUT_MS, Database
from bot.wiring.domain import ReplyContext

FEATURES: Final = (
    submission.FEATURE,
    onetrust_apps.FEATURE,
    results.FEATURE,
    compliance.FEATURE,
    history.FEATURE,
    shell.FEATURE,
    verdicts.FEATURE,
    third_party_apps.FEATURE,
    zscaler_admin.FEATURE,
    hosts.FEATURE,
    backlog.FEATURE,
    backfill.FEATURE,
    retention.FEATURE,
)
"""Each after those whose services it needs. Help, replies, row hooks and checks follow this order."""

ROW_HOOKS: Final = tuple(hooks for feature in FEATURES for hooks in feature.row_hooks)


async def open_database(path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Database:
    """Open the database with the row hooks of all features; see ``Database.open``."""
    return await Database.open(path, hooks=ROW_HOOKS, busy_timeout_ms=busy_timeout_ms)


def reply_sections(context: ReplyContext) -> tuple[ReplySection, ...]:
    """Return the sections of a scan's reply."""
    made = [feature.reply_section(context) for feature in FEATURES if feature.reply_section is not None]
    return tuple(section for section in made if section is not None)
