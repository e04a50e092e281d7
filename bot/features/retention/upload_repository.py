"""The rows of builds on the FTP server, each from before its upload until its removal."""

from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes


class UploadRepository(Repository):
    """Uploaded builds; their rows outlive their scans, so that every file is removed."""

    @writes
    def add(self, db: Connection, name: str, scan: int) -> None:
        """Record that an upload starts now; a retry restarts its time."""
        db.execute(
            "INSERT INTO uploads (name, scan, at) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            [name, scan, self.clock.now()],
        )

    @reads
    def older_than(self, db: Connection, before: float, limit: int) -> list[str]:
        """Return the names of uploads from before then, oldest first, without those of open scans."""
        query = (
            "SELECT uploads.name FROM uploads LEFT JOIN scans ON scans.number = uploads.scan "
            "WHERE uploads.at <= ? AND coalesce(scans.state, '') NOT IN "
            f"({rows.OPEN_STATES}) ORDER BY uploads.at LIMIT ?"
        )
        return [row["name"] for row in db.query(query, [before, limit])]

    @reads
    def count(self, db: Connection) -> int:
        """Return the number of uploads."""
        return db.table("uploads").count

    @writes
    def remove(self, db: Connection, name: str, before: float) -> None:
        """Delete the row of a removed upload, unless a new upload has started since ``before``."""
        db.execute("DELETE FROM uploads WHERE name = ? AND at <= ?", [name, before])
