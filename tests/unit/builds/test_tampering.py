"""Archives made to confuse readers: what Android reads of them, with a note, or a refusal."""

import io
import json
import struct
import zipfile
from dataclasses import asdict

import pytest

from bot.builds import read_child
from bot.builds.child import answer
from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.reader import parse_build
from bot.core.scan import Build
from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.bundles import make_aab
from tests.unit.builds.test_bombs import MANIFEST, contents, problem_of, zip_of

APK = make_apk(package="a.b", version_name="4.2", label="Shop", label_in_resources=True)
STORED = zip_of(contents(APK), zipfile.ZIP_STORED)
TABLE = "resources.arsc"
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
FLAGS, METHOD, CRC, PACKED, SIZE = (6, "<H"), (8, "<H"), (14, "<I"), (18, "<I"), (22, "<I")
Field = tuple[int, str]


def changed(data: bytes, name: str, field: Field, value: int, *, where: str = "both") -> bytes:
    """Return an archive with a number changed in an entry's local header, in the directory's, or in both."""
    whole = bytearray(data)
    at, form = field
    places = []
    if where in {"both", "local"}:
        places.append(data.index(name.encode()) - 30 + at)
    if where in {"both", "central"}:
        places.append(data.rindex(name.encode()) - 46 + at + 2)
    for place in places:
        struct.pack_into(form, whole, place, value)
    return bytes(whole)


def read(data: bytes) -> Build:
    return read_build(io.BytesIO(data))


def test_sound_archive_has_no_note():
    assert read(APK).tampering == read(STORED).tampering == ()


@pytest.mark.parametrize("where", ["both", "central", "local"])
@pytest.mark.parametrize("method", [27639, 8738, 0xFFFF, 40, 100])
@pytest.mark.parametrize("name", [MANIFEST, TABLE])
def test_method_that_does_not_exist_is_taken_for_stored(name: str, method: int, where: str):
    found = read(changed(STORED, name, METHOD, method, where=where))
    assert (found.bundle_id, found.display_name, found.version) == ("a.b", "Shop", "4.2")
    assert found.tampering == (f"`{name}` has a compression method that doesn't exist.",)


def test_method_that_does_not_exist_in_the_local_header_of_a_packed_entry_is_passed_over():
    found = read(changed(APK, MANIFEST, METHOD, 27639, where="local"))
    assert found.display_name == "Shop"
    assert len(found.tampering) == 1


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 19, 20, 93, 95, 98, 99])
@pytest.mark.parametrize("where", ["both", "central", "local"])
def test_method_that_another_reader_unpacks_is_refused(method: int, where: str):
    assert problem_of(changed(STORED, MANIFEST, METHOD, method, where=where)) is BuildProblem.DAMAGED


def test_two_methods_that_both_exist_are_refused():
    assert problem_of(changed(STORED, MANIFEST, METHOD, 8, where="local")) is BuildProblem.DAMAGED
    assert problem_of(changed(STORED, MANIFEST, METHOD, 8, where="central")) is BuildProblem.DAMAGED
    both = changed(STORED, MANIFEST, METHOD, 27639, where="central")
    assert problem_of(changed(both, MANIFEST, METHOD, 8, where="local")) is BuildProblem.DAMAGED


@pytest.mark.parametrize("name", [MANIFEST, TABLE])
@pytest.mark.parametrize("data", [APK, STORED], ids=["packed", "stored"])
def test_wrong_checksum_is_noted(data: bytes, name: str):
    found = read(changed(data, name, CRC, 0x1234))
    assert found.display_name == "Shop"
    assert found.tampering == (f"The checksum of `{name}` is wrong.",)


@pytest.mark.parametrize("packed", [0, 1, 100])
def test_wrong_packed_size_of_a_stored_entry_is_noted(packed: int):
    found = read(changed(STORED, MANIFEST, PACKED, packed))
    assert found.display_name == "Shop"
    assert found.tampering == (f"The size of `{MANIFEST}` is wrong.",)


def test_size_that_reaches_into_the_next_entry_is_refused():
    size = len(contents(APK)[MANIFEST])
    longer = changed(STORED, MANIFEST, SIZE, size + 1)
    assert problem_of(longer) is BuildProblem.DAMAGED
    assert problem_of(changed(STORED, MANIFEST, SIZE, 0x7FFF_FFFF)) is BuildProblem.TOO_LARGE_INSIDE


def test_wrong_size_of_a_packed_entry_is_refused_as_by_android():
    for size in (1, 10_000):
        assert problem_of(changed(APK, MANIFEST, SIZE, size)) is BuildProblem.DAMAGED


