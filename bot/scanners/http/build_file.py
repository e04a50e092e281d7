"""A build on disk that is being sent: read in blocks, with a check of its size."""

import io
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BLOCK: Final = 1024 * 1024
"""Bytes of one read."""


class BuildChanged(Exception):  # noqa: N818 - an event, for the sender alone
    """The build's file is missing, or has another size than expected."""


@dataclass(eq=False, repr=False)
class BuildFile:
    """A build on disk, read in a thread; ``open`` and ``read`` raise ``BuildChanged``."""

    path: Path
    size_bytes: int
    _file: io.FileIO | None = field(init=False, default=None)
    _closed: bool = field(init=False, default=False)
    # A read whose task was cancelled still runs in its thread: closing waits for it, as otherwise its
    # descriptor could already be another file's.
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def open(self, offset: int = 0) -> None:
        """Open the file for reading from ``offset``."""
        with self._lock:
            if self._closed:
                return
            try:
                self._file = io.FileIO(self.path)
                self._check_size(self._file)
                self._file.seek(offset)
            except OSError as exc:
                raise BuildChanged("the build can't be opened") from exc

    def read(self, size: int) -> bytes:
        """Read exactly ``size`` bytes."""
        with self._lock:
            if self._file is None:
                raise BuildChanged("the build is closed")
            try:
                block = self._file.read(size)
                while len(block) < size and (more := self._file.read(size - len(block))):
                    block += more
                self._check_size(self._file)
            except OSError as exc:
                raise BuildChanged("the build can't be read") from exc
        if len(block) != size:
            raise BuildChanged("the build has become shorter")
        return block

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file, self._closed = None, True

    def _check_size(self, file: io.FileIO) -> None:
        if os.fstat(file.fileno()).st_size != self.size_bytes:
            raise BuildChanged("the build is of another size")
