"""The child process that searches a build for hosts: ``python -m bot.builds.hosts_child``.

It prints ``{"hosts": […], "left_out": 0, "cut_short": false}``, or ``{"problem": "…"}``.
"""

import codecs
import time
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from bot.builds.child import Answer, run
from bot.builds.hosts.entries import form_of, searched_entries
from bot.builds.hosts.hermes import is_hermes, strings
from bot.builds.hosts.search import Search
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import Archive
from bot.features.hosts.models import MAX_HOSTS

MAX_BYTES = 600 * 1024 * 1024
"""Read of all entries together, expanded."""

CPU_S = 20
_SEARCH_CPU_S = 15.0  # then the search ends and its results are printed, before the hard limit
_WALL_S = 70  # longer than the parent waits: it matters only once the parent is gone


def find(file: BinaryIO, *, max_bytes: int = MAX_BYTES) -> Answer:
    """Search a build; entries that can't be read are skipped, and the result marked as cut short.

    Raises:
        BuildProblemError: it is not a valid archive.
    """
    archive, search, cut_short = Archive(file), Search(), False
    left_bytes, until = max_bytes, time.process_time() + _SEARCH_CPU_S

    def limited(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal left_bytes
        for piece in pieces:
            left_bytes -= len(piece)
            if left_bytes < 0 or time.process_time() > until:
                left_bytes = -1
                raise BuildProblemError(BuildProblem.TOO_LARGE_INSIDE)
            yield piece

    for entry in searched_entries(archive.entries.values()):
        if left_bytes < 0:
            break
        try:
            pieces = limited(archive.pieces(entry))
            head = next(pieces, b"")
            content: Iterator[bytes] = chain((head,), pieces)
            search.read(strings(content) if is_hermes(head) else content, form_of(entry.name, head))
        except BuildProblemError:
            cut_short = True
    hosts = sorted(search.hosts)
    return {
        "hosts": hosts[:MAX_HOSTS],
        "left_out": max(0, len(hosts) - MAX_HOSTS),
        "cut_short": cut_short or search.cut_short,
    }


if __name__ == "__main__":
    codecs.lookup("idna")  # Python loads it from files, which it could not open later
    run(find, cpu_s=CPU_S, wall_s=_WALL_S)
