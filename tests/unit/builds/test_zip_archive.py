"""Zip archives that lie, and what is said of them."""

import io
import struct
import zipfile
import zlib

import pytest

from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.zip_archive import MAX_ENTRIES, MAX_EXPANDED_BYTES, Archive
from sandbox.builds import make_ipa, make_zip

TEXT = b"forty-two bytes of text that deflate well " * 10


def problem_of(data: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        Archive(io.BytesIO(data))
    return caught.value.problem


def content(data: bytes, name: bytes) -> bytes:
    archive = Archive(io.BytesIO(data))
    return archive.read(archive.entries[name], limit_bytes=1024 * 1024)


def problem_of_entry(data: bytes, name: bytes, limit_bytes: int = 1024 * 1024) -> BuildProblem:
    archive = Archive(io.BytesIO(data))
    with pytest.raises(BuildProblemError) as caught:
        archive.read(archive.entries[name], limit_bytes=limit_bytes)
    return caught.value.problem


def central(
    name: bytes,
    *,
    size: int = 0,
    packed: int = 0,
    offset: int = 0,
    flags: int = 0,
    method: int = 0,
    extra: bytes = b"",
) -> bytes:
    form, extra_bytes = "<4s4x2H4x3I4H6xI", len(extra)
    sizes = (packed, size, len(name), extra_bytes, 0, 0, offset)
    return struct.pack(form, b"PK\x01\x02", flags, method, 0, *sizes) + name + extra


def end(count: int, size: int, offset: int) -> bytes:
    return struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), size, offset, 0
    )


def directory_only(*entries: bytes, before: int = 1000) -> bytes:
    directory = b"".join(entries)
    return b"PK\x03\x04".ljust(before, b"\0") + directory + end(len(entries), len(directory), before)


def test_entries_are_read_whole():
    archive = Archive(io.BytesIO(make_zip({"a": TEXT, "b/": b"", "c": b""})))
    assert list(archive.entries) == [b"a", b"b/", b"c"]
    assert archive.read(archive.entries[b"a"], limit_bytes=len(TEXT)) == TEXT
    assert archive.read(archive.entries[b"c"], limit_bytes=0) == b""


def test_stored_entries_and_comments_and_zip64_are_read():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.comment = b"made by a build server PK\x05\x06 and so on"
        with archive.open("a", "w", force_zip64=True) as entry:
            entry.write(TEXT)
    found = Archive(data)
    assert found.read(found.entries[b"a"], limit_bytes=1000) == TEXT


def test_the_zip64_end_record_is_read():
    plain = make_zip({"a": TEXT})
    _, _, _, _, count, size, offset, _ = struct.unpack("<4s4H2IH", plain[-22:])
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(plain) - 22, 1)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    whole = plain[:-22] + record + locator + last
    assert zipfile.ZipFile(io.BytesIO(whole)).read("a") == TEXT
    found = Archive(io.BytesIO(whole))
    assert found.read(found.entries[b"a"], limit_bytes=1000) == TEXT


def test_sizes_of_zip64_entries_come_from_their_extra_field():
    extra = struct.pack("<2HB", 0x5455, 1, 0) + struct.pack("<2H2Q", 1, 16, 700, 700)
    data = directory_only(central(b"a", size=0xFFFFFFFF, packed=0xFFFFFFFF, extra=extra))
    entry = Archive(io.BytesIO(data)).entries[b"a"]
    assert (entry.size_bytes, entry.packed_bytes) == (700, 700)
    assert problem_of(directory_only(central(b"a", size=0xFFFFFFFF, packed=9))) is BuildProblem.DAMAGED


def test_no_bytes():
    assert problem_of(b"") is BuildProblem.EMPTY


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><title>Sign in",
        b"\xef\xbb\xbf\n <HTML lang=en>",
        b"<?xml version='1.0'?><html xmlns=",
        b"<!-- saved --><head>",
    ],
)
def test_web_pages(page: bytes):
    assert problem_of(page) is BuildProblem.WEB_PAGE


@pytest.mark.parametrize(
    "data", [b"x", b"\x1f\x8b\x08 a gzip", b"Rar!\x1a\x07", b'{"error": "no"}', bytes(100_000)]
)
def test_what_is_no_archive(data: bytes):
    assert problem_of(data) is BuildProblem.NOT_AN_ARCHIVE


def test_an_archive_that_was_cut_short():
    inner = make_zip({"inner": TEXT})
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("nested.zip", inner)
        archive.writestr("more", TEXT)
    data = stored.getvalue()
    for kept in (4, 100, len(inner) + 60, len(data) - 1):
        assert problem_of(data[:kept]) is BuildProblem.CUT_SHORT
    assert problem_of(data + b"<!-- added by a proxy -->") is BuildProblem.CUT_SHORT


