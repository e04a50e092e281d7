"""The rows of notices about channels' queues."""

from bot.core.scan import OPEN, WORKING
from bot.features.backlog.models import Backlog, Notice
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

_WAITING = rows.listed(OPEN - WORKING)


class BacklogRepository(Repository):
    """Open notices, and the queues they are about."""

    @reads
    def backlogs(self, db: Connection) -> list[Backlog]:
        """Return the channels with waiting or unanswered builds."""
        query = f"""
            SELECT channel, sum(state IN ({_WAITING})) AS waiting, sum(
                coalesce(reply_ts, '') = '' AND shown_revision < revision AND state <> 'cancelled'
            ) AS unanswered
            FROM scans WHERE number IN (
                SELECT number FROM scans WHERE shown_revision < revision UNION
                SELECT number FROM scans WHERE state IN ({_WAITING})
            ) AND source = 'slack' GROUP BY channel
        """
        return [Backlog(**row) for row in db.query(query)]

    @reads
    def open(self, db: Connection) -> list[Notice]:
        """Return the open notices."""
        return [Notice(**{**row, "was_away": bool(row["was_away"])}) for row in db["notices"].rows]

    @writes
    def put(self, db: Connection, notice: Notice) -> None:
        """Store a channel's notice as it is shown."""
        values = {name: value for name, value in vars(notice).items() if name != "closed_at"}
        db.table("notices").insert(rows.plain(values), replace=True)

    @writes
    def remove(self, db: Connection, channel: str) -> None:
        """Delete a channel's notice, which shows that it is over."""
        db.execute("DELETE FROM notices WHERE channel = ?", [channel])
