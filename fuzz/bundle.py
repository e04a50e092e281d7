"""An App Bundle's manifest and ``resources.pb``: they are read, or ``ValueError`` is raised."""

import contextlib

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds.android.chunks import Value
    from bot.builds.android.proto_manifest import read_proto_manifest
    from bot.builds.android.proto_resources import ProtoResources

from fuzz.engine import BUNDLES, fuzz, parts


def one(data: bytes) -> None:
    """Read a manifest; read a table and look up its first entries."""
    with contextlib.suppress(ValueError):
        read_proto_manifest(data)
    with contextlib.suppress(ValueError):
        resources = ProtoResources(data)
        for number in (0x7F010000, 0x7F010001, 0x01010000):
            with contextlib.suppress(ValueError):
                resources.resolve(Value(kind=1, data=number, text=None))


if __name__ == "__main__":
    fuzz("bundle", one, parts("AndroidManifest.xml", BUNDLES) + parts("resources.pb", BUNDLES))
