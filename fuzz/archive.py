"""The zip directory and its entries: ``Archive`` refuses or reads, and never more than it was allowed."""

import contextlib
import io

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.problems import BuildProblemError
    from bot.builds.zip_archive import Archive

from fuzz.engine import BUILDS, fuzz

_MOST_BYTES = 100_000


def one(data: bytes) -> None:
    """Open an archive and read all its entries."""
    with contextlib.suppress(BuildProblemError):
        archive = Archive(io.BytesIO(data))
        for entry in list(archive.entries.values())[:20]:
            with contextlib.suppress(BuildProblemError):
                assert len(archive.read(entry, limit_bytes=_MOST_BYTES)) == entry.size_bytes <= _MOST_BYTES


if __name__ == "__main__":
    fuzz("archive", one, BUILDS)
