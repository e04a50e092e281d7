"""The folder where builds are while they are worked on, and whether its disk takes any.

A disk that takes no more is no fault of any build: scans wait, and are tried again until one gets through.
A build that side scanners are to judge is kept for them, so that it is pulled from Slack once. Kept builds
are the first to go: without one, the build is pulled again.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from bot.core.backoff import Backoff
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.errors import NoRoom

logger = logging.getLogger(__name__)

ROOM_BACKOFF = Backoff(first_s=5.0, maximum_s=60.0)
KEPT_S: Final = 3600.0
"""Maximum time for which a build is kept."""
KEPT_FILES: Final = 20
"""Maximum number of kept builds; the oldest go first."""
KEPT_BYTES: Final = 1_000_000_000
"""Their maximum total size, and how much of the disk has to be free while any are kept."""
_TRY_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class _Kept:
    path: Path
    size_bytes: int
    until: float
    """By the steady clock."""


class WorkDir:
    """The folder for builds, which is made where it is missing."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._failures = 0
        self._closed_until = float("-inf")
        """By the steady clock."""
        self._kept: dict[str, _Kept] = {}
        """By SHA-256, oldest first."""

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

    @property
    def kept(self) -> frozenset[str]:
        """The SHA-256 of each kept build."""
        return frozenset(self._kept)

    def keep(self, build: Path, sha256: str) -> None:
        """Keep a build beyond its room, by a hard link; does nothing if the disk is short of room."""
        try:
            size_bytes, path = build.stat().st_size, self.folder / f"kept-{sha256}"
            if sha256 in self._kept or self._is_short():
                return
            os.link(build, path)
        except OSError as error:
            logger.info("a build can't be kept for side scanners: %s", error.strerror)
            return
        self._kept[sha256] = _Kept(path=path, size_bytes=size_bytes, until=self._steady.now() + KEPT_S)
        while (
            len(self._kept) > KEPT_FILES or sum(each.size_bytes for each in self._kept.values()) > KEPT_BYTES
        ):
            self._remove(next(iter(self._kept)))

    def link_kept(self, sha256: str, to: Path) -> bool:
        """Make ``to`` a hard link to a kept build; return whether there is one."""
        kept = self._kept.get(sha256)
        if kept is None:
            return False
        try:
            os.link(kept.path, to)
        except OSError:
            return False
        return True

    def drop_kept(self, unneeded: Collection[str]) -> None:
        """Remove these kept builds and what is older than ``KEPT_S``; all if the disk is short of room."""
        is_short, now = self._is_short(), self._steady.now()
        for sha256, kept in list(self._kept.items()):
            if is_short or sha256 in unneeded or now >= kept.until:
                self._remove(sha256)

    def _is_short(self) -> bool:
        try:
            return self.closed_until is not None or self.free_bytes() < KEPT_BYTES
        except NoRoom:
            return True

    def _remove(self, sha256: str) -> None:
        with contextlib.suppress(OSError):  # it goes with the folder at the next start
            self._kept.pop(sha256).path.unlink(missing_ok=True)

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
        """Note that the disk took no more; return when it is tried again: at once if kept builds could go."""
        if self._kept:
            self.drop_kept(self.kept)
            return self._clock.now()
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
