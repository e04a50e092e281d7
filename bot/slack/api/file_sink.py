"""A file that is written and hashed as its bytes come."""

import hashlib
import os
import threading
from pathlib import Path

from bot.errors import NoRoom


class FileSink:
    """Writes a new file that only its owner can read. To be used in a thread.

    Raises:
        NoRoom: the disk is full, over its quota, read-only, or worse.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._fd: int | None = None
        self._closed = False
        # A write whose task was cancelled goes on in its thread: closing waits for it, or its descriptor
        # could by then be another file's.
        self._lock = threading.Lock()

    def open(self) -> None:
        """Make the file, empty."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._lock:
            if self._closed:
                return
            try:
                self._fd = os.open(self._path, flags, 0o600)
                os.fchmod(self._fd, 0o600)  # where it was there before
            except OSError as exc:
                raise NoRoom(detail=f"the build can't be written: {exc.strerror}") from exc

    def write(self, block: bytes) -> None:
        """Add to it, all of ``block``."""
        with self._lock:
            if self._fd is None:
                raise NoRoom(detail="the build was closed while it was written")
            self._hash.update(block)
            left = memoryview(block)
            try:
                while left:
                    left = left[os.write(self._fd, left) :]
            except OSError as exc:
                raise NoRoom(detail=f"the build can't be written: {exc.strerror}") from exc

    def close(self) -> None:
        """Close it; harmless when done twice."""
        with self._lock:
            fd, self._fd, self._closed = self._fd, None, True
            if fd is None:
                return
            try:
                os.close(fd)
            except OSError as exc:  # some file systems tell only now that they had no room
                raise NoRoom(detail=f"the build can't be written: {exc.strerror}") from exc

    @property
    def sha256(self) -> str:
        """The hash of all that was written, in lower-case hexadecimal."""
        return self._hash.hexdigest()
