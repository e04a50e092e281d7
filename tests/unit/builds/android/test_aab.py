"""Reading an App Bundle's manifest and its label."""

import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.core.scan import Build, FileType
from sandbox.builds import make_apk, make_zip
from sandbox.bundles import (
    attribute,
    element,
    entry,
    field,
    integer,
    make_aab,
    manifest,
    reference,
    string,
    table,
)

MANIFEST, RESOURCES = "base/manifest/AndroidManifest.xml", "base/resources.pb"
LABEL, LABEL_ID = 0x01010001, 0x7F010000
PACKAGE = attribute("package", "a.b")
AABS: dict[str, dict[str, Any]] = {
    "plain": {"package": "org.example.shop", "version_name": "4.2.0", "version_code": 402, "label": "Shop"},
    "resources": {"package": "a.b", "version_name": "1", "label": "Shöp 日本", "label_in_resources": True},
    "translated": {
        "package": "a.b",
        "label": "Shop",
        "label_in_resources": True,
        "translations": {"fr": "Boutique", "de": "Laden"},
    },
    "both": {
        "package": "a.b",
        "label": "Shop 😀",
        "label_in_resources": True,
        "version_name": "1.0-beta",
        "version_in_resources": True,
    },
    "long": {"package": "a.b", "version_name": "1." + "0" * 200, "label": "é" * 200},
    "bare": {"package": "a.b", "version_code": None},
}


def build(**about: Any) -> Build:
    return read_build(io.BytesIO(make_aab(**about)))


def bundle(data: bytes, resources: bytes | None = None) -> bytes:
    return make_zip({MANIFEST: data} | ({} if resources is None else {RESOURCES: resources}))


def labelled(resources: bytes) -> str | None:
    """Return the label of a bundle with this resource table."""
    data = manifest(PACKAGE, attribute("label", reference(LABEL_ID), LABEL))
    return read_build(io.BytesIO(bundle(data, resources))).display_name


