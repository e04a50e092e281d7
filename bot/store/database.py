"""One SQLite file, one connection, one thread that owns it.

A sqlite-utils ``Database`` works only in the thread that made it, so a one-thread executor opens, uses and
closes it. That thread is also what puts all writes of this process in a row; other processes on the same
file (``python -m bot scan`` beside a running bot) wait for each other by SQLite's own lock.
"""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import sqlite_utils

from bot.store.migrations import MIGRATIONS

T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
"""How long a write waits for another process's write to end."""


class Database:
    """An open database; use ``await Database.open(path)``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: sqlite_utils.Database | None = None

    @classmethod
    async def open(cls, path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Self:
        """Open the file, make it if need be (readable by its owner only), and bring its schema up to date.

        Raises:
            OSError, sqlite3.Error: the file can't be opened or written.
        """
        self = cls(path)
        try:
            await self._in_thread(lambda: self._open(busy_timeout_ms))
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    def _open(self, busy_timeout_ms: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the main file, so this settles all three.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
        db = sqlite_utils.Database(self.path)
        try:
            db.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
            db.execute("PRAGMA journal_mode = WAL")
            # The mark that a submission may have been taken must outlive a power cut, or it would be sent
            # twice.
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA secure_delete = ON")  # what is purged is not to be read from free pages
            if MIGRATIONS.pending(db):
                _transaction(db, MIGRATIONS.apply)  # one of two processes that open the file at once
        except BaseException:
            db.close()
            raise
        self._db = db

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def read(self, work: Callable[[sqlite_utils.Database], T]) -> T:
        """Run ``work`` on the connection."""
        return await self._in_thread(lambda: work(self._connection()))

    async def write(self, work: Callable[[sqlite_utils.Database], T]) -> T:
        """Run ``work`` in one transaction that is rolled back whole if it raises."""
        return await self._in_thread(lambda: _transaction(self._connection(), work))

    async def writable(self) -> bool:
        """Tell whether a write would go through now."""
        try:
            await self.write(lambda _: None)
        except (sqlite3.Error, RuntimeError):
            return False
        return True

    def _connection(self) -> sqlite_utils.Database:
        if self._db is None:
            raise RuntimeError("the database is closed")
        return self._db

    async def close(self) -> None:
        """Close the connection and end its thread."""

        def close() -> None:
            db, self._db = self._db, None
            if db is not None:
                db.close()

        await self._in_thread(close)
        self._thread.shutdown(wait=True)


def _transaction(db: sqlite_utils.Database, work: Callable[[sqlite_utils.Database], T]) -> T:
    # Deferred transactions that read before they write fail at once when another process wrote in between,
    # whatever the busy timeout: take the write lock first.
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        result = work(db)
        db.conn.commit()
    except BaseException:
        db.conn.rollback()
        raise
    return result
