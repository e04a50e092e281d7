"""Makes a restored backup safe to use.

A backup is marked, and the first start on it removes the mark. Builds that were moving when it was made may
have been submitted since, so none is sent automatically: a person settles each.
"""

from bot.core.ports import Clock
from bot.core.scan import OPEN, State, SubmissionState
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.database import Database

MARK = 1
"""``PRAGMA user_version`` of a backup; 0 in a database in use. SQLite copies it with the file."""

SKIPPED_NUMBERS = 10_000
"""Numbers to skip: buttons of lost scans are still in Slack, and must not mean new ones."""

PROBLEM = (
    "The bot was set back to a backup that was made while this build was on its way: it may have been "
    "submitted since. If so, an older reply in this thread shows the request ID."
)


async def settle(database: Database, clock: Clock) -> list[int] | None:
    """Make a restored backup safe to use, once; return the scans that a person has to settle.

    ``None`` if the database is not a backup.
    """

    def work(db: Connection) -> list[int] | None:
        if not _is_marked(db):
            return None
        now = clock.now()
        states = rows.listed(OPEN | {State.WAITING})
        found = rows.scans_where(db, f"WHERE scans.state IN ({states}) ORDER BY scans.number")
        for scan in found:
            transitions.move(
                db,
                scan.number,
                State.UNCERTAIN,
                now=now,
                why="the bot was set back to a backup",
                # With a new reply: the older one may show the request ID.
                scan={"problem": PROBLEM, "reply_ts": None, "updated_at": scan.updated_at},
                submission={"state": SubmissionState.UNCERTAIN},
            )
        db.execute("DELETE FROM arrivals")  # they may have been submitted
        db.execute("DELETE FROM missed")  # as above
        db.execute("UPDATE alive SET first_at = ?, last_at = ?", [now, now])
        # Results may have been announced since: Slack is searched for the messages before they are posted.
        for table in ("results", "opinions"):
            db.execute(f"UPDATE {table} SET announced_ts = '' WHERE announced_ts IS NULL")
        for table in ("scans", "requests", "app_looks"):
            skip = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?"
            if not db.execute(skip, [SKIPPED_NUMBERS, table]).rowcount:
                db.execute("INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", [SKIPPED_NUMBERS, table])
        db.execute("PRAGMA user_version = 0")
        return [scan.number for scan in found]

    if not await database.read(_is_marked):
        return None
    return await database.write(work)


def _is_marked(db: Connection) -> bool:
    return bool(db.execute("PRAGMA user_version").fetchone()[0] == MARK)
