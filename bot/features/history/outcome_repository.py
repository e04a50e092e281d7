"""Summaries of scans' results in OneTrust, for lists."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from bot.features.history.models import Outcome
from bot.features.results.models import ResultState
from bot.storage.connection import Connection

RULES_NAMED: Final = 3
"""Maximum number of violated rules named per scan."""


def read(db: Connection, numbers: Sequence[int]) -> dict[int, Outcome]:
    """Return the outcomes of those scans that were polled."""
    marks = ", ".join("?" * len(numbers))
    violated = defaultdict(list)
    query = (
        f"SELECT scan, rule FROM breaches WHERE scan IN ({marks}) AND acknowledged_at IS NULL ORDER BY number"
    )
    for row in db.query(query, list(numbers)):
        violated[row["scan"]].append(row["rule"])
    return {
        row["scan"]: Outcome(
            state=ResultState(row["state"]),
            sdk_count=row["sdk_count"],
            violated=tuple(violated[row["scan"]][:RULES_NAMED]),
            violated_count=len(violated[row["scan"]]),
        )
        for row in db.query(
            f"SELECT scan, state, sdk_count FROM results WHERE scan IN ({marks})", list(numbers)
        )
    }
