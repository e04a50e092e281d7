"""The lock by which only one bot works on a database; another waits for it."""

import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path


class InstanceLock:
    """An advisory lock on a file beside the database; the kernel frees it however the process ends."""

    def __init__(self, database: Path) -> None:
        real = database.resolve()  # one lock for all paths of a database
        self._path = real.with_name(real.name + ".lock")
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process has the lock."""
        return self._fd is not None

    def try_acquire(self) -> bool:
        """Take the lock if it is free."""
        if self.held:
            return True
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    async def acquire(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Take the lock, awaiting ``wait()`` between attempts."""
        while not self.try_acquire():
            await wait()

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
