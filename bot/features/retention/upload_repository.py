"""Builds that were put on the FTP server, from before their first byte goes until they are removed."""

from bot.core.ports import Clock
from bot.storage import rows
from bot.storage.database import Database


class UploadRepository:
    """The table of uploads. Its rows outlive their scans: what is on the server is removed all the same."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, name: str, scan: int) -> None:
        """Note that a scan's build goes to the server now; a later try starts its time anew."""
        now = self._clock.now()
        await self._database.write(
            lambda db: db.execute(
                "INSERT INTO uploads (name, scan, at) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                [name, scan, now],
            )
        )

    async def older_than(self, before: float, limit: int) -> list[str]:
        """Return names of uploads of before then, oldest first; none of scans that move on by themselves."""
        query = (
            "SELECT uploads.name FROM uploads LEFT JOIN scans ON scans.number = uploads.scan "
            "WHERE uploads.at <= ? AND coalesce(scans.state, '') NOT IN "
            f"({rows.OPEN_STATES}) ORDER BY uploads.at LIMIT ?"
        )
        return await self._database.read(lambda db: [row["name"] for row in db.query(query, [before, limit])])

    async def count(self) -> int:
        """Return how many there are."""
        return await self._database.read(lambda db: db.table("uploads").count)

    async def remove(self, name: str, before: float) -> None:
        """Forget an upload of before then, which is on the server no more; one that was begun anew stays."""
        await self._database.write(
            lambda db: db.execute("DELETE FROM uploads WHERE name = ? AND at <= ?", [name, before])
        )
