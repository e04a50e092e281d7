"""The process in which a build is read: ``python -m bot.packages.child``, the build on standard input.

It limits itself before it reads a byte: no further file or socket opens, nothing is written to a file, and it
ends by itself even where the bot was killed. That bounds a parser that goes wrong; it is no sandbox.
It says one line of JSON: ``{"build": {…}}`` with the fields of ``Build``, or ``{"flaw": "…"}`` with the value
of a ``Flaw``. It says nothing else, whatever happens.
"""

import codecs
import contextlib
import json
import resource
import signal
import sys
from dataclasses import asdict
from typing import Any, BinaryIO

from bot.packages.contents import read_build
from bot.packages.flaws import Flaw, Flawed

_MEMORY_BYTES = 512 * 1024 * 1024
_CPU_S = 5
_WALL_S = 40  # more than the parent waits: for when there is no parent any more
_OPEN_FILES = 3  # the three it has; Python's own imports are over by then
_ENCODINGS = ("ascii", "utf-8", "utf-16-le", "utf-16-be")  # of strings in builds; each is loaded from a file
_LIMITS = {
    resource.RLIMIT_AS: _MEMORY_BYTES,
    resource.RLIMIT_CPU: _CPU_S,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: _OPEN_FILES,
    resource.RLIMIT_NPROC: 0,  # counts nothing for root
    resource.RLIMIT_CORE: 0,
}


def limit() -> None:
    """Bound this process's memory, time, files and processes, and leave signals to the parent."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)  # sent to all processes of a service; the parent's to heed
    for limit, most in _LIMITS.items():
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit on memory
            resource.setrlimit(limit, (most, most))
    signal.alarm(_WALL_S)


def answer(file: BinaryIO) -> dict[str, Any]:
    """Read the build and return what to tell the parent."""
    try:
        return {"build": asdict(read_build(file))}
    except Flawed as flawed:
        return {"flaw": flawed.flaw}
    except MemoryError:
        return {"flaw": Flaw.EXHAUSTING}


def main() -> None:
    """Read standard input, within limits, and answer on standard output."""
    limit()
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer)) + "\n")


if __name__ == "__main__":
    main()
