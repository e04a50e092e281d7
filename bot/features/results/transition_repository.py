"""Starts and stops polling when a scan's state changes."""

from typing import Final

from bot.core.scan import Scan, State
from bot.features.results.models import ResultState
from bot.storage.connection import Connection, RowHooks


def moved(db: Connection, before: Scan, after: Scan, now: float) -> tuple[str, ...]:
    """Start polling for a scan that was, or may have been, submitted; stop if it is submitted again."""
    if after.state is State.UNCERTAIN:
        # Found out only now, perhaps after a restart: the submission was running since its last change.
        begin(db, after, since=before.updated_at, now=now)
    elif after.state is State.SUBMITTED:
        begin(db, after, since=now, now=now)
    elif before.state is State.UNCERTAIN:
        db.execute("DELETE FROM results WHERE scan = ?", [after.number])
    return ()


def begin(db: Connection, scan: Scan, *, since: float, now: float) -> None:
    """Start polling for a scan; one that was polled before keeps its ``since``."""
    known = scan.submission.scan_id is not None and scan.submission.application_id is not None
    state = ResultState.RUNNING if known else ResultState.FINDING
    db.execute(
        "INSERT INTO results (scan, state, since, followed_at, due_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (scan) DO UPDATE SET state = excluded.state, followed_at = excluded.followed_at, "
        "due_at = excluded.due_at, looks = 0, looked_for = '', ended_at = NULL",
        [scan.number, state.value, since, now, now],
    )


HOOKS: Final = RowHooks(moved=moved)
"""What results do in the transactions of others."""
