"""What came of some scans in OneTrust, in short: for a list of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from bot.features.history.models import Outcome
from bot.features.results.models import ResultState
from bot.storage.connection import Connection

RULES_NAMED: Final = 3
"""Broken rules of a scan that are named."""


def read(db: Connection, numbers: Sequence[int]) -> dict[int, Outcome]:
    """Return what came of each of these scans that is, or was, followed."""
    marks = ", ".join("?" * len(numbers))
    broken = defaultdict(list)
    query = (
        f"SELECT scan, rule FROM breaches WHERE scan IN ({marks}) AND acknowledged_at IS NULL ORDER BY number"
    )
    for row in db.query(query, list(numbers)):
        broken[row["scan"]].append(row["rule"])
    return {
        row["scan"]: Outcome(
            state=ResultState(row["state"]),
            sdk_count=row["sdk_count"],
            broken=tuple(broken[row["scan"]][:RULES_NAMED]),
            broken_count=len(broken[row["scan"]]),
        )
        for row in db.query(
            f"SELECT scan, state, sdk_count FROM results WHERE scan IN ({marks})", list(numbers)
        )
    }
