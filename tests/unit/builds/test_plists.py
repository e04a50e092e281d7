"""Property lists made to do harm: entities, nesting, cycles, collisions. Each costs one scan, soon."""

import contextlib
import io
import plistlib
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.builds.detect import read_build
from bot.builds.plist.reader import read_properties
from bot.builds.problems import BuildProblem
from bot.builds.reader import BuildFileReader
from sandbox.builds import make_zip
from tests.unit.builds.test_bombs import read_by_the_child
from tests.unit.builds.test_ios import problem_of_plist
from tests.unit.builds.test_reader import problem_of, saved

HEAD = b"<?xml version='1.0' encoding='UTF-8'?>"
APP = b"<key>CFBundleIdentifier</key><string>a.b</string>"


def xml(inside: bytes, *, before: bytes = b"") -> bytes:
    return HEAD + before + b"<plist version='1.0'><dict>" + APP + inside + b"</dict></plist>"


def bplist(objects: Sequence[bytes], *, ref_bytes: int = 2, offsets: Sequence[int] | None = None) -> bytes:
    """A binary plist of these objects, the first on top; ``offsets`` say where each is, truly or not."""
    places, at = [], 8
    for each in objects:
        places.append(at)
        at += len(each)
    table = b"".join(struct.pack(">I", place) for place in offsets or places)
    count = len(offsets or places)
    return (
        b"bplist00" + b"".join(objects) + table + bytes(6) + struct.pack(">2B3Q", 4, ref_bytes, count, 0, at)
    )


def ref(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}H", *numbers)


IDENTIFIER = b"\x5f\x10\x12CFBundleIdentifier"
LAUGHS = b"".join(
    b"<!ENTITY l%d '%s'>" % (level, b"&l%d;" % (level - 1) * 10 if level else b"ha") for level in range(12)
)
ENTITIES = {
    "billion-laughs": b"<!DOCTYPE plist [" + LAUGHS + b"]>",
    "external": b"<!DOCTYPE plist [<!ENTITY l11 SYSTEM 'file:///etc/passwd'>]>",
    "external-http": b"<!DOCTYPE plist [<!ENTITY l11 SYSTEM 'http://169.254.169.254/latest'>]>",
    "parameter": b"<!DOCTYPE plist [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x; <!ENTITY l11 'x'>]>",
    "unparsed": b"<!DOCTYPE plist [<!NOTATION n SYSTEM 'x'><!ENTITY l11 SYSTEM 'x' NDATA n>]>",
    "undeclared": b"",
}


@pytest.mark.parametrize("before", ENTITIES.values(), ids=ENTITIES.keys())
def test_entities_are_not_followed(before: bytes):
    began = time.process_time()
    assert (
        problem_of_plist(xml(b"<key>x</key><string>&l11;</string>", before=before)) is BuildProblem.BAD_PLIST
    )
    assert time.process_time() - began < 1


def identifier(plist: bytes) -> str:
    return read_build(io.BytesIO(app(plist))).bundle_id


def test_a_document_type_that_lies_elsewhere_is_not_fetched():
    assert identifier(xml(b"", before=b"<!DOCTYPE plist SYSTEM 'file:///dev/zero'>")) == "a.b"


@pytest.mark.parametrize("encoding", ["UTF-7", "base64", "rot13", "cp037", "punycode", "unheard-of", "idna"])
def test_odd_encodings_are_refused(encoding: str):
    plist = xml(b"").replace(b"UTF-8", encoding.encode())
    assert problem_of_plist(plist) is BuildProblem.BAD_PLIST


def test_xml_nested_deeply_is_no_recursion():
    depth = 60_000
    inside = b"<key>x</key>" + b"<array>" * depth + b"</array>" * depth
    assert identifier(xml(inside)) == "a.b"
    assert problem_of_plist(xml(b"<key>x</key>" + b"<array>" * depth)) is BuildProblem.BAD_PLIST


def test_binary_plists_in_a_circle():
    in_itself = bplist([b"\xd1" + ref(1, 0), IDENTIFIER])
    assert (
        problem_of_plist(in_itself) is BuildProblem.BAD_PLIST
    )  # the identifier is the dictionary it stands in
    as_its_key = bplist([b"\xd1" + ref(0, 1), IDENTIFIER])
    assert problem_of_plist(as_its_key) is BuildProblem.BAD_PLIST
    arrays = bplist([b"\xa1" + ref(1), b"\xa1" + ref(0)])
    assert problem_of_plist(arrays) is BuildProblem.BAD_PLIST
    beside = bplist([b"\xd2" + ref(1, 3, 2, 0), IDENTIFIER, b"\x53a.b", b"\x51x"])
    assert identifier(beside) == "a.b"
    as_a_name = bplist([b"\xd2" + ref(1, 3, 2, 0), IDENTIFIER, b"\x53a.b", b"\x5cCFBundleName"])
    assert identifier(as_a_name) == "a.b"


