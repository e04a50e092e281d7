"""The interfaces of the depot, the FTP server from which OneTrust fetches builds."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.core.backoff import Backoff
from bot.core.ports import Progress
from bot.scanners.http.build_file import BuildFile

Note = Callable[[str], Awaitable[None]]
"""Shows a sentence to the people who wait for the scan."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds."""

PART = ".part"
"""The suffix of a file's name during its upload."""

CONNECT_BACKOFF = Backoff(first_s=1.0, maximum_s=60.0)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class FileServerTimeouts:
    """The timeouts of an upload, and how often it is resumed."""

    enter_s: float = 60.0
    """To resolve the host, connect, shake hands, log in and enter the folder."""
    answer_s: float = 60.0
    """For the reply to one command."""
    silence_s: float = 90.0
    """For one block of the build to be sent."""
    finish_s: float = 300.0
    """From the last byte sent to the server's confirmation."""
    goodbye_s: float = 3.0
    """To log out."""
    slowest_bytes_per_s: float = 20_000.0
    """The slowest average speed of an upload."""
    attempts: int = 5
    """Connections in a row without progress after which an upload is given up."""
    backoff: Backoff = CONNECT_BACKOFF
    """The waits between connections in a row without progress."""
    sleep: Sleep = asyncio.sleep

    def total_s(self, size_bytes: int) -> float:
        """Return the timeout of a whole upload."""
        waits = self.enter_s + self.answer_s + self.silence_s + self.finish_s
        return waits * self.attempts + size_bytes / self.slowest_bytes_per_s


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """A build that is complete in the depot, under its name."""

    path: str
    """Its path for the bot's login."""
    size_bytes: int
    sent_bytes: int
    """What this call sent: less if it resumed an earlier upload, more if some was lost."""


class FileServer(Protocol):
    """Where builds are uploaded.

    ``name`` has letters, digits, ``.``, ``_`` and ``-``, and always means the same content: a later call with
    the same name and size resumes an interrupted upload.
    """

    async def upload(
        self, path: Path, name: str, *, size_bytes: int, progress: Progress, note: Note
    ) -> Uploaded:
        """Upload the build at ``path``; its name ends in ``.part`` until it is complete.

        Raises:
            Refused: a person has to fix something: a login, a right, a certificate, a folder.
            TryLater: the server can't be reached, stalls, is full, or the connection breaks too often.
        """
        ...

    async def remove(self, name: str) -> bool:
        """Remove a build and its incomplete upload; return whether there was either.

        Raises:
            Refused, TryLater: as ``upload``.
        """
        ...

    async def check(self) -> None:
        """Log in, enter the folder, and open a data connection; changes nothing.

        Raises:
            Refused, TryLater: as ``upload``.
        """
        ...

    async def try_out(self) -> None:
        """Upload, rename and remove a file of a few bytes with a unique name.

        It stays there only if the login may not remove files, or the connection breaks.

        Raises:
            Refused, TryLater: as ``upload``.
        """
        ...


class FileServerSession(Protocol):
    """One login, in the depot's folder. Each call can be cancelled, and stops everything it started.

    All raise ``Broken`` if the connection can't be used any longer, and ``Refused`` or ``TryLater``.
    """

    unsure_bytes: int
    """Bytes at the end of an interrupted file that may be missing, although its size includes them."""

    async def size(self, name: str) -> int | None:
        """Return a file's size in bytes; ``None`` without such a file."""
        ...

    async def store(self, name: str, file: BuildFile, *, offset: int, moved: Callable[[int], None]) -> None:
        """Write the rest of ``file`` from ``offset``; ``moved`` gets how many bytes of it were sent.

        Raises:
            NotResumed: the server takes files from their beginning only; the session can still be used.
            BuildChanged: the build's own file has changed.
        """
        ...

    async def knock(self) -> None:
        """Check that a data connection can be opened, without sending data."""
        ...

    async def rename(self, old: str, new: str) -> None:
        """Rename a file."""
        ...

    async def delete(self, name: str) -> None:
        """Remove an existing file."""
        ...

    async def leave(self) -> None:
        """Log out."""
        ...

    async def drop(self) -> None:
        """End the session at once, and wait until nothing of it runs; harmless after ``leave``."""
        ...


class FileServerEndpoint(Protocol):
    """Logs in to the depot."""

    async def enter(self) -> FileServerSession:
        """Connect, log in and enter the folder.

        Raises:
            Refused: the server, its identity, the login or the folder is not as configured.
            Broken: it can't be reached, or the connection broke.
        """
        ...


class ConnectionBroken(Exception):  # noqa: N818 - an event, met with another connection
    """The connection broke, or can't be opened; another one may work. Its text is for the log.

    ``sentence`` is for people if no other connection works, and more is known than that.
    """

    def __init__(self, detail: str, sentence: str = "") -> None:
        super().__init__(detail)
        self.sentence = sentence


class NotResumed(Exception):  # noqa: N818 - an event, met by starting over
    """The server can't resume a file."""


def check_name(name: str) -> None:
    """Raise ``ValueError`` for a name that could be more than a file's name in the folder."""
    if not _NAME.fullmatch(name) or name.endswith(PART):
        raise ValueError("no name for a file in the depot")
