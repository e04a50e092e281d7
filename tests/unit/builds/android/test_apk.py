"""Reading an APK's manifest and its label."""

import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.core.scan import Build, FileType
from sandbox.builds import make_apk, make_zip

APKS: dict[str, dict[str, Any]] = {
    "plain": {"package": "org.example.shop", "version_name": "4.2.0", "version_code": 402, "label": "Shop"},
    "utf16": {"package": "org.example.shop", "version_name": "4.2.0", "label": "Shöp 日本", "utf16": True},
    "resources": {"package": "a.b", "version_name": "1", "label": "Shöp", "label_in_resources": True},
    "translated": {
        "package": "a.b",
        "label": "Shop",
        "label_in_resources": True,
        "translations": {"fr": "Boutique", "de": "Laden"},
    },
    "both-utf16": {
        "package": "a.b",
        "label": "Shop 😀",
        "label_in_resources": True,
        "version_name": "1.0-beta",
        "version_in_resources": True,
        "utf16": True,
    },
    "emoji": {"package": "a.b", "label": "Shop 😀", "label_in_resources": True},
    "long": {"package": "a.b", "version_name": "1." + "0" * 200, "label": "é" * 200},
    "bare": {"package": "a.b", "version_code": None},
    "nameless": {"package": "a.b", "version_name": "9", "version_code": 9, "label": "Nine", "nameless": True},
}


def build(**about: Any) -> Build:
    return read_build(io.BytesIO(make_apk(**about)))


def without(apk: bytes, *names: str, **replaced: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(apk)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name not in names}
    return make_zip(files | {name.replace("_", "."): content for name, content in replaced.items()})


@pytest.mark.parametrize("about", APKS.values(), ids=APKS.keys())
def test_what_was_put_in_is_read(about: dict[str, Any]):
    code = about.get("version_code", 1)
    assert build(**about) == Build(
        file_type=FileType.APK,
        bundle_id=about["package"],
        display_name=about.get("label"),
        version=about.get("version_name"),
        build_number=None if code is None else str(code),
    )


AAPT = shutil.which("aapt")


@pytest.mark.skipif(
    AAPT is None and "APPSCAN_REQUIRE_AAPT" not in os.environ,
    reason="needs Debian's aapt (apt-get install aapt)",
)
@pytest.mark.parametrize(
    "about", [pytest.param(about, id=name) for name, about in APKS.items() if name != "nameless"]
)
def test_aapt_reads_the_same(about: dict[str, Any], tmp_path: Path):
    path = tmp_path / "sample.apk"
    path.write_bytes(make_apk(**about))
    badging = subprocess.run(
        [AAPT or "aapt", "dump", "badging", path], capture_output=True, check=True, text=True
    )
    lines = badging.stdout.splitlines()
    found = build(**about)
    assert lines[0] == (
        f"package: name='{found.bundle_id}' versionCode='{found.build_number or ''}' "
        f"versionName='{found.version or ''}'"
    )
    assert f"application: label='{found.display_name or ''}' icon=''" in lines
    assert not badging.stderr


def test_long_version_codes():
    assert build(package="a.b", version_code=5, version_code_major=2).build_number == str((2 << 32) + 5)
    assert build(package="a.b", version_code=0xFFFFFFFF).build_number == "4294967295"


def test_the_default_language_comes_before_others_and_others_before_none():
    about = {"package": "a.b", "label_in_resources": True, "translations": {"fr": "Boutique"}}
    assert build(**about, label="Shop").display_name == "Shop"


def test_an_empty_label_is_none():
    assert build(package="a.b", label="").display_name is None
    assert build(package="a.b", label="", label_in_resources=True).display_name is None


def test_a_label_that_can_not_be_found_is_none():
    apk = make_apk(package="a.b", version_name="1", label="Shop", label_in_resources=True)
    for changed in (
        without(apk, "resources.arsc"),
        without(apk, resources_arsc=b""),
        without(apk, resources_arsc=b"\x02\x00\x0c\x00" + b"\xff" * 100),
    ):
        found = read_build(io.BytesIO(changed))
        assert found == Build(file_type=FileType.APK, bundle_id="a.b", version="1", build_number="1")


def test_resources_larger_than_any_are_left_unread():
    changed = without(
        make_apk(package="a.b", label="Shop", label_in_resources=True), resources_arsc=bytes(65 * 1024 * 1024)
    )
    assert read_build(io.BytesIO(changed)).display_name is None


def problem_of(data: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        read_build(io.BytesIO(data))
    return caught.value.problem


def test_a_part_of_an_app_is_no_build():
    assert problem_of(make_apk(package="a.b", split="config.arm64_v8a")) is BuildProblem.SPLIT_APK
    assert build(package="a.b", split="").bundle_id == "a.b"


@pytest.mark.parametrize("package", ["", "a b", "<!here>", "x" * 300, "a/../b"])
def test_what_is_no_package_name(package: str):
    assert problem_of(make_apk(package=package)) is BuildProblem.BAD_MANIFEST


def test_manifests_that_are_none():
    manifest = zipfile.ZipFile(io.BytesIO(make_apk(package="a.b", label="Shop"))).read("AndroidManifest.xml")
    for changed in (
        b"",
        b'<?xml version="1.0"?><manifest package="a.b"/>',
        manifest[:200],
        manifest[:-1],
        manifest.replace(b"manifest", b"anifesto"),
    ):
        assert problem_of(make_zip({"AndroidManifest.xml": changed})) is BuildProblem.BAD_MANIFEST
    assert read_build(io.BytesIO(make_zip({"AndroidManifest.xml": manifest}))).display_name == "Shop"


def test_a_manifest_larger_than_any():
    data = make_zip({"AndroidManifest.xml": bytes(9 * 1024 * 1024)})
    assert problem_of(data) is BuildProblem.TOO_LARGE_INSIDE
