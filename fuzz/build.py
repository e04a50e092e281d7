"""Whole builds: the input stands for the parts of a build in a sound archive, or for the archive itself."""

import io
import json
from dataclasses import asdict

import atheris

with atheris.instrument_imports(include=["bot.builds"]):
    from bot.builds import read_child
    from bot.builds.child import answer
    from bot.builds.detect import read_build
    from bot.builds.problems import BuildProblemError
    from bot.builds.reader import parse_build

from fuzz.engine import BUILDS, BUNDLES, fuzz, parts
from sandbox.builds import make_zip

_PLIST = "Payload/X.app/Info.plist"
_ANDROID = {
    b"a": ("AndroidManifest.xml", "resources.arsc"),
    b"b": ("base/manifest/AndroidManifest.xml", "base/resources.pb"),
}


def one(data: bytes) -> None:
    """Read a build; the parent parses what was read unchanged."""
    kind, data = data[:1], data[1:]
    if kind in _ANDROID:
        size = int.from_bytes(data[:2], "little")
        parts = data[2 : 2 + size], data[2 + size :]
        data = make_zip(dict(zip(_ANDROID[kind], parts, strict=True)))
    elif kind == b"p":
        data = make_zip({_PLIST: data})
    try:
        found = read_build(io.BytesIO(data))
    except BuildProblemError:
        return
    told = json.dumps(answer(read_child.read, io.BytesIO(data))).encode()
    assert told == json.dumps({"build": asdict(found)}).encode()
    assert parse_build(told) == found


def _samples() -> list[bytes]:
    android = [
        kind + len(manifest).to_bytes(2, "little") + manifest + table
        for (kind, names), builds in zip(_ANDROID.items(), (BUILDS, BUNDLES), strict=True)
        for manifest, table in zip(*(parts(name, builds) for name in names), strict=True)
    ]
    return [
        *android,
        *(b"p" + plist for plist in parts("Info.plist")),
        *(b"z" + build for build in BUILDS + BUNDLES),
    ]


if __name__ == "__main__":
    fuzz("build", one, _samples())
