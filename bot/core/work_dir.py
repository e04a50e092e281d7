"""The temporary folder for builds, and whether its disk is full.

A full disk fails no scan: scans wait and are retried until one succeeds.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bot.core.backoff import Backoff
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.errors import NoRoom

FULL_BACKOFF = Backoff(first_s=5.0, maximum_s=60.0)
_TEST_FILE_BYTES = 4096


class WorkDir:
    """The folder for builds; created when it is first used."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._failures = 0
        self._closed_until = float("-inf")
        """By the steady clock."""

    @classmethod
    def beside(cls, database: Path, clock: Clock) -> Self:
        """Return the folder of a database, next to its file."""
        return cls(database.absolute().with_name(database.name + ".builds"), clock)

    def empty(self) -> None:
        """Delete what an earlier process left; no scan may be in progress."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def room(self, number: int) -> Iterator[Path]:
        """Create a folder for one scan's build, and delete it after the block.

        What can't be deleted then (a thread may still be writing) is deleted by ``empty`` at the next start.

        Raises:
            NoRoom: can't be created.
        """
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            made = TemporaryDirectory(prefix=f"scan-{number}-", dir=self.folder, ignore_cleanup_errors=True)
        except OSError as error:
            raise NoRoom(detail=f"can't create a folder for a build: {error.strerror}") from error
        with made as path:
            yield Path(path)

    def free_bytes(self) -> int:
        """Return the disk's free space; the folder has to exist.

        Raises:
            NoRoom: not known.
        """
        try:
            return shutil.disk_usage(self.folder).free
        except OSError as error:
            raise NoRoom(detail=f"can't read the free disk space for builds: {error.strerror}") from error

    @property
    def closed_until(self) -> float | None:
        """When the next build may be downloaded; ``None`` if one may be now."""
        wait_s = self._closed_until - self._steady.now()
        return self._clock.now() + wait_s if wait_s > 0 else None

    def mark_full(self) -> float:
        """Note that the disk is full; return when to retry."""
        self._failures += 1
        wait_s = FULL_BACKOFF.delay_s(self._failures)
        self._closed_until = self._steady.now() + wait_s
        return self._clock.now() + wait_s

    def mark_writable(self) -> None:
        """Note that a whole build was written."""
        self._failures, self._closed_until = 0, float("-inf")

    async def is_writable(self) -> bool:
        """Tell whether builds can be written, by the last of them and by writing a test file."""
        # The scan that found the disk full is retried; if it isn't (it was cancelled), the failure expires.
        if self._failures and self._steady.now() < self._closed_until + FULL_BACKOFF.maximum_s:
            return False
        return await asyncio.to_thread(self._write_test_file)

    def _write_test_file(self) -> bool:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder, buffering=0) as file:
                file.write(os.urandom(_TEST_FILE_BYTES))
        except OSError:
            return False
        return True
