"""The sample builds: the same each time, sound to the standard library, and as large as asked."""

import hashlib
import io
import plistlib
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from sandbox.builds import make_apk, make_ipa, write_apk, write_ipa


def test_the_same_arguments_give_the_same_bytes():
    about = {"package": "a.b", "label": "Shop", "padding_bytes": 5000}
    assert make_apk(**about, seed=1) == make_apk(**about, seed=1)
    assert make_apk(**about, seed=1) != make_apk(**about, seed=2)
    assert make_ipa(bundle_id="a.b", padding_bytes=50) == make_ipa(bundle_id="a.b", padding_bytes=50)


@pytest.mark.parametrize("binary", [True, False])
def test_an_ipa_is_sound(binary: bool):  # noqa: FBT001 - a parameter of the test
    data = make_ipa(
        bundle_id="a.b", name="Shop", display_name="S", version="2", frameworks=["F"], binary=binary
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        plist = archive.read("Payload/Shop.app/Info.plist")
        framework = plistlib.loads(archive.read("Payload/Shop.app/Frameworks/F.framework/Info.plist"))
    assert plist.startswith(b"bplist00") is binary
    found = plistlib.loads(plist)
    assert (found["CFBundleIdentifier"], found["CFBundleShortVersionString"]) == ("a.b", "2")
    assert framework["CFBundleIdentifier"] == "org.example.F"


def test_the_dex_in_an_apk_is_sound():
    with zipfile.ZipFile(io.BytesIO(make_apk(package="a.b"))) as archive:
        assert archive.testzip() is None
        dex = archive.read("classes.dex")
    assert dex[:8] == b"dex\n035\0"
    assert int.from_bytes(dex[8:12], "little") == zlib.adler32(dex[12:])
    assert dex[12:32] == hashlib.sha1(dex[32:], usedforsecurity=False).digest()
    assert int.from_bytes(dex[32:36], "little") == len(dex)


def test_large_builds_are_written_with_flat_memory(tmp_path: Path):
    size = 20 * 1024 * 1024
    tracemalloc.start()
    try:
        write_apk(tmp_path / "large.apk", package="a.b", padding_bytes=size)
        write_ipa(tmp_path / "large.ipa", bundle_id="a.b", padding_bytes=size)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024
    for name in ("large.apk", "large.ipa"):
        assert size < (tmp_path / name).stat().st_size < size + 10_000
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert archive.testzip() is None
