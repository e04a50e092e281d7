"""Where an Android app's name comes from, and strings that are broken where it matters or not."""

import io
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.core.scan import Build
from sandbox.builds import make_apk, make_zip
from sandbox.bundles import attribute, element, entry, field, manifest, reference, string, table
from tests.unit.builds.android.test_resources import STRING, chunk, found, pool, type_chunk
from tests.unit.builds.android.test_resources import entry as arsc_entry
from tests.unit.builds.android.test_resources import table as arsc_table

AAPT = shutil.which("aapt")
LABEL, NAME, APP_NAME = 0x01010001, 0x01010003, 0x7F010000


def build(data: bytes) -> Build:
    return read_build(io.BytesIO(data))


def manifest_of(**about: Any) -> bytes:
    with zipfile.ZipFile(io.BytesIO(make_apk(**about))) as archive:
        return archive.read("AndroidManifest.xml")


def problem_of(data: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        build(data)
    return caught.value.problem


@pytest.mark.parametrize("utf16", [False, True])
@pytest.mark.parametrize("nameless", [False, True])
def test_name_of_the_activity_that_a_launcher_shows(utf16: bool, nameless: bool):  # noqa: FBT001
    about = {"package": "a.b", "launcher_label": "Tally", "utf16": utf16, "nameless": nameless}
    assert build(make_apk(**about)).display_name == "Tally"
    assert build(make_apk(**about, label="Own")).display_name == "Own"


@pytest.mark.skipif(AAPT is None, reason="needs Debian's aapt (apt-get install aapt)")
def test_aapt_finds_the_same_activity(tmp_path: Path):
    path = tmp_path / "launcher.apk"
    path.write_bytes(make_apk(package="a.b", launcher_label="Tally"))
    told = subprocess.run(
        [AAPT or "aapt", "dump", "badging", path], capture_output=True, check=False, text=True
    ).stdout
    assert "label='Tally'" in told


def activity(label: str, *names: str, kind: str = "activity") -> bytes:
    shown = b"".join(
        field(5, element(name.split(".")[2], attribute("name", string(name), NAME))) for name in names
    )
    return field(
        5,
        element(kind, attribute("label", string(label), LABEL) + field(5, element("intent-filter", shown))),
    )


MAIN, LAUNCHER = "android.intent.action.MAIN", "android.intent.category.LAUNCHER"


@pytest.mark.parametrize("kind", ["activity", "activity-alias"])
def test_name_of_the_activity_that_a_launcher_shows_in_a_bundle(kind: str):
    activities = activity("Settings", MAIN) + activity("Tally", MAIN, LAUNCHER, kind=kind)
    data = manifest(attribute("package", "a.b"), activities)
    assert build(make_zip({"base/manifest/AndroidManifest.xml": data})).display_name == "Tally"


def test_activities_that_are_broken_cost_only_the_name():
    data = manifest(attribute("package", "a.b"), field(5, element("activity", field(4, 7))))
    found = build(make_zip({"base/manifest/AndroidManifest.xml": data}))
    assert (found.bundle_id, found.display_name) == ("a.b", None)
    whole = manifest_of(package="a.b", launcher_label="Tally")
    at = whole.rindex(struct.pack("<HHI", 0x0102, 16, 56))
    broken = whole[:at] + struct.pack("<HHI", 0x0102, 16, 1) + whole[at + 8 :]
    assert build(make_zip({"AndroidManifest.xml": broken})).display_name is None


def with_broken(text: str, **about: Any) -> bytes:
    """Return an APK whose manifest has a byte of this string changed to what UTF-8 never has."""
    data = manifest_of(**about)
    at = data.index(text.encode())
    return make_zip({"AndroidManifest.xml": data[:at] + b"\xff" + data[at + 1 :]})


def test_broken_byte_where_it_matters_and_where_it_does_not():
    about = {"package": "a.b.c", "version_name": "v4.2", "label": "xShop"}
    assert build(with_broken("xShop", **about)).display_name == "Shop"
    assert build(with_broken("v4.2", **about)).version == "4.2"
    assert build(with_broken("uses-sdk", **about)).display_name == "xShop"
    assert build(with_broken("minSdkVersion", **about)).display_name == "xShop"
    assert problem_of(with_broken("a.b.c", **about)) is BuildProblem.BAD_MANIFEST
    assert problem_of(with_broken("manifest", **about)) is BuildProblem.BAD_MANIFEST


def test_string_pools_that_are_two_are_refused():
    data = manifest_of(package="a.b")
    size = struct.unpack_from("<I", data, 12)[0]
    twice = data[:8] + data[8 : 8 + size] * 2 + data[8 + size :]
    twice = twice[:4] + struct.pack("<I", len(twice)) + twice[8:]
    assert problem_of(make_zip({"AndroidManifest.xml": twice})) is BuildProblem.BAD_MANIFEST


def test_resource_id_on_the_package_of_a_bundle():
    package = field(4, field(2, "package") + field(5, 9) + field(3, "a.b"))
    data = element("manifest", package)
    assert build(make_zip({"base/manifest/AndroidManifest.xml": data})).bundle_id == "a.b"


def configured(config: bytes, text: int) -> bytes:
    """Return a type with one string under a configuration of these bytes, its own size included."""
    header = struct.pack("<4B2I", 1, 0, 0, 0, 1, 20 + len(config) + 4) + config
    return chunk(0x0201, header, struct.pack("<I", 0) + arsc_entry(STRING, text))


def config(size: int, *, language: bytes = b"\0\0", rest: bytes = b"") -> bytes:
    return (struct.pack("<I4x2s", size, language) + rest).ljust(size, b"\0")[:size]


DENSITY = bytes(4) + b"\xa0\0"


def test_text_without_language_comes_before_english_and_english_before_others():
    finnish, english = configured(config(64, language=b"fi"), 0), configured(config(64, language=b"en"), 1)
    plain = configured(config(64, rest=DENSITY), 2)
    texts = (b"Suomi", b"English", b"Plain")
    assert found(arsc_table(finnish, english, plain, texts=texts), APP_NAME) == "Plain"
    assert found(arsc_table(finnish, english, texts=texts), APP_NAME) == "English"
    assert found(arsc_table(finnish, texts=texts), APP_NAME) == "Suomi"
    values = {"fi": string("Suomi"), "en-GB": string("English")}
    data = manifest(attribute("package", "a.b"), attribute("label", reference(APP_NAME), LABEL))
    for names, expected in ((values, "English"), (dict(list(values.items())[:1]), "Suomi")):
        files = {"base/resources.pb": table("a.b", entry(0, "app_name", names))}
        assert build(make_zip(files | {"base/manifest/AndroidManifest.xml": data})).display_name == expected


@pytest.mark.parametrize("size", [4, 8, 12, 16, 28, 32, 36, 48, 52, 56, 64, 68, 200])
def test_configurations_of_odd_sizes(size: int):
    french = configured(config(64, language=b"fr"), 1)
    assert found(arsc_table(french, configured(config(size), 0)), APP_NAME) == "Shop"
    padded = config(size) + b"\x07" * 8  # in the header, but not in the configuration
    assert found(arsc_table(french, configured(padded, 0)), APP_NAME) == "Shop"


@pytest.mark.parametrize("size", [0, 1, 3, 0xFFFF_FFFF])
def test_configurations_whose_size_is_nonsense(size: int):
    odd = configured(struct.pack("<I", size) + bytes(60), 0)
    assert found(arsc_table(configured(config(64, language=b"fr"), 1), odd), APP_NAME) == "Shop"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"Tally\xff", "Tally"),
        (b"\xc0\x80Tally", "Tally"),
        (b"Ta\xedlly", "Tally"),
        (b"Tally\xf0\x9f", "Tally"),
        (b"\xff\xfe", None),
    ],
)
def test_bad_bytes_in_a_label(text: bytes, expected: str | None):
    package = struct.pack("<I256x5I", 0x7F, 0, 0, 0, 0, 0)
    body = pool(text) + chunk(0x0200, package, type_chunk({0: arsc_entry(STRING, 0)}))
    files = {
        "AndroidManifest.xml": manifest_of(package="a.b", label="x", label_in_resources=True),
        "resources.arsc": chunk(0x0002, struct.pack("<I", 1), body),
    }
    assert build(make_zip(files)).display_name == expected


def test_label_of_a_bundle_with_over_a_million_fields():
    filler = entry(1, "filler", {"": string("x"), "fr": string("y"), "de": string("z")}) * 200_000
    assert filler.count(b"filler") == 200_000  # with a dozen fields each
    resources = table("a.b", filler + entry(0, "app_name", {"": string("Tally")}))
    data = manifest(attribute("package", "a.b"), attribute("label", reference(APP_NAME), LABEL))
    files = {"base/resources.pb": resources, "base/manifest/AndroidManifest.xml": data}
    assert build(make_zip(files)).display_name == "Tally"
