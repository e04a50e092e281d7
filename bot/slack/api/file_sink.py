"""A file that is hashed while it is written."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bot.errors import NoRoom


class FileSink:
    """Writes a new file that only its owner can read; to be used in a thread.

    Raises:
        NoRoom: the disk is full, over its quota, read-only, or failing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._closed = False
        # A write continues in its thread after its task was cancelled. Closing waits for it, as the
        # descriptor could be reused for another file.
        self._lock = threading.Lock()

    def open(self) -> None:
        """Create the file, empty."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._lock, _disk():
            if not self._closed:
                fd = os.open(self._path, flags, 0o600)
                self._file = os.fdopen(fd, "wb")
                os.fchmod(fd, 0o600)  # if it existed before

    def write(self, block: bytes) -> None:
        """Write all of ``block``."""
        with self._lock, _disk():
            if self._file is None:
                raise NoRoom(detail="the file was closed during a write")
            self._hash.update(block)
            self._file.write(block)

    def close(self) -> None:
        """Close the file; may be called again."""
        with self._lock, _disk():  # some file systems report a full disk only now
            file, self._file, self._closed = self._file, None, True
            if file is not None:
                file.close()

    @property
    def sha256(self) -> str:
        """The hash of all bytes written, in lower-case hexadecimal."""
        return self._hash.hexdigest()


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoRoom(detail=f"the build can't be written: {error.strerror}") from error