def test_ten_million_entries_are_refused_unread():
    class Counting(io.BytesIO):
        count = 0

        def read(self, size: int | None = -1) -> bytes:
            content = super().read(size)
            self.count += len(content)
            return content

    directory = bytes(10_000_000)
    at = 4 + len(directory)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**7, 10**7, len(directory), 4)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    file = Counting(b"PK\x03\x04" + directory + record + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF))
    with pytest.raises(BuildProblemError) as caught:
        Archive(file)
    assert caught.value.problem is BuildProblem.TOO_MANY_ENTRIES
    assert file.count < 100_000


def test_more_entries_than_were_claimed_are_counted():
    entries = [central(b"a%d" % number, offset=0) for number in range(MAX_ENTRIES + 1)]
    directory = b"".join(entries)
    assert problem_of(b"PK\x03\x04" + directory + end(1, len(directory), 4)) is BuildProblem.TOO_MANY_ENTRIES


def test_a_directory_longer_than_is_sane():
    assert problem_of(b"PK\x03\x04" + end(1, 65 * 1024 * 1024, 4)) is BuildProblem.TOO_MANY_ENTRIES


def test_sizes_beyond_what_is_sane():
    wide = struct.pack("<2H2Q", 1, 16, MAX_EXPANDED_BYTES + 1, 500_000_000)
    huge = central(b"a", size=0xFFFFFFFF, packed=0xFFFFFFFF, method=8, extra=wide)
    assert problem_of(directory_only(huge)) is BuildProblem.TOO_LARGE_INSIDE
    unread = central(b"a", size=1_000_000, packed=100, method=8)
    data = b"PK\x03\x04" + struct.pack("<2xHH4x3I2H", 0, 8, 0, 100, 1_000_000, 1, 0) + b"a" + bytes(100)
    assert (
        problem_of_entry(data + unread + end(1, len(unread), len(data)), b"a")
        is BuildProblem.TOO_LARGE_INSIDE
    )


def test_an_entry_is_bounded_before_it_is_read():
    assert (
        problem_of_entry(make_zip({"a": TEXT}), b"a", limit_bytes=len(TEXT) - 1)
        is BuildProblem.TOO_LARGE_INSIDE
    )


def test_an_entry_that_expands_beyond_its_claim():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(10_000_000)) + packer.flush()
    local = b"PK\x03\x04" + bytes(22) + struct.pack("<2H", 1, 0) + b"a" + packed
    directory = central(b"a", size=1000, packed=len(packed), method=8)
    assert (
        problem_of_entry(local + directory + end(1, len(directory), len(local)), b"a") is BuildProblem.DAMAGED
    )


@pytest.mark.parametrize("flags", [0x0001, 0x0041, 0x2000])
def test_encrypted_entries(flags: int):
    assert problem_of(directory_only(central(b"a", flags=flags))) is BuildProblem.ENCRYPTED


def test_an_entry_encrypted_only_where_it_lies():
    data = bytearray(make_zip({"a": TEXT}))
    data[6] |= 1
    assert problem_of_entry(bytes(data), b"a") is BuildProblem.ENCRYPTED


def test_entries_that_share_bytes():
    data = directory_only(central(b"a", size=50, packed=50), central(b"b", size=50, packed=50, offset=40))
    assert problem_of(data) is BuildProblem.DAMAGED
    assert (
        problem_of(directory_only(central(b"a", size=990, packed=990))) is BuildProblem.DAMAGED
    )  # and the directory's


@pytest.mark.parametrize("mark", [b"PK\x03\x04", b"name", b"PK\x01\x02"])
def test_headers_that_were_changed(mark: bytes):
    data = make_zip({"name": TEXT})
    changed = bytearray(data)
    changed[data.index(mark) + 3] ^= 0xFF
    with pytest.raises(BuildProblemError) as caught:
        content(bytes(changed), b"name")
    assert caught.value.problem is BuildProblem.DAMAGED


def test_packed_bytes_that_were_changed():
    data = bytearray(make_zip({"name": TEXT}))
    data[36] ^= 0xFF
    assert problem_of_entry(bytes(data), b"name") is BuildProblem.DAMAGED


def test_a_wrong_checksum():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a", TEXT)
    assert problem_of_entry(data.getvalue().replace(b"forty", b"sixty"), b"a") is BuildProblem.DAMAGED


def test_two_entries_of_one_name():
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"two")
    assert problem_of_entry(twice.getvalue(), b"a") is BuildProblem.AMBIGUOUS


def test_ways_of_packing_that_builds_do_not_use():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", TEXT)
    assert problem_of_entry(data.getvalue(), b"a") is BuildProblem.DAMAGED


def test_one_volume_of_several():
    data = bytearray(make_zip({"a": TEXT}))
    data[-18] = 1
    assert problem_of(bytes(data)) is BuildProblem.DAMAGED


def test_names_are_never_paths():
    archive = Archive(io.BytesIO(make_zip({"../../etc/passwd": b"x", "/etc/shadow": b"y"})))
    assert list(archive.entries) == [b"../../etc/passwd", b"/etc/shadow"]


def test_a_real_build_passes():
    assert Archive(io.BytesIO(make_ipa(bundle_id="a.b", padding_bytes=100_000))).entries
