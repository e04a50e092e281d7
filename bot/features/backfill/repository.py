"""The rows of the heartbeat, and of conversations to search for missed builds."""

from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

_EVERYWHERE = ""
"""In place of a channel: every conversation, before they are listed."""


class HeartbeatRepository(Repository):
    """When Slack was connected, and since when conversations may have missed builds."""

    @writes
    def beat(self, db: Connection, *, gap_s: float, margin_s: float) -> bool:
        """Record that Slack is connected now; return whether builds may have been missed since the last beat.

        After a gap of ``gap_s``, all conversations are noted in the same transaction, from ``margin_s``
        before the gap on, but never from before the first beat. If the clock was set back, the time of the
        last beat is not known, so they are noted from the first beat on.
        """
        now = self.clock.now()
        row = next(iter(db.query("SELECT first_at, last_at FROM alive")), None)
        if row is None:
            db.execute("INSERT INTO alive (id, first_at, last_at) VALUES (1, ?, ?)", [now, now])
            return False
        elapsed_s = now - row["last_at"]
        has_gap = bool(abs(elapsed_s) >= gap_s)
        if has_gap:
            last_at = row["last_at"] if elapsed_s >= 0 else 0.0
            _note(db, _EVERYWHERE, min(now, max(row["first_at"], last_at - margin_s)))
        db.execute("UPDATE alive SET last_at = ?", [now])
        return has_gap

    @reads
    def everywhere(self, db: Connection) -> float | None:
        """Return since when every conversation has to be searched; ``None`` if they are listed."""
        query = "SELECT since FROM missed WHERE channel = ?"
        return next((float(row["since"]) for row in db.query(query, [_EVERYWHERE])), None)

    @writes
    def spread(self, db: Connection, channels: list[str], since: float) -> None:
        """Replace the note for every conversation by one for each of ``channels``."""
        for channel in channels:
            _note(db, channel, since)
        db.execute("DELETE FROM missed WHERE channel = ?", [_EVERYWHERE])

    @reads
    def missed(self, db: Connection) -> list[tuple[str, float]]:
        """Return the conversations to search, each with since when; the latest first."""
        query = "SELECT channel, since FROM missed WHERE channel != ? ORDER BY since DESC, channel"
        return [(str(row["channel"]), float(row["since"])) for row in db.query(query, [_EVERYWHERE])]

    @writes
    def searched(self, db: Connection, channel: str) -> None:
        """Remove the note for a conversation."""
        db.execute("DELETE FROM missed WHERE channel = ?", [channel])

    @writes
    def forget(self, db: Connection) -> None:
        """Remove all notes."""
        db.execute("DELETE FROM missed")


def _note(db: Connection, channel: str, since: float) -> None:
    db.execute(
        "INSERT INTO missed (channel, since) VALUES (?, ?) "
        "ON CONFLICT (channel) DO UPDATE SET since = min(since, excluded.since)",
        [channel, since],
    )
