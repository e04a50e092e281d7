"""Whatever is done to a build, reading it gives a build or says no, and the parent believes that build."""

import io
import json
import zipfile
from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.builds import read_child, reader
from bot.builds.child import answer
from bot.builds.detect import read_build
from bot.core.scan import Build
from bot.errors import BuildRejected
from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.bundles import make_aab

WHOLE = [
    make_apk(package="org.example.shop", version_name="4.2.0", label="Shöp 😀", nameless=True),
    make_apk(
        package="a.b", version_name="1", label="Shop", label_in_resources=True, version_in_resources=True
    ),
    make_apk(package="a.b", label="Shop", label_in_resources=True, translations={"fr": "B"}, utf16=True),
    make_aab(
        package="a.b", version_name="1", label="Shöp", label_in_resources=True, version_in_resources=True
    ),
    make_ipa(bundle_id="a.b", name="Shop", display_name="Shöp", frameworks=["A"]),
    make_ipa(bundle_id="a.b", name="Shop", display_name="Shöp", binary=False),
]
PARTS = [
    "AndroidManifest.xml",
    "resources.arsc",
    "base/manifest/AndroidManifest.xml",
    "base/resources.pb",
    "Payload/Shop.app/Info.plist",
]

edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), max_size=6)


def edited(data: bytes, changes: list[tuple[float, bytes]]) -> bytes:
    changed = bytearray(data)
    for place, content in changes:
        at = int(place * len(changed))
        changed[at : at + len(content)] = content
    return bytes(changed)


def check(data: bytes) -> None:
    try:
        found = read_build(io.BytesIO(data))
    except BuildRejected as rejected:
        assert rejected.user_message  # noqa: PT017 - either way it has to be one of two
    else:
        assert isinstance(found, Build)
        told = json.dumps(answer(read_child.read, io.BytesIO(data))).encode()
        assert told == json.dumps({"build": asdict(found)}).encode()
        assert reader.parse_build(told) == found


@given(st.sampled_from(WHOLE), edits, st.floats(0, 1), st.binary(max_size=8))
@settings(max_examples=200, deadline=None)
def test_changed_archives(build: bytes, changes: list[tuple[float, bytes]], kept: float, added: bytes):
    changed = edited(build, changes)
    check(changed[: round(kept * len(changed))] + added)
    check(changed)


@given(st.sampled_from(WHOLE), st.sampled_from(PARTS), edits)
@settings(max_examples=200, deadline=None)
def test_changed_contents(build: bytes, part: str, changes: list[tuple[float, bytes]]):
    """The archive is sound, and what is in it is not."""
    with zipfile.ZipFile(io.BytesIO(build)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files = {name: edited(data, changes) if name == part else data for name, data in files.items()}
    check(make_zip(files))


@given(st.sampled_from(PARTS), st.binary(max_size=200))
@settings(deadline=None)
def test_contents_of_nothing_but_noise(part: str, noise: bytes):
    check(make_zip({part: noise}))
