"""The process in which a build is read: ``python -m bot.builds.read_child``, the build on standard input.

It limits itself before it reads a byte.
It says one line of JSON: ``{"build": {…}}`` with the fields of ``Build``, or ``{"flaw": "…"}`` with the value
of a ``Flaw``. It says nothing else, whatever happens.
"""

import json
import sys
from dataclasses import asdict
from typing import Any, BinaryIO

from bot.builds import limits
from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError

_CPU_S = 5
_WALL_S = 40  # more than the parent waits: for when there is no parent any more


def limit() -> None:
    """Bound what this process may take."""
    limits.limit(cpu_s=_CPU_S, wall_s=_WALL_S)


def answer(file: BinaryIO) -> dict[str, Any]:
    """Read the build and return what to tell the parent."""
    try:
        return {"build": asdict(read_build(file))}
    except BuildProblemError as flawed:
        return {"flaw": flawed.flaw}
    except MemoryError:
        return {"flaw": BuildProblem.EXHAUSTING}


def main() -> None:
    """Read standard input, within limits, and answer on standard output."""
    limit()
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer)) + "\n")


if __name__ == "__main__":
    main()
