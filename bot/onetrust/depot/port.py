"""The depot: the FTP server where builds are put for OneTrust to fetch, and what is asked of it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.calls.build_file import BuildFile
from bot.core.backoff import Backoff
from bot.scans.ports import Progress

Note = Callable[[str], Awaitable[None]]
"""Told, in a sentence, what whoever waits should know."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""

PART = ".part"
"""What a file's name ends in while it arrives."""

CONNECT_BACKOFF = Backoff(first_s=1.0, maximum_s=60.0)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long each part of an upload may take, in seconds, and how often it is taken up again."""

    enter_s: float = 60.0
    """To resolve the host, connect, shake hands, log in and enter the folder."""
    answer_s: float = 60.0
    """For one command's answer."""
    silence_s: float = 90.0
    """For one block of the build to move."""
    finish_s: float = 300.0
    """From the last byte sent to the server's word that it has it."""
    goodbye_s: float = 3.0
    """To end a session politely."""
    slowest_bytes_per_s: float = 20_000.0
    """An upload that goes more slowly than this over its whole size is given up."""
    attempts: int = 5
    """Connections in a row without progress after which an upload is given up."""
    backoff: Backoff = CONNECT_BACKOFF
    """The waits between connections in a row without progress."""
    sleep: Sleep = asyncio.sleep

    def total_s(self, size_bytes: int) -> float:
        """Return how long a whole upload may take."""
        waits = self.enter_s + self.answer_s + self.silence_s + self.finish_s
        return waits * self.attempts + size_bytes / self.slowest_bytes_per_s


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """A build that is in the depot, whole, under its name."""

    path: str
    """As the bot's own login sees it."""
    size_bytes: int
    sent_bytes: int
    """What this call sent for it: less where an earlier one had begun, more where some was lost."""


class Depot(Protocol):
    """Where builds are put.

    ``name`` is of letters, digits, ``.``, ``_`` and ``-``, and belongs to one content for ever: an upload
    that broke is taken up where it ended, by any later call with the same name and size.
    """

    async def upload(
        self, path: Path, name: str, *, size_bytes: int, progress: Progress, note: Note
    ) -> Uploaded:
        """Put the build at ``path`` there; while it arrives its name ends in ``.part``.

        Raises:
            Refused: a person has to mend something: a login, a right, a certificate, a folder.
            TryLater: the server can't be reached, breaks too often, stalls or is full.
        """
        ...

    async def remove(self, name: str) -> bool:
        """Remove a build, and what there is of one that broke; tell whether there was anything.

        Raises:
            Refused, TryLater: as ``upload``.
        """
        ...

    async def check(self) -> None:
        """Log in, enter the folder, and see that data would get through; changes nothing.

        Raises:
            Refused, TryLater: as ``upload``.
        """
        ...

    async def try_out(self) -> None:
        """Do what an upload does, and what comes after it, with a file of a few bytes and a name of its own.

        It is left there only where the login may not remove files, or the connection breaks.

        Raises:
            Refused, TryLater: as ``upload``.
        """
        ...


class Session(Protocol):
    """One login, in the depot's folder. Each call can be cancelled, and leaves nothing running then.

    All raise ``Broken`` where the connection is of no more use, and ``Refused`` or ``TryLater``.
    """

    unsure_bytes: int
    """At the end of a file that broke, so many bytes may not be there, although its size counts them."""

    async def size(self, name: str) -> int | None:
        """Return a file's size in bytes; ``None`` where there is none."""
        ...

    async def store(self, name: str, file: BuildFile, *, offset: int, moved: Callable[[int], None]) -> None:
        """Write what is left of ``file``, from ``offset`` on; ``moved`` is told how much of it has gone.

        Raises:
            NotResumed: the server takes files from their beginning only; the session can still be used.
            BuildChanged: the build's own file is no longer what it was.
        """
        ...

    async def knock(self) -> None:
        """See that data would get through, sending none."""
        ...

    async def rename(self, old: str, new: str) -> None:
        """Give a file another name."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a file that is there."""
        ...

    async def leave(self) -> None:
        """End the session politely."""
        ...

    async def drop(self) -> None:
        """End it at once, and wait until nothing of it runs; harmless after ``leave``."""
        ...


class Door(Protocol):
    """The way in."""

    async def enter(self) -> Session:
        """Connect, log in and enter the folder.

        Raises:
            Refused: the server, or who it is, or the login, or the folder is not as was set.
            Broken: it can't be reached, or broke.
        """
        ...


class Broken(Exception):  # noqa: N818 - an event, met with another connection
    """The connection broke, or can't be made; another one may do. Its text is for the log.

    ``sentence`` is what people read where no other connection does, if more can be said than that.
    """

    def __init__(self, detail: str, sentence: str = "") -> None:
        super().__init__(detail)
        self.sentence = sentence


class NotResumed(Exception):  # noqa: N818 - an event, met by starting over
    """The server takes no file from the middle on."""


def check_name(name: str) -> None:
    """Refuse a name that could be more than a file's name in the folder; a mistake of the caller."""
    if not _NAME.fullmatch(name) or name.endswith(PART):
        raise ValueError("no name for a file in the depot")
