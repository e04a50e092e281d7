"""The temporary folder for builds, and whether its disk is full.

A full disk fails no scan: scans wait and are retried until one succeeds. A build that side scanners are to
judge is kept for them, so that it is pulled from Slack once. Kept builds are the first to go: without one,
the build is pulled again.
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
from typing import Final

from bot.core.backoff import Backoff
from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.errors import NoRoom

logger = logging.getLogger(__name__)

FULL_BACKOFF = Backoff(first_s=5.0, maximum_s=60.0)
KEPT_S: Final = 3600.0
"""Maximum time for which a build is kept."""
KEPT_FILES: Final = 20
"""Maximum number of kept builds; the oldest go first."""
KEPT_BYTES: Final = 1_000_000_000
"""Their maximum total size, and how much of the disk has to be free while any are kept."""
_TEST_FILE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class _Kept:
    path: Path
    size_bytes: int
    until: float
    """By the steady clock."""


class WorkDir:
    """The folder for builds; created when it is first used."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._failures = 0
        self._closed_until = float("-inf")  # by the steady clock
        self._kept: dict[str, _Kept] = {}  # by SHA-256, oldest first

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
        kept = self._kept.values()
        while len(kept) > KEPT_FILES or sum(each.size_bytes for each in kept) > KEPT_BYTES:
            self._remove(next(iter(self._kept)))

    def link_kept(self, sha256: str, to: Path) -> bool:
        """Make ``to`` a hard link to a kept build; return whether there is one."""
        try:
            os.link(self._kept[sha256].path, to)
        except (KeyError, OSError):
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
        """Note that the disk is full; return when to retry: at once if kept builds could be removed."""
        if self._kept:
            self.drop_kept(self.kept)
            return self._clock.now()
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
                return file.write(os.urandom(_TEST_FILE_BYTES)) == _TEST_FILE_BYTES
        except OSError:
            return False
