"""Every number in a build's formats, each set to what overflows: the build is read or refused."""

import io
import struct
import zipfile
from collections.abc import Iterator

import pytest

from bot.builds.detect import read_build
from bot.builds.problems import BuildProblemError
from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.bundles import make_aab

APK = make_apk(
    package="a.b", version_name="1", label="Shop", label_in_resources=True, translations={"fr": "B"}
)
IPA = make_ipa(bundle_id="a.b", name="Shop")
AAB = make_aab(package="a.b", version_name="1", label="Shop", label_in_resources=True)
EDGES = {
    1: (0, 0x80, 0xFF),
    2: (0, 1, 0x7FFF, 0xFFFF),
    4: (0, 7, 0x7FFF_FFFF, 0xFFFF_FFF8),
}


def changed(data: bytes, width: int) -> Iterator[bytes]:
    """Give the data with each aligned number of that width set to each edge."""
    for at in range(0, len(data) - width + 1, width):
        for edge in EDGES[width]:
            yield data[:at] + edge.to_bytes(width, "little") + data[at + width :]


def check(data: bytes) -> None:
    try:
        assert read_build(io.BytesIO(data)).bundle_id
    except BuildProblemError as error:
        assert error.user_message  # noqa: PT017 - either way it has to be one of two


@pytest.mark.parametrize("width", EDGES)
@pytest.mark.parametrize(
    ("build", "part"),
    [
        (APK, "AndroidManifest.xml"),
        (APK, "resources.arsc"),
        (IPA, "Payload/Shop.app/Info.plist"),
        (AAB, "base/manifest/AndroidManifest.xml"),
        (AAB, "base/resources.pb"),
    ],
)
def test_every_number_in_what_names_the_app(build: bytes, part: str, width: int):
    with zipfile.ZipFile(io.BytesIO(build)) as archive:
        files = {
            name: archive.read(name)
            for name in archive.namelist()
            if name.endswith((".xml", ".arsc", ".plist", ".pb"))
        }
    tried = 0
    for content in changed(files[part], width):
        check(make_zip(files | {part: content}))
        tried += 1
    assert tried > 50


@pytest.mark.parametrize("build", [APK, IPA], ids=["apk", "ipa"])
def test_every_number_in_the_directory(build: bytes):
    at = struct.unpack("<I", build[-6:-2])[0]
    for directory in changed(build[at:], 2):
        check(build[:at] + directory)
