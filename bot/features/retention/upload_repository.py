"""Builds that were put on the FTP server, from before their first byte goes until they are removed."""

from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes


class UploadRepository(Repository):
    """The table of uploads. Its rows outlive their scans: what is on the server is removed all the same."""

    @writes
    def add(self, db: Connection, name: str, scan: int) -> None:
        """Note that a scan's build goes to the server now; a later try starts its time anew."""
        now = self.clock.now()
        db.execute(
            "INSERT INTO uploads (name, scan, at) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            [name, scan, now],
        )

    @reads
    def older_than(self, db: Connection, before: float, limit: int) -> list[str]:
        """Return names of uploads of before then, oldest first; none of scans that move on by themselves."""
        query = (
            "SELECT uploads.name FROM uploads LEFT JOIN scans ON scans.number = uploads.scan "
            "WHERE uploads.at <= ? AND coalesce(scans.state, '') NOT IN "
            f"({rows.OPEN_STATES}) ORDER BY uploads.at LIMIT ?"
        )
        return [row["name"] for row in db.query(query, [before, limit])]

    @reads
    def count(self, db: Connection) -> int:
        """Return how many there are."""
        return db.table("uploads").count

    @writes
    def remove(self, db: Connection, name: str, before: float) -> None:
        """Forget an upload of before then, which is on the server no more; one that was begun anew stays."""
        db.execute("DELETE FROM uploads WHERE name = ? AND at <= ?", [name, before])