@pytest.mark.parametrize("flags", [0x0001, 0x0041, 0x2000, 0xFFF7])
@pytest.mark.parametrize("where", ["both", "central", "local"])
def test_mark_of_encryption_on_what_is_not_encrypted_is_noted(flags: int, where: str):
    found = read(changed(APK, MANIFEST, FLAGS, flags, where=where))
    assert found.display_name == "Shop"
    assert "is marked as encrypted" in found.tampering[-1] or "are marked as encrypted" in found.tampering[0]


def test_what_is_encrypted_is_said_to_be():
    scrambled = bytes(byte ^ 0x5A for byte in contents(APK)[MANIFEST])
    data = zip_of(contents(APK) | {MANIFEST: scrambled}, zipfile.ZIP_STORED)
    assert problem_of(changed(data, MANIFEST, FLAGS, 1)) is BuildProblem.ENCRYPTED
    assert problem_of(data) is BuildProblem.BAD_MANIFEST
    assert "password" not in BuildProblem.DAMAGED.message


def test_mark_of_encryption_on_another_entry_is_noted():
    found = read(changed(APK, "classes.dex", FLAGS, 1))
    assert found.tampering == ("It has files that are marked as encrypted.",)


def test_claim_to_be_one_volume_of_several_is_noted():
    data = bytearray(APK)
    struct.pack_into("<2H", data, len(data) - 18, 7, 9)
    assert read(bytes(data)).tampering == ("It claims to be one volume of several.",)


@pytest.mark.parametrize("kind", [0, 1, 0x0102, 0x1234])
def test_root_chunk_of_another_type_is_noted(kind: int):
    manifest = struct.pack("<H", kind) + contents(APK)[MANIFEST][2:]
    found = read(make_zip(contents(APK) | {MANIFEST: manifest}))
    assert (found.bundle_id, found.display_name) == ("a.b", "Shop")
    assert found.tampering == ("`AndroidManifest.xml` doesn't begin as compiled XML does.",)


@pytest.mark.parametrize("field", [CRC, PACKED, SIZE])
def test_local_header_that_says_something_else_is_refused(field: Field):
    assert problem_of(changed(STORED, MANIFEST, field, 7, where="local")) is BuildProblem.DAMAGED


IPA = make_ipa(bundle_id="a.b", name="Shop")
AAB = make_aab(package="a.b")


@pytest.mark.parametrize(
    ("build", "name"),
    [(IPA, "Payload/Shop.app/Info.plist"), (AAB, "base/manifest/AndroidManifest.xml")],
    ids=["ipa", "aab"],
)
@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (METHOD, 27639, BuildProblem.DAMAGED),
        (CRC, 7, BuildProblem.DAMAGED),
        (FLAGS, 1, BuildProblem.ENCRYPTED),
    ],
)
def test_what_android_does_not_install_has_to_be_sound(
    build: bytes, name: str, field: Field, value: int, problem: BuildProblem
):
    data = zip_of(contents(build), zipfile.ZIP_STORED)
    assert problem_of(changed(data, name, field, value)) is problem


@pytest.mark.parametrize("size", [50, 0x7FFF_FFFF, 0xFFFF_FFFE])
@pytest.mark.parametrize("method", [0, 8, 27639])
@pytest.mark.parametrize(("build", "name"), [(APK, "a.b"), (IPA, "Shop")], ids=["apk", "ipa"])
def test_nonsense_in_an_entry_that_is_never_read_is_no_matter(
    build: bytes, name: str, method: int, size: int
):
    data = zip_of(contents(build) | {"assets/odd": b"x" * 40}, zipfile.ZIP_STORED)
    data = changed(changed(data, "assets/odd", SIZE, size), "assets/odd", METHOD, method)
    found = read(changed(data, "assets/odd", CRC, 7))
    assert (found.bundle_id, found.tampering) == ("a.b", ())


@pytest.mark.parametrize("folder", ["AndroidManifest.xml/", "./AndroidManifest.xml/", "androidmanifest.XML/"])
def test_empty_folder_named_like_the_manifest_is_no_second_one(folder: str):
    assert read(make_zip(contents(APK) | {folder: b""})).display_name == "Shop"
    assert problem_of(make_zip(contents(APK) | {folder: b"x"})) is BuildProblem.AMBIGUOUS
    plist = "Payload/Shop.app/Info.plist/"
    assert read(make_zip(contents(IPA) | {plist: b""})).bundle_id == "a.b"


def test_notes_reach_the_bot_and_are_checked_there():
    data = changed(APK, MANIFEST, CRC, 7)
    told = json.dumps(answer(read_child.read, io.BytesIO(data)))
    assert parse_build(told.encode()) == read(data)
    build = asdict(read(data))
    for notes in (None, "text", {}, [1], [None], [["x"]], ["a\nb"], [""], ["x" * 256], ["x"] * 21):
        with pytest.raises(BuildProblemError) as caught:
            parse_build(json.dumps({"build": build | {"tampering": notes}}).encode())
        assert caught.value.problem is BuildProblem.UNREADABLE
