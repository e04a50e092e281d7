"""The child's side of reading a build: the limits it sets itself, and the line of JSON it prints.

With the limits set, a child can't open files or sockets or write to a file, and it ends even if the bot was
killed. They contain a parser that goes wrong; ``confinement`` contains code that a build got to run.
"""

import codecs
import contextlib
import json
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from bot.builds import confinement
from bot.builds.plist.encoding import ENCODINGS
from bot.builds.problems import BuildProblem, BuildProblemError

Answer = dict[str, Any]

_MEMORY_BYTES = 512 * 1024 * 1024
_OPEN_FILES = 3  # standard input, output and error; all imports are done by then
_ENCODINGS = ("ascii", *ENCODINGS)  # Python loads each from a file on first use


def limit(*, cpu_s: int, wall_s: int) -> None:
    """Limit this process's memory, time, files and processes, and ignore the signals that stop a service."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)  # sent to every process of a service; the parent handles them
    confinement.enter_landlock()
    limits = {
        resource.RLIMIT_AS: _MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_NPROC: 0,  # has no effect for root
        resource.RLIMIT_CORE: 0,
    }
    for kind, maximum in limits.items():
        with contextlib.suppress(ValueError, OSError):  # macOS can't limit memory
            resource.setrlimit(kind, (maximum, maximum))
    signal.alarm(wall_s)


def answer(read: Callable[[BinaryIO], Answer], file: BinaryIO) -> Answer:
    """Return the result of ``read``, or ``{"problem": …}`` with the value of a ``BuildProblem``."""
    try:
        return read(file)
    except BuildProblemError as error:
        return {"problem": error.problem}
    except MemoryError:
        return {"problem": BuildProblem.EXHAUSTING}


def run(read: Callable[[BinaryIO], Answer], *, cpu_s: int, wall_s: int) -> None:
    """Confine this process, then read the build on standard input and print the answer."""
    limit(cpu_s=cpu_s, wall_s=wall_s)
    confinement.enter_seccomp()
    sys.stdout.write(json.dumps(answer(read, sys.stdin.buffer)) + "\n")
