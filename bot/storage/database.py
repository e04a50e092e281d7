"""One SQLite file with one connection in one thread.

A sqlite-utils ``Database`` works only in the thread that made it, so a one-thread executor opens, uses and
closes it. That thread is also what puts all writes of this process in a row; other processes on the same
file (``python -m bot scan`` beside a running bot) wait for each other by SQLite's own lock.
"""

import asyncio
import logging
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from bot.errors import StoreUnavailable
from bot.storage.connection import Connection, RowHooks
from bot.storage.migrations import MIGRATIONS, check_version

T = TypeVar("T")
logger = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 10_000
"""Timeout of a write while another process writes."""
LOCKED_TIMEOUT_MS = 500
"""The same after a write has timed out, until one succeeds, as all others wait behind it."""
TRIAL_S = 2.0
"""Timeout of a test write."""

_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}
"""Errors of the file, its disk or its other users, not of the statement."""


class Database:
    """An open database; use ``await Database.open(path)``."""

    def __init__(self, path: Path, hooks: tuple[RowHooks, ...], busy_timeout_ms: int) -> None:
        self.path, self._hooks, self._busy_timeout_ms = path, hooks, busy_timeout_ms
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: Connection | None = None
        self._in_trouble = False
        self._trial: asyncio.Task[bool] | None = None

    @classmethod
    async def open(
        cls, path: Path, *, hooks: tuple[RowHooks, ...], busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> Self:
        """Open the file, create it if needed (readable by its owner only), and upgrade its schema.

        Raises:
            NewerDatabase: a newer version of appscan has upgraded it.
            OSError, sqlite3.Error: the file can't be opened or written.
        """
        self = cls(path, hooks, busy_timeout_ms)
        try:
            await self._in_thread(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the main file, so this settles all three.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
        db = Connection(self.path)
        db.hooks = self._hooks
        try:
            db.execute(f"PRAGMA busy_timeout = {self._busy_timeout_ms}")
            check_version(db)
            _write_ahead(db, self._busy_timeout_ms)
            # ``COMMITTED`` must survive a power cut, or a build would be sent twice.
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA secure_delete = ON")  # purged rows must not stay in free pages
            if MIGRATIONS.pending(db):
                _transaction(db, MIGRATIONS.apply)  # one of two processes that open the file at once
        except BaseException:
            db.close()
            raise
        self._db = db

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, all of whose queries see one snapshot; what it writes is rolled back.

        Raises:
            StoreUnavailable: the file can't be read now.
        """

        def read() -> T:
            db = self._connection()
            db.conn.execute("BEGIN")
            try:
                return work(db)
            finally:
                db.conn.rollback()

        return await self._in_thread(lambda: self._watched(read))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction that is rolled back whole if it raises.

        Raises:
            StoreUnavailable: the file can't be written now; nothing was.
        """

        def write() -> T:
            result = _transaction(self._connection(), work)
            if self._in_trouble:
                self._in_trouble = False
                logger.info("the database can be written again")
                self._wait_for_locks(self._busy_timeout_ms)
            return result

        return await self._in_thread(lambda: self._watched(write))

    async def writable(self) -> bool:
        """Return whether the file can be written now, by a test write.

        One at a time, which all callers share: while the file is locked, writes wait behind each other.
        """
        if self._trial is None or self._trial.done():
            self._trial = asyncio.create_task(self._try())
        done, _ = await asyncio.wait({self._trial}, timeout=TRIAL_S)
        return bool(done) and self._trial.result()

    async def _try(self) -> bool:
        try:
            await self.write(_write_anything)
        except (StoreUnavailable, sqlite3.Error, RuntimeError):
            return False
        return True

    def _watched(self, work: Callable[[], T]) -> T:
        """Run ``work``, and turn errors of the file into ``StoreUnavailable``."""
        try:
            return work()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in _UNAVAILABLE:
                raise
            if not self._in_trouble:
                self._in_trouble = True
                logger.error("the database can't be used: %s", error)  # noqa: TRY400 - once, and in a sentence
            if code == sqlite3.SQLITE_BUSY:
                self._wait_for_locks(min(LOCKED_TIMEOUT_MS, self._busy_timeout_ms))
            raise StoreUnavailable(detail=f"the database can't be used: {error}") from error

    def _wait_for_locks(self, at_most_ms: int) -> None:
        self._connection().execute(f"PRAGMA busy_timeout = {at_most_ms}")

    def _connection(self) -> Connection:
        if self._db is None:
            raise RuntimeError("the database is closed")
        return self._db

    async def close(self) -> None:
        """Close the connection and end its thread."""

        def close() -> None:
            db, self._db = self._db, None
            if db is not None:
                db.close()

        if self._trial is not None:
            await asyncio.gather(self._trial, return_exceptions=True)
        await self._in_thread(close)
        self._thread.shutdown(wait=True)


def _write_ahead(db: Connection, busy_timeout_ms: int) -> None:
    """Switch to WAL; if two processes do so with a new file at once, one gets an error and retries here.

    The busy timeout doesn't apply, as SQLite fails at once where waiting could be a deadlock.
    """
    until = time.monotonic() + busy_timeout_ms / 1000
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.005)  # in the database's own thread
        else:
            return


def _write_anything(db: Connection) -> None:
    """Write a page of the file as it is: a transaction without a change would always succeed."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    db.execute(f"PRAGMA user_version = {int(version)}")


def _transaction(db: Connection, work: Callable[[Connection], T]) -> T:
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
