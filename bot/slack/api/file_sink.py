"""A file that is hashed while it is written."""

import hashlib
import os
import threading
from pathlib import Path

from bot.errors import NoRoom


class FileSink:
    """Writes a new file that only its owner can read; to be used in a thread.

    Raises:
        NoRoom: the disk is full, over its quota, read-only, or failing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._fd: int | None = None
        self._closed = False
        # A write continues in its thread after its task was cancelled. Closing waits for it, as the
        # descriptor could be reused for another file.
        self._lock = threading.Lock()

    def open(self) -> None:
        """Create the file, empty."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._lock:
            if self._closed:
                return
            try:
                self._fd = os.open(self._path, flags, 0o600)
                os.fchmod(self._fd, 0o600)  # if it existed before
            except OSError as error:
                raise NoRoom(detail=f"the build can't be written: {error.strerror}") from error

    def write(self, block: bytes) -> None:
        """Write all of ``block``."""
        with self._lock:
            if self._fd is None:
                raise NoRoom(detail="the file was closed during a write")
            self._hash.update(block)
            left = memoryview(block)
            try:
                while left:
                    left = left[os.write(self._fd, left) :]
            except OSError as error:
                raise NoRoom(detail=f"the build can't be written: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; may be called again."""
        with self._lock:
            fd, self._fd, self._closed = self._fd, None, True
            if fd is None:
                return
            try:
                os.close(fd)
            except OSError as error:  # some file systems report a full disk only now
                raise NoRoom(detail=f"the build can't be written: {error.strerror}") from error

    @property
    def sha256(self) -> str:
        """The hash of all bytes written, in lower-case hexadecimal."""
        return self._hash.hexdigest()
