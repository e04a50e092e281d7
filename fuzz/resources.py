"""``resources.arsc``: a table is read, and IDs looked up, or ``ValueError`` or ``struct.error`` is raised."""

import contextlib
import struct

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.android.chunks import Value
    from bot.builds.android.resources import Resources

from fuzz.engine import fuzz, parts


def one(data: bytes) -> None:
    """Read a table and look up its first entries."""
    with contextlib.suppress(ValueError, struct.error):
        resources = Resources(data)
        for number in (0x7F010000, 0x7F010001, 0x01010000):
            with contextlib.suppress(ValueError, struct.error):
                resources.resolve(Value(kind=1, data=number, text=None))


if __name__ == "__main__":
    fuzz("resources", one, parts("resources.arsc"))
