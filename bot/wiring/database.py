"""The database, with what features do in each other's transactions."""

from pathlib import Path
from typing import Final

from bot.features.compliance import repository as compliance
from bot.features.hosts import repository as hosts
from bot.features.rescan_requests import repository as rescan_requests
from bot.features.results import repository as results
from bot.features.third_party_apps import repository as third_party_apps
from bot.features.verdicts import lookup_repository as verdicts
from bot.storage.connection import RowHooks
from bot.storage.database import BUSY_TIMEOUT_MS, Database

ROW_HOOKS: Final[tuple[RowHooks, ...]] = (
    results.HOOKS,
    verdicts.HOOKS,
    compliance.HOOKS,
    hosts.HOOKS,
    rescan_requests.HOOKS,
    third_party_apps.HOOKS,
)
"""All that acts in the transaction of a scan's move, a decision, results, a purge, in this order."""


async def open_database(path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Database:
    """Open the database; see ``Database.open``."""
    return await Database.open(path, hooks=ROW_HOOKS, busy_timeout_ms=busy_timeout_ms)
