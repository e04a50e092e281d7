"""Until when Slack was heard, and which conversations are still to be looked through for what was missed."""

from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

_EVERYWHERE = ""
"""In place of a channel: in every conversation, which are yet to be listed."""


class HeartbeatRepository(Repository):
    """The heartbeat, and what is missed."""

    @writes
    def beat(self, db: Connection, *, gap_s: float, margin_s: float) -> bool:
        """Note that Slack is heard now; return whether something may have been missed since the last time.

        That is so after ``gap_s`` seconds of silence. What is missed is noted in the same transaction, from
        ``margin_s`` before the silence on, and never from before the very first beat. A clock that was set
        back leaves it open when the last beat was: then everything since the first may have been missed.
        """
        now = self.clock.now()
        row = next(iter(db.query("SELECT first_at, last_at FROM alive")), None)
        if row is None:
            db.execute("INSERT INTO alive (id, first_at, last_at) VALUES (1, ?, ?)", [now, now])
            return False
        silence_s = now - row["last_at"]
        silent = bool(abs(silence_s) >= gap_s)
        if silent:
            last_at = row["last_at"] if silence_s >= 0 else 0.0
            _note(db, _EVERYWHERE, min(now, max(row["first_at"], last_at - margin_s)))
        db.execute("UPDATE alive SET last_at = ?", [now])
        return silent

    @reads
    def everywhere(self, db: Connection) -> float | None:
        """Return since when every conversation is to be looked through; ``None`` where none is."""
        query = "SELECT since FROM missed WHERE channel = ?"
        return next((float(row["since"]) for row in db.query(query, [_EVERYWHERE])), None)

    @writes
    def spread(self, db: Connection, channels: list[str], since: float) -> None:
        """Note what is missed everywhere as missed in each of these conversations."""
        for channel in channels:
            _note(db, channel, since)
        db.execute("DELETE FROM missed WHERE channel = ?", [_EVERYWHERE])

    @reads
    def missed(self, db: Connection) -> list[tuple[str, float]]:
        """Return the conversations to look through, each with since when; the latest gap first."""
        query = "SELECT channel, since FROM missed WHERE channel != ? ORDER BY since DESC, channel"
        return [(str(row["channel"]), float(row["since"])) for row in db.query(query, [_EVERYWHERE])]

    @writes
    def looked(self, db: Connection, channel: str) -> None:
        """Forget that something was missed in a conversation."""
        db.execute("DELETE FROM missed WHERE channel = ?", [channel])

    @writes
    def forget(self, db: Connection) -> None:
        """Forget all that was missed."""
        db.execute("DELETE FROM missed")


def _note(db: Connection, channel: str, since: float) -> None:
    db.execute(
        "INSERT INTO missed (channel, since) VALUES (?, ?) "
        "ON CONFLICT (channel) DO UPDATE SET since = min(since, excluded.since)",
        [channel, since],
    )
