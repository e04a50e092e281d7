"""The rows in figures. What happened is read from the timeline, which every transition leaves a line in."""

from bot.core.ports import Clock
from bot.core.scan import Platform, State
from bot.core.stats import Move, StatsSnapshot
from bot.storage.connection import Connection
from bot.storage.database import Database

MOST_MOVES = 5_000
"""Lines of the timeline that are read at one look; the rest is left to the next."""

_MOVES = f"""
    SELECT e.number, e.before, e.after, e.at - coalesce((
        SELECT p.at FROM events AS p
        WHERE p.scan = e.scan AND p.number < e.number AND p.before IS NOT p.after
        ORDER BY p.number DESC LIMIT 1
    ), e.at) AS seconds, e.at - coalesce(scans.begun_at, scans.created_at) AS total_s
    FROM events AS e CROSS JOIN scans ON scans.number = e.scan
    WHERE e.number > ? AND e.number <= ? ORDER BY e.number LIMIT {MOST_MOVES}
"""


class SqlStats:
    """Looks at the rows; keeps the place in the timeline up to which it has looked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: int | None = None

    async def snapshot(self) -> StatsSnapshot:
        """Look at the rows; what happened before the first look is not told."""
        return await self._database.read(self._look)

    def _look(self, db: Connection) -> StatsSnapshot:
        newest = int(db.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0])
        # The end of the timeline can be purged, and its numbers given again.
        seen = newest if self._seen is None else min(self._seen, newest)
        moved = list(db.query(_MOVES, [seen, newest]))
        counted = db.query("SELECT state, platform, count(*) AS scans FROM scans GROUP BY state, platform")
        queue = next(
            iter(
                db.query(
                    "SELECT count(*) AS queued, min(coalesce(begun_at, created_at)) AS oldest FROM scans "
                    "WHERE state IN ('received', 'queued')"
                )
            )
        )
        look = StatsSnapshot(
            scans={
                (State(row["state"]), Platform(row["platform"]) if row["platform"] else None): row["scans"]
                for row in counted
            },
            queued=queue["queued"],
            oldest_s=max(0.0, self._clock.now() - queue["oldest"]) if queue["queued"] else 0.0,
            moves=tuple(
                Move(
                    before=State(row["before"]),
                    after=State(row["after"]),
                    seconds=max(0.0, row["seconds"]),
                    total_s=max(0.0, row["total_s"]),
                )
                for row in moved
                if row["before"] is not None and row["before"] != row["after"]
            ),
        )
        self._seen = moved[-1]["number"] if len(moved) == MOST_MOVES else newest
        return look
