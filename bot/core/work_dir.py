"""The folder where builds are while they are worked on, and whether its disk takes any.

A disk that takes no more is no fault of any build: scans wait, and are tried again until one gets through.
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

ROOM_BACKOFF = Backoff(first_s=5.0, maximum_s=60.0)
_TRY_BYTES = 4096


class WorkDir:
    """The folder for builds, which is made where it is missing."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._failures = 0
        self._closed_until = float("-inf")
        """By the steady clock."""

    @classmethod
    def beside(cls, database: Path, clock: Clock) -> Self:
        """Return the folder that goes with a database, by its name."""
        return cls(database.absolute().with_name(database.name + ".builds"), clock)

    def empty(self) -> None:
        """Throw away what an earlier process left there; nobody may be at work."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def room(self, number: int) -> Iterator[Path]:
        """Make a folder for one scan's build, which goes when the block ends.

        What can't be removed then (a thread may still be writing it) goes with the folder at the next start.

        Raises:
            NoRoom: it can't be made.
        """
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            made = TemporaryDirectory(prefix=f"scan-{number}-", dir=self.folder, ignore_cleanup_errors=True)
        except OSError as error:
            raise NoRoom(detail=f"no folder for a build can be made: {error.strerror}") from error
        with made as path:
            yield Path(path)

    def free_bytes(self) -> int:
        """Return how much the disk still takes, as the system tells it; the folder has to be there.

        Raises:
            NoRoom: it can't be told.
        """
        try:
            return shutil.disk_usage(self.folder).free
        except OSError as error:
            raise NoRoom(detail=f"the room for builds can't be told: {error.strerror}") from error

    @property
    def closed_until(self) -> float | None:
        """When a build may be brought in again; ``None`` where one may be now."""
        wait_s = self._closed_until - self._steady.now()
        return self._clock.now() + wait_s if wait_s > 0 else None

    def is_full(self) -> float:
        """Note that the disk took no more; return when it is tried again."""
        self._failures += 1
        wait_s = ROOM_BACKOFF.delay_s(self._failures)
        self._closed_until = self._steady.now() + wait_s
        return self._clock.now() + wait_s

    def has_room(self) -> None:
        """Note that the disk took a whole build."""
        self._failures, self._closed_until = 0, float("-inf")

    async def usable(self) -> bool:
        """Tell whether builds can be written, as far as it is known: by the last of them, and by a trial."""
        # The scan that found it full comes back; where it does not, nobody knows of anything wrong.
        if self._failures and self._steady.now() < self._closed_until + ROOM_BACKOFF.maximum_s:
            return False
        return await asyncio.to_thread(self._try)

    def _try(self) -> bool:
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder, buffering=0) as file:
                file.write(os.urandom(_TRY_BYTES))
        except OSError:
            return False
        return True
