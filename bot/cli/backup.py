"""``python -m bot backup <path>``: copies the database while the bot runs."""

import asyncio
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from bot.storage.connection import Connection
from bot.storage.migrations import check_version
from bot.storage.restore_guard import MARK

BUSY_TIMEOUT_S = 10.0
SUFFIXES = ("", "-wal", "-shm", "-journal", ".lock")
"""Of the files of a database in use."""

DAMAGED = (
    "The copy was discarded: SQLite reports that the database is damaged: {problem}. Keep its files, and "
    "restore an older backup."
)


async def backup(database: Path, to: Path, out: TextIO, *, force: bool) -> int:
    """Write a consistent, checked copy of ``database`` to ``to``, readable by its owner only.

    The copy is a snapshot, and does not block writers. It appears under its name once it is complete.
    ``force`` lets it replace another file, but never the database itself.

    Raises:
        NewerDatabase: a newer version of appscan has upgraded the database.
        SystemExit: with the reason why there is no copy.
    """
    out.write(await asyncio.to_thread(_backup, database, to, force=force))
    return 0


def _backup(database: Path, to: Path, *, force: bool) -> str:
    live = database.resolve()
    if to.resolve() in {live.with_name(live.name + suffix) for suffix in SUFFIXES} or (
        to.exists() and to.samefile(database)
    ):
        raise SystemExit(f"{to} is a file of the database itself: name another file for the copy.")
    if to.is_dir():
        raise SystemExit(f"{to} is a folder: name a file in it.")
    if to.exists() and not force:
        raise SystemExit(f"{to} already exists: name another file, or replace it with --force.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{to.name}.", suffix=".part", dir=to.parent)  # mode 0600
    except OSError as error:
        raise SystemExit(f"Can't create a file in {to.parent}: {error.strerror}.") from None
    os.close(handle)
    part = Path(name)
    try:
        scans = _copy(live, part)
        size_bytes = part.stat().st_size
        if force:
            part.replace(to)
        else:
            os.link(part, to)  # unlike a rename, fails if the file was created in the meantime
        _sync_folder(to.parent)
    except FileExistsError:
        raise SystemExit(f"{to} already exists: name another file, or replace it with --force.") from None
    except sqlite3.Error as error:
        raise SystemExit(f"The database at {database} can't be copied: {error}.") from None
    except OSError as error:
        raise SystemExit(f"The copy can't be written to {to}: {error.strerror}.") from None
    finally:
        for suffix in SUFFIXES:
            part.with_name(part.name + suffix).unlink(missing_ok=True)
    return f"{to}: {scans} {'scan' if scans == 1 else 'scans'}, {size_bytes:,} bytes, checked\n"


def _copy(database: Path, part: Path) -> int:
    """Copy the database, mark it as a backup and check it; return the number of scans in it."""
    address = f"file:{quote(str(database))}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)) as source,
        closing(sqlite3.connect(part, isolation_level=None)) as copy,
    ):
        check_version(Connection(source))
        source.backup(copy)  # in one step: otherwise it would restart at each write of the bot
        copy.execute("PRAGMA journal_mode = DELETE")  # a single file
        copy.execute("PRAGMA synchronous = FULL")
        copy.execute(f"PRAGMA user_version = {MARK}")
        problems = [row[0] for row in copy.execute("PRAGMA integrity_check(1)")]
        if problems != ["ok"]:
            raise SystemExit(DAMAGED.format(problem=ascii(problems[0])))
        return int(copy.execute("SELECT count(*) FROM scans").fetchone()[0])


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
