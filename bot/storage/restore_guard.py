"""A database that was put back from a backup: what was done since, it does not know.

A backup carries a mark, which the first start on it finds and takes away. Builds that were on their way when
the backup was made may have been submitted since, so none of them is sent by itself: a person settles each.
"""

from bot.core.ports import Clock
from bot.core.scan import OPEN, State, SubmissionState
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.database import Database

MARK = 1
"""``PRAGMA user_version`` of a backup; 0 in a database that is in use. SQLite copies it with the file."""

NUMBERS_LEFT_OUT = 10_000
"""Numbers that are not given again: buttons of lost scans are still in Slack, and must not mean others."""

PROBLEM = (
    "The bot was set back to a backup that was made while this build was on its way: it may have been "
    "submitted since. If so, an older reply in this thread shows the request ID."
)


async def settle(database: Database, clock: Clock) -> list[int] | None:
    """Make a backup that was put back safe to work on; once, whoever comes first.

    Returns the scans that a person has to settle, ``None`` where the database is no such backup.
    """

    def work(db: Connection) -> list[int] | None:
        if not _marked(db):
            return None
        now = clock.now()
        states = ", ".join(f"'{state.value}'" for state in sorted(OPEN | {State.WAITING}))
        found = rows.scans_where(db, f"WHERE scans.state IN ({states}) ORDER BY scans.number")
        for scan in found:
            transitions.move(
                db,
                scan.number,
                State.UNCERTAIN,
                now=now,
                why="the bot was set back to a backup",
                # A reply of its own: the older one may show the request ID. It says when this was last seen.
                scan={"problem": PROBLEM, "reply_ts": None, "updated_at": scan.updated_at},
                submission={"state": SubmissionState.UNCERTAIN},
            )
        db.execute("DELETE FROM arrivals")  # they may be among the submitted ones
        db.execute("DELETE FROM missed")  # so may be what was shared before now
        db.execute("UPDATE alive SET first_at = ?, last_at = ?", [now, now])
        # Results may have been told of since: the messages are looked for before they are posted.
        for table in ("results", "opinions"):
            db.execute(f"UPDATE {table} SET announced_ts = '' WHERE announced_ts IS NULL")
        for table in ("scans", "requests", "app_looks"):
            _leave_numbers_out(db, table)
        db.execute("PRAGMA user_version = 0")
        return [scan.number for scan in found]

    if not await database.read(_marked):
        return None
    return await database.write(work)


def _marked(db: Connection) -> bool:
    return bool(db.execute("PRAGMA user_version").fetchone()[0] == MARK)


def _leave_numbers_out(db: Connection, table: str) -> None:
    changed = db.execute(
        "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", [NUMBERS_LEFT_OUT, table]
    ).rowcount
    if not changed:
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, NUMBERS_LEFT_OUT])
