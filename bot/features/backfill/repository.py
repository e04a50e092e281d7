"""Until when Slack was heard, and which conversations are still to be looked through for what was missed."""

from bot.core.ports import Clock
from bot.storage.connection import Connection
from bot.storage.database import Database

_EVERYWHERE = ""
"""In place of a channel: in every conversation, which are yet to be listed."""


class HeartbeatRepository:
    """The heartbeat, and what is missed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def beat(self, *, gap_s: float, margin_s: float) -> bool:
        """Note that Slack is heard now; return whether something may have been missed since the last time.

        That is so after ``gap_s`` seconds of silence. What is missed is noted in the same transaction, from
        ``margin_s`` before the silence on, and never from before the very first beat. A clock that was set
        back leaves it open when the last beat was: then everything since the first may have been missed.
        """
        now = self._clock.now()

        def work(db: Connection) -> bool:
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

        return await self._database.write(work)

    async def everywhere(self) -> float | None:
        """Return since when every conversation is to be looked through; ``None`` where none is."""
        query = "SELECT since FROM missed WHERE channel = ?"
        return await self._database.read(
            lambda db: next((float(row["since"]) for row in db.query(query, [_EVERYWHERE])), None)
        )

    async def spread(self, channels: list[str], since: float) -> None:
        """Note what is missed everywhere as missed in each of these conversations."""

        def work(db: Connection) -> None:
            for channel in channels:
                _note(db, channel, since)
            db.execute("DELETE FROM missed WHERE channel = ?", [_EVERYWHERE])

        await self._database.write(work)

    async def missed(self) -> list[tuple[str, float]]:
        """Return the conversations to look through, each with since when; the latest gap first."""
        query = "SELECT channel, since FROM missed WHERE channel != ? ORDER BY since DESC, channel"
        return await self._database.read(
            lambda db: [(str(row["channel"]), float(row["since"])) for row in db.query(query, [_EVERYWHERE])]
        )

    async def looked(self, channel: str) -> None:
        """Forget that something was missed in a conversation."""
        await self._database.write(lambda db: db.execute("DELETE FROM missed WHERE channel = ?", [channel]))

    async def forget(self) -> None:
        """Forget all that was missed."""
        await self._database.write(lambda db: db.execute("DELETE FROM missed"))


def _note(db: Connection, channel: str, since: float) -> None:
    db.execute(
        "INSERT INTO missed (channel, since) VALUES (?, ?) "
        "ON CONFLICT (channel) DO UPDATE SET since = min(since, excluded.since)",
        [channel, since],
    )
