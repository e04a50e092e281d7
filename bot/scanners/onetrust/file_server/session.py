"""A session on the file server, as FTP and SFTP implement it, with its timeouts and its errors."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.core.backoff import Backoff
from bot.errors import TryLater
from bot.scanners.http.build_file import BuildFile
from bot.scanners.onetrust.file_server_address import FileServerAddress

CONNECT_BACKOFF = Backoff(first_s=1.0, maximum_s=60.0)

_QUOTED_CHARACTERS = 200
_FULL = re.compile(r"no space|disk (?:is )?full|quota|insufficient storage|exceeded storage", re.IGNORECASE)


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
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def total_s(self, size_bytes: int) -> float:
        """Return the timeout of a whole upload."""
        waits = self.enter_s + self.answer_s + self.silence_s + self.finish_s
        return waits * self.attempts + size_bytes / self.slowest_bytes_per_s


class FileServerSession(Protocol):
    """One login, in the configured folder. Each call can be cancelled, and stops everything it started.

    All raise ``Refused``, ``TryLater``, or ``ConnectionBroken`` if the connection can't be used any longer.
    """

    unsure_bytes: int
    """Bytes at the end of an interrupted file that may be missing, although its size includes them."""

    async def size(self, name: str) -> int | None:
        """Return a file's size in bytes; ``None`` without such a file."""

    async def store(self, name: str, file: BuildFile, *, offset: int, moved: Callable[[int], None]) -> None:
        """Write the rest of ``file`` from ``offset``; ``moved`` gets how many bytes of it were sent.

        Raises:
            NotResumed: the server takes files from their beginning only; the session can still be used.
            BuildChanged: the build's own file has changed.
        """

    async def knock(self) -> None:
        """Check that a data connection can be opened, without sending data."""

    async def rename(self, old: str, new: str) -> None: ...

    async def delete(self, name: str) -> None: ...

    async def leave(self) -> None:
        """Log out."""

    async def drop(self) -> None:
        """End the session at once, and wait until nothing of it runs; harmless after ``leave``."""


Connect = Callable[[FileServerAddress], Awaitable[FileServerSession]]
"""Connects, logs in and enters the folder.

Raises:
    Refused: the server, its identity, the login or the folder is not as configured.
    ConnectionBroken: it can't be reached, or the connection broke.
"""


class ConnectionBroken(Exception):  # noqa: N818 - handled by connecting again
    """The connection broke, or can't be opened; another one may work. Its text is for the log.

    ``sentence`` is for people if no other connection works; empty if nothing more is known.
    """

    def __init__(self, detail: str, sentence: str = "") -> None:
        super().__init__(detail)
        self.sentence = sentence


class NotResumed(Exception):  # noqa: N818 - handled by starting over
    """The server can't resume a file."""


def try_later(sentence: str, detail: str = "") -> TryLater:
    """Return an error that says nothing about OneTrust: it doesn't count as the scanner's failure."""
    return TryLater(sentence, scanner_failed=False, detail=detail)


def quoted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a server's text for the log: without secrets, on one line, bounded."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return ascii(re.sub(r"\s+", " ", text[: _QUOTED_CHARACTERS * 4])[:_QUOTED_CHARACTERS])


def sounds_full(text: str) -> bool:
    """Return whether a server's text says that its disk or this login's quota is full."""
    return _FULL.search(text) is not None
