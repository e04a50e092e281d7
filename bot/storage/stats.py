"""Statistics from the rows; transitions are read from the timeline, in which each has a line."""

from bot.core.scan import Platform, State
from bot.core.stats import Move, StatsSnapshot
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads

MAX_MOVES = 5_000
"""Lines of the timeline read per snapshot; the next one continues."""

_MOVES = f"""
    SELECT e.number, e.before, e.after, e.at - coalesce((
        SELECT p.at FROM events AS p
        WHERE p.scan = e.scan AND p.number < e.number AND p.before IS NOT p.after
        ORDER BY p.number DESC LIMIT 1
    ), e.at) AS seconds, e.at - coalesce(scans.begun_at, scans.created_at) AS total_s
    FROM events AS e CROSS JOIN scans ON scans.number = e.scan
    WHERE e.number > ? AND e.number <= ? ORDER BY e.number LIMIT {MAX_MOVES}
"""


class SqlStats(Repository):
    """Takes snapshots; remembers the last line of the timeline that it has read."""

    _last: int | None = None

    @reads
    def snapshot(self, db: Connection) -> StatsSnapshot:
        """Take a snapshot; the first one has no moves."""
        newest = int(db.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0])
        # The end of the timeline can be purged, and its numbers are used again.
        moves = list(db.query(_MOVES, [newest if self._last is None else min(self._last, newest), newest]))
        counts = db.query("SELECT state, platform, count(*) AS scans FROM scans GROUP BY state, platform")
        queued, oldest = db.execute(
            "SELECT count(*), min(coalesce(begun_at, created_at)) FROM scans "
            "WHERE state IN ('received', 'queued')"
        ).fetchone()
        snapshot = StatsSnapshot(
            scans={
                (State(row["state"]), Platform(row["platform"]) if row["platform"] else None): row["scans"]
                for row in counts
            },
            queued=queued,
            oldest_s=max(0.0, self.clock.now() - oldest) if queued else 0.0,
            moves=tuple(
                Move(
                    before=State(row["before"]),
                    after=State(row["after"]),
                    seconds=max(0.0, row["seconds"]),
                    total_s=max(0.0, row["total_s"]),
                )
                for row in moves
                if row["before"] is not None and row["before"] != row["after"]
            ),
        )
        self._last = moves[-1]["number"] if len(moves) == MAX_MOVES else newest
        return snapshot