def problem_of(data: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        read_build(io.BytesIO(data))
    return caught.value.problem


def expected(about: dict[str, Any]) -> Build:
    code = about.get("version_code", 1)
    return Build(
        file_type=FileType.AAB,
        bundle_id=about["package"],
        display_name=about.get("label"),
        version=about.get("version_name"),
        build_number=None if code is None else str(code),
    )


@pytest.mark.parametrize("about", AABS.values(), ids=AABS.keys())
def test_what_was_put_in_is_read(about: dict[str, Any]):
    assert build(**about) == expected(about)


AAPT2 = shutil.which("aapt2")


@pytest.mark.skipif(
    AAPT2 is None and "APPSCAN_REQUIRE_AAPT" not in os.environ,
    reason="needs Debian's aapt2 (apt-get install aapt)",
)
@pytest.mark.parametrize("about", AABS.values(), ids=AABS.keys())
def test_what_aapt2_writes_is_read(about: dict[str, Any], tmp_path: Path):
    """An APK that aapt2 turned into protocol buffers is a bundle's base module, but for its folders."""
    binary, proto = tmp_path / "binary.apk", tmp_path / "proto.apk"
    binary.write_bytes(make_apk(**about))
    command = [AAPT2 or "aapt2", "convert", "--output-format", "proto", "-o", proto, binary]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(proto) as archive:
        parts = archive.read("AndroidManifest.xml"), archive.read("resources.pb")
    assert read_build(io.BytesIO(bundle(*parts))) == expected(about)


@pytest.mark.skipif(
    AAPT2 is None and "APPSCAN_REQUIRE_AAPT" not in os.environ,
    reason="needs Debian's aapt2 (apt-get install aapt)",
)
def test_aapt2_reads_the_samples_the_same(tmp_path: Path):
    with zipfile.ZipFile(io.BytesIO(make_aab(**AABS["both"]))) as archive:
        files = {"AndroidManifest.xml": archive.read(MANIFEST), "resources.pb": archive.read(RESOURCES)}
    path = tmp_path / "proto.apk"
    path.write_bytes(make_zip(files))
    told = subprocess.run(
        [AAPT2 or "aapt2", "dump", "badging", path], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    assert told[0].startswith("package: name='a.b' versionCode='1' versionName='1.0-beta'")
    assert "application: label='Shop 😀' icon=''" in told


def test_long_version_codes():
    assert build(package="a.b", version_code=5, version_code_major=2).build_number == str((2 << 32) + 5)
    assert build(package="a.b", version_code=0xFFFFFFFF).build_number == "4294967295"
    assert build(package="a.b", version_code=-1).build_number == "4294967295"  # as an APK would have it


def test_features_of_the_app_are_passed_over():
    found = build(package="a.b", label="Shop", features={"camera": "Camera", "aaa": "First"})
    assert (found.bundle_id, found.display_name) == ("a.b", "Shop")
    only_a_feature = make_zip({"BundleConfig.pb": b"", "camera/manifest/AndroidManifest.xml": b""})
    assert problem_of(only_a_feature) is BuildProblem.BAD_BUNDLE
    assert problem_of(make_aab(package="a.b", split="camera")) is BuildProblem.BAD_BUNDLE


def test_an_attribute_that_was_not_compiled_is_taken_as_written():
    label = field(4, field(2, "label") + field(3, "Shop") + field(5, LABEL) + field(6, b""))
    assert read_build(io.BytesIO(bundle(manifest(PACKAGE, label)))).display_name == "Shop"


def test_the_first_language_is_taken_where_there_is_no_default():
    texts = {"fr": string("Boutique"), "de": string("Laden")}
    assert labelled(table("a.b", entry(0, "app_name", texts))) == "Boutique"


def test_references_are_followed_but_not_in_circles():
    def chain(*targets: int) -> bytes:
        links = [entry(at, "x", {"": reference(LABEL_ID + to)}) for at, to in enumerate(targets)]
        return table("a.b", b"".join(links) + entry(len(targets), "end", {"": string("Shop")}))

    assert labelled(chain(1, 2)) == "Shop"
    assert labelled(chain(0)) is None
    assert labelled(chain(1, 0)) is None
    assert labelled(chain(*range(1, 30))) is None


@pytest.mark.parametrize(
    "resources",
    [
        b"",
        b"\xff" * 100,
        table("a.b", b""),
        table("a.b", entry(0, "app_name", {"": string("Shop")}))[:-3],
        table("a.b", entry(0, "app_name", {"": b""})),
        table("a.b", entry(0, "app_name", {"": string("Shop") + reference(LABEL_ID)})),
        table("a.b", entry(0, "app_name", {"": field(1, field(1, 1) + field(2, LABEL_ID))})),
        table("a.b", entry(0, "app_name", {"": field(6, b"")})),
        table("a.b", entry(0, "app_name", {"": field(2, 7)})),
    ],
    ids=[
        "empty",
        "noise",
        "no entry",
        "cut",
        "no value",
        "two kinds",
        "theme",
        "an id",
        "wrong type",
    ],
)
def test_a_label_that_can_not_be_found_is_none(resources: bytes):
    assert labelled(resources) is None


def test_a_label_without_resources_is_none():
    data = manifest(PACKAGE, attribute("label", reference(LABEL_ID), LABEL))
    assert read_build(io.BytesIO(bundle(data))) == Build(file_type=FileType.AAB, bundle_id="a.b")


def nested(depth: int) -> bytes:
    node = b""
    for _ in range(depth):
        node = field(5, field(1, node))
    return node


def test_elements_in_elements_cost_nothing():
    found = read_build(io.BytesIO(bundle(element("manifest", PACKAGE + nested(2000)))))
    assert found.bundle_id == "a.b"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'<?xml version="1.0"?><manifest package="a.b"/>',
        element("anifesto", PACKAGE),
        element("manifest", PACKAGE)[:-2],
        element("manifest", PACKAGE) * 2,
        element("manifest"),
        element("manifest", field(4, field(1, "android") + field(2, "package") + field(3, "a.b"))),
        element("manifest", PACKAGE + field(4, 12)),
        element("manifest", PACKAGE + attribute("versionCode", integer(1) + string("1"), 0x0101021B)),
        element("manifest", attribute("package", "a b")),
        element("manifest", attribute("package", "x" * 300)),
        field(2, "text"),
    ],
)
def test_manifests_that_are_none(data: bytes):
    assert problem_of(bundle(data)) is BuildProblem.BAD_BUNDLE


def test_a_manifest_larger_than_any():
    assert problem_of(bundle(bytes(9 * 1024 * 1024))) is BuildProblem.TOO_LARGE_INSIDE


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_a_build_or_refused(first: bytes, second: bytes):
    assert problem_of(bundle(first, second)) is BuildProblem.BAD_BUNDLE
    assert labelled(second) is None
