"""Rows that are removed: old scans, people in the history, and builds on the FTP server.

Which apps were scanned is kept in ``known_apps``; otherwise the next build of one would be submitted as a new
app, and OneTrust would have it twice.
"""

import re

from bot.core.scan import FORGOTTEN
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

BATCH = 200
"""Scans removed per transaction, as other writes wait for it."""

_PEOPLE = (("scans", "shared_by"), ("scans", "asked_by"), ("events", "who"), ("apps", "linked_by"))
"""Tables and columns with user IDs; those of other features are in their hooks."""


class PrivacyRepository(Repository):
    """Purges old scans, and forgets people."""

    async def purge(self, before: float) -> int:
        """Remove scans that have not changed since ``before``, except open ones; return their number.

        Also removes who linked apps before then, and older rows of features that belong to no scan.
        """
        purged = 0
        while removed := await self.database.write(lambda db: _purge(db, before)):
            purged += removed

        def rest(db: Connection) -> bool:
            links = db.execute(
                "UPDATE apps SET linked_by = ? WHERE linked_at < ? AND linked_by <> ?",
                [FORGOTTEN, before, FORGOTTEN],
            ).rowcount
            purges = [hooks.purge(db, before) for hooks in db.hooks if hooks.purge is not None]
            return bool(links) or any(purges)

        if await self.database.write(rest) or purged:
            await self._scrub()
        return purged

    async def forget(self, user: str) -> int | None:
        """Remove a person from the history; return how many scans they shared or asked for.

        Removes their comments and reasons, and mentions of them in others'. ``None`` if nothing was found.
        """
        mention = re.compile(rf"<@{re.escape(user)}(?:\|[^<>]*)?>")

        def work(db: Connection) -> int | None:
            before = db.conn.total_changes
            query = "SELECT count(*) FROM scans WHERE ? IN (shared_by, asked_by)"
            (scans,) = db.execute(query, [user]).fetchone()
            db.execute("UPDATE scans SET comment = '' WHERE ? IN (shared_by, asked_by)", [user])
            for row in list(db.query("SELECT number, comment FROM scans WHERE instr(comment, ?)", [user])):
                comment = mention.sub("someone", row["comment"]).replace(user, "someone")
                db.execute("UPDATE scans SET comment = ? WHERE number = ?", [comment, row["number"]])
            for table, column in _PEOPLE:
                db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", [FORGOTTEN, user])
            for hooks in db.hooks:
                if hooks.forget is not None:
                    hooks.forget(db, user, FORGOTTEN)
            return int(scans) if db.conn.total_changes > before else None

        scans = await self.database.write(work)
        await self._scrub()
        return scans

    async def _scrub(self) -> None:
        """Remove what was deleted from the search index and the WAL too."""
        optimize = "INSERT INTO scans_fts (scans_fts) VALUES ('optimize')"
        await self.database.write(lambda db: db.execute(optimize))
        await self.database.read(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())


class UploadRepository(Repository):
    """Builds on the FTP server, each from before its upload until its removal, also after their scans."""

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


def _purge(db: Connection, before: float) -> int:
    """Remove up to ``BATCH`` scans, oldest first."""
    found = db.query(
        "SELECT number FROM scans WHERE updated_at < ? AND coalesce(finished_at, 0) < ? "
        f"AND state NOT IN ({rows.OPEN_STATES}, 'waiting') ORDER BY number LIMIT ?",
        [before, before, BATCH],
    )
    numbers = [int(row["number"]) for row in found]
    these = f"({', '.join(map(str, numbers))})"
    db.execute(
        "INSERT INTO known_apps (bundle_id, platform, public) "
        "SELECT bundle_id, platform, max(coalesce(channel_kind, 'public') = 'public') FROM scans "
        f"WHERE number IN {these} AND bundle_id IS NOT NULL AND {rows.SENT} "
        "GROUP BY bundle_id, platform "
        "ON CONFLICT (bundle_id, platform) DO UPDATE SET public = max(public, excluded.public)"
    )
    db.execute(f"UPDATE scans SET original = NULL WHERE original IN {these}")
    for column in ("latest", "answer"):
        db.execute(f"UPDATE requests SET {column} = NULL WHERE {column} IN {these}")
    db.execute(f"DELETE FROM scans WHERE number IN {these}")
    return len(numbers)
