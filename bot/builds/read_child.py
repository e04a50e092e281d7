"""The child process that reads a build: ``python -m bot.builds.read_child``, the build on standard input.

It prints ``{"build": {…}}`` with the fields of ``Build``, or ``{"problem": "…"}``.
"""

from dataclasses import asdict
from typing import BinaryIO

from bot.builds.child import Answer, run
from bot.builds.detect import read_build

CPU_S = 5
WALL_S = 40
"""Longer than the parent waits: it matters only once the parent is gone."""


def read(file: BinaryIO) -> Answer:
    """Read a build; raises as ``read_build`` does."""
    return {"build": asdict(read_build(file))}


if __name__ == "__main__":
    run(read, cpu_s=CPU_S, wall_s=WALL_S)
