"""The process in which a build's hosts are read: ``python -m bot.builds.hosts_child``.

It limits itself before it reads a byte, and reads the build on its standard input.
It says one line of JSON: ``{"hosts": […], "left_out": 0, "cut_short": false}``, or ``{"flaw": "…"}`` with the
value of a ``Flaw``. It says nothing else, whatever happens.
"""

import codecs
import json
import sys
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from bot.builds.hosts.entries import form_of, worth_reading
from bot.builds.hosts.hermes import is_hermes, strings
from bot.builds.hosts.search import Search
from bot.builds.limits import limit
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import Archive, Entry
from bot.features.hosts.models import MAX_HOSTS

MAX_BYTES = 600 * 1024 * 1024
"""Read of all entries together, expanded."""

CPU_S = 20
"""Of processor time, after which all ends."""
_SEARCH_S = 15.0  # of processor time; after it what was found is told, before the limit ends all
_WALL_S = 70  # more than the parent waits: for when there is no parent any more


class _Room:
    """How much may still be read."""

    def __init__(self, max_bytes: int) -> None:
        self.left = max_bytes
        self._until = time.process_time() + _SEARCH_S

    def pieces(self, archive: Archive, entry: Entry) -> Iterator[bytes]:
        """Give an entry's content as far as there is room.

        Raises:
            Flawed: the entry is damaged, or there is no more room.
        """
        for piece in archive.pieces(entry):
            self.left -= len(piece)
            if self.left < 0 or time.process_time() > self._until:
                self.left = -1
                raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
            yield piece


def find(file: BinaryIO, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Return the hosts in a build, as this process tells them.

    An entry that can't be read leaves the others: what is missing then is told as cut short.

    Raises:
        Flawed: it is no archive that can be relied on.
    """
    archive = Archive(file)
    search, room, cut_short = Search(), _Room(max_bytes), False
    for entry in worth_reading(archive.entries.values()):
        if room.left < 0:
            break
        try:
            pieces = room.pieces(archive, entry)
            head = next(pieces, b"")
            whole: Iterator[bytes] = chain((head,), pieces)
            search.read(strings(whole) if is_hermes(head) else whole, form_of(entry.name, head))
        except BuildProblemError:
            cut_short = True
    hosts = sorted(search.hosts)
    return {
        "hosts": hosts[:MAX_HOSTS],
        "left_out": max(0, len(hosts) - MAX_HOSTS),
        "cut_short": cut_short or search.cut_short,
    }


def answer(file: BinaryIO) -> dict[str, Any]:
    """Read the build and return what to tell the parent."""
    try:
        return find(file)
    except BuildProblemError as flawed:
        return {"flaw": flawed.flaw}
    except MemoryError:
        return {"flaw": BuildProblem.EXHAUSTING}


def main() -> None:
    """Read standard input, within limits, and answer on standard output."""
    codecs.lookup("idna")  # loaded from files
    limit(cpu_s=CPU_S, wall_s=_WALL_S)
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer)) + "\n")


if __name__ == "__main__":
    main()