HUGE = b"\x13" + b"\x7f" + b"\xff" * 7  # a length of 2 to the 63, less one
LIES = {
    "string": bplist([b"\x5f" + HUGE]),
    "utf16": bplist([b"\x6f" + HUGE]),
    "data": bplist([b"\x4f" + HUGE]),
    "array": bplist([b"\xaf" + HUGE]),
    "dict": bplist([b"\xdf" + HUGE]),
    "int": bplist([b"\x1f" + b"\xff" * 40]),
    "reference": bplist([b"\xa1" + ref(60_000)]),
    "offset": bplist([b"\x08"], offsets=[2**32 - 1]),
    "uid": bplist([b"\x8f" + b"\xff" * 16]),
    "count": bplist([b"\x08"])[:-24] + struct.pack(">3Q", 2**63, 0, 9),
    "top": bplist([b"\x08"])[:-24] + struct.pack(">3Q", 1, 2**63, 9),
    "table": bplist([b"\x08"])[:-24] + struct.pack(">3Q", 1, 0, 2**63),
    "sizes": bplist([b"\x08"])[:-26] + b"\xff\xff" + struct.pack(">3Q", 1, 0, 9),
    "nothing": bplist([b"\x08"])[:-26] + b"\0\0" + struct.pack(">3Q", 2**32, 0, 9),
}


@pytest.mark.parametrize("plist", LIES.values(), ids=LIES.keys())
def test_binary_plists_with_lengths_that_overflow(plist: bytes):
    began = time.process_time()
    assert problem_of_plist(plist) is BuildProblem.BAD_PLIST
    assert time.process_time() - began < 1


def colliding(count: int) -> bytes:
    """A dictionary of keys that all have the hash 0, so that each is compared with all before it."""
    prime = 2**61 - 1
    keys = [b"\x14" + (number * prime).to_bytes(16, "big") for number in range(1, count + 1)]
    refs = struct.pack(f">{2 * count}I", *range(1, count + 1), *[count + 1] * count)
    return bplist([b"\xdf\x12" + struct.pack(">I", count) + refs, *keys, b"\x08"], ref_bytes=4)


def crowding(count: int) -> bytes:
    """An array of so many pieces of data, all in one place: each takes most of a megabyte once it is read."""
    piece = b"\x4f\x12" + struct.pack(">I", 900_000) + bytes(900_000)
    array = b"\xaf\x11" + struct.pack(">H", count) + ref(*range(1, count + 1))
    return bplist([array, piece], offsets=[8, *[8 + len(array)] * count])


def app(plist: bytes) -> bytes:
    return make_zip({"Payload/X.app/Info.plist": plist})


def read_soon(tmp_path: Path, plist: bytes) -> str:
    """Return what the child says of a plist, in the time and memory that any other takes."""
    told, cpu_s, peak_mb = read_by_the_child(saved(tmp_path, app(plist)))
    assert cpu_s < 3
    assert peak_mb < 100
    return told


@pytest.mark.parametrize("plist", [colliding(30_000), crowding(2000)], ids=["colliding", "crowding"])
def test_a_plist_that_takes_other_parsers_minutes_or_gigabytes(plist: bytes, tmp_path: Path):
    """Only what names the app is read of it."""
    assert len(plist) < 1024 * 1024
    assert read_soon(tmp_path, plist) == '{"problem": "bad_plist"}\n'


def test_a_dictionary_of_dictionaries_is_bounded():
    pairs = 60_000
    inner = b"\xdf\x12" + struct.pack(">I", pairs) + ref(*[1] * pairs) + ref(*[0] * pairs)
    began = time.process_time()
    assert list(read_properties(bplist([inner, b"\x51x"]), depth=10_000)) == ["x"]
    assert time.process_time() - began < 5


ENDLESS = """from bot.builds.child import run
def read(file):
    while True:
        pass
run(read, cpu_s=1, wall_s=40)
"""


async def test_a_build_that_takes_too_much_processor_time_is_given_up(tmp_path: Path):
    """The process ends by its own limit on processor time, long before the wait for it does."""
    reader = BuildFileReader(command=[sys.executable, "-c", ENDLESS], timeout_s=110)
    assert await problem_of(reader, saved(tmp_path, b"x"), "Shop.ipa") is BuildProblem.EXHAUSTING


def test_a_plist_of_the_largest_size_that_real_ones_never_have_is_read():
    plist = plistlib.dumps({"CFBundleIdentifier": "a.b", "filler": ["x" * 100] * 7_000})
    assert 800_000 < len(plist) < 1024 * 1024
    assert identifier(plist) == "a.b"


BOT = """import asyncio, sys
from pathlib import Path
from bot.builds.reader import BuildFileReader
reader = BuildFileReader(command=[sys.executable, "-c", sys.argv[2]])
asyncio.run(reader.read(Path(sys.argv[1]), "Shop.ipa"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, as Linux has it")
def test_a_reading_process_does_not_outlive_a_killed_bot(tmp_path: Path):
    path = saved(tmp_path, b"x")
    with subprocess.Popen([sys.executable, "-c", BOT, str(path), ENDLESS]) as bot:
        children = Path(f"/proc/{bot.pid}/task/{bot.pid}/children")
        while not (reading := children.read_text().split()):
            assert bot.poll() is None
        bot.kill()
    command = Path(f"/proc/{reading[0]}/cmdline")
    with contextlib.suppress(OSError):
        while command.read_bytes():  # empty once it is over, gone once its end was noticed
            time.sleep(0.05)
