"""``Info.plist``, XML and binary: ``read_plist`` gives a build or refuses."""

import contextlib

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.ios import read_plist
    from bot.builds.problems import BuildProblemError

from fuzz.engine import fuzz, parts


def one(data: bytes) -> None:
    """Read a property list. One that needs too much memory ends the real reader, which is its answer."""
    with contextlib.suppress(BuildProblemError, MemoryError):
        read_plist(data)


if __name__ == "__main__":
    fuzz("plist", one, parts("Info.plist"))
