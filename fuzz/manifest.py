"""The compiled ``AndroidManifest.xml``: it is read, or ``ValueError`` or ``struct.error`` is raised."""

import contextlib
import struct

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.android.manifest import read_manifest

from fuzz.engine import fuzz, parts


def one(data: bytes) -> None:
    """Read a manifest."""
    with contextlib.suppress(ValueError, struct.error):
        read_manifest(data)


if __name__ == "__main__":
    fuzz("manifest", one, parts("AndroidManifest.xml"))
