"""Malicious archives: each is rejected with its problem, soon, in little memory, and nothing leaves it."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.builds import read_child
from bot.builds.detect import read_build
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.reader import COMMAND
from sandbox.builds import make_apk, make_ipa, make_zip
from tests.unit.builds.test_zip_archive import central, end

APK = make_apk(package="org.example.shop", version_name="4.2.0", label="Shop")
IPA = make_ipa(bundle_id="org.example.Shop", name="Shop")
MANIFEST, PLIST = "AndroidManifest.xml", "Payload/Shop.app/Info.plist"
FOLDER = Path(read_child.__file__).parents[2]
MILLION = 1_000_000


def contents(build: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(build)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def problem_of(data: bytes) -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        read_build(io.BytesIO(data))
    return caught.value.problem


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


MEASURED = """import json, resource, subprocess, sys
command = json.loads(sys.argv[1])
done = subprocess.run(command, stdin=0, stdout=-1, stderr=-3, env={}, check=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.stdout.decode(), used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def read_by_the_child(path: Path) -> tuple[str, float, int]:
    """Read a file as the bot does; return the answer, seconds of processor time and the peak of memory, MB.

    A small process stands between, as Linux counts the memory of whoever starts a process as its own.
    """
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, json.dumps(COMMAND)],
            stdin=file,
            capture_output=True,
            check=True,
            cwd=FOLDER,
        )
    answer, cpu_s, peak = json.loads(done.stdout)
    return answer, cpu_s, peak * (1 if sys.platform == "darwin" else 1024) // 1_000_000


# Bombs


@pytest.mark.parametrize("mark", [MANIFEST, PLIST])
def test_a_thousand_to_one(mark: str):
    bomb = make_zip({mark: bytes(60_000_000)})
    assert len(bomb) < 70_000
    assert problem_of(bomb) is BuildProblem.TOO_LARGE_INSIDE


def test_bombs_beside_the_manifest_are_never_opened(tmp_path: Path):
    path = tmp_path / "bomb"
    path.write_bytes(make_zip(contents(APK) | {"assets/bomb": bytes(200_000_000)}))
    answer, cpu_s, peak_mb = read_by_the_child(path)
    assert '"org.example.shop"' in answer
    assert cpu_s < 3
    assert peak_mb < 100


def test_a_thousand_entries_that_are_one_and_the_same():
    """How 42 kB become 5 GB without an archive in an archive: all entries share their packed bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(5_000_000)) + packer.flush()
    local = b"PK\x03\x04" + bytes(4) + b"\x08\0" + bytes(16) + struct.pack("<2H", 1, 0) + b"a" + packed
    entries = [central(b"%d" % n, size=5_000_000, packed=len(packed), method=8) for n in range(1000)]
    directory = b"".join([central(MANIFEST.encode(), size=5_000_000, packed=len(packed), method=8), *entries])
    assert problem_of(local + directory + end(1001, len(directory), len(local))) is BuildProblem.DAMAGED


def test_archives_in_archives_are_not_looked_into():
    bomb = bytes(1_000_000)
    for _ in range(6):
        inner = make_zip({"0": bomb})
        bomb = make_zip({f"lib {number}.zip": inner for number in range(16)})
    assert problem_of(bomb) is BuildProblem.NO_BUILD


def test_an_archive_that_holds_itself_costs_no_more_than_any_other():
    """An entry whose stored bytes are the archive's own, up to its directory: reading it goes round once."""
    name = MANIFEST.encode()
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    directory = central(name, size=len(local), packed=len(local), offset=0)
    assert problem_of(local + directory + end(1, len(directory), len(local))) is BuildProblem.DAMAGED


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 20, 93, 95, 98, 99, 0xFFFF])
@pytest.mark.parametrize("mark", [MANIFEST, PLIST])
def test_ways_of_packing_that_no_build_has(method: int, mark: str):
    """Shrunk, imploded, deflate64, bzip2, lzma, zstd, xz, ppmd, AES: nothing here unpacks them."""
    data = bytearray(make_zip({mark: b"x" * 1000}))
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(signature) + at, method)
    assert problem_of(bytes(data)) is BuildProblem.DAMAGED


# Very many entries


def a_million() -> tuple[bytes, bytes]:
    """A million real entries: the local headers, and the directory."""
    local = struct.Struct("<4s5H3I2H8s")
    entry = struct.Struct("<4s6H3I5H2I8s")
    names = [b"%08d" % number for number in range(MILLION)]
    heads = b"".join(local.pack(b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 8, 0, name) for name in names)
    directory = b"".join(
        entry.pack(b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, number * local.size, name)
        for number, name in enumerate(names)
    )
    return heads, directory


def test_a_million_entries(tmp_path: Path):
    """Told truly, they are refused before one is read; a lie about it ends at the limit on entries."""
    heads, directory = a_million()
    path = tmp_path / "million"
    for told, most_mb in ((MILLION, 60), (10 * MILLION, 60), (1, 300)):
        wide = (45, 45, 0, 0, told, told, len(directory), len(heads))
        record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, *wide)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(heads) + len(directory), 1)
        last = record + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        with path.open("wb") as file:
            file.writelines([heads, directory, last])
        answer, cpu_s, peak_mb = read_by_the_child(path)
        assert answer == '{"problem": "too_many_entries"}\n'
        assert cpu_s < 4
        assert peak_mb < most_mb, told


# Records that lie


def with_zip64(build: bytes, count: int, size: int, offset: int, last: tuple[int, int, int]) -> bytes:
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(build) - 22, 1)
    return build[:-22] + record + locator + end(*last)


def told_by(build: bytes) -> tuple[int, int, int]:
    count, size, offset = struct.unpack("<2H2IH", build[-14:])[1:4]
    return count, size, offset


def test_zip64_records_that_lie():
    count, size, offset = told_by(APK)
    wide = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    assert read_build(io.BytesIO(with_zip64(APK, count, size, offset, wide))).bundle_id == "org.example.shop"
    assert read_build(io.BytesIO(with_zip64(APK, count, size, offset, told_by(APK)))).name == "Shop"
    for lie in (
        (count, 2**63, offset),
        (count, size, 2**63),
        (count, size, 2**64 - 1),
        (count, size + 1, offset),
        (count, size, offset + 1),
        (2**63, size, offset),
    ):
        assert problem_of(with_zip64(APK, *lie, wide)) in {
            BuildProblem.DAMAGED,
            BuildProblem.TOO_MANY_ENTRIES,
        }


@pytest.mark.parametrize("place", range(3))
def test_two_end_records_that_do_not_agree(place: int):
    """One directory for readers that believe zip64's record, another for those that don't."""
    told = list(told_by(APK))
    told[place] += 1
    data = with_zip64(APK, *told_by(APK), (told[0], told[1], told[2]))
    assert problem_of(data) is BuildProblem.AMBIGUOUS


def test_an_end_record_in_the_comment_of_another():
    hidden = end(1, 10, 10)
    last = APK[:-2] + struct.pack("<H", len(hidden))
    assert problem_of(last + hidden) is BuildProblem.AMBIGUOUS


def test_a_local_header_that_says_something_else():
    at = APK.index(MANIFEST.encode()) - 30
    for place, form, value in ((8, "<H", 0), (14, "<I", 1), (18, "<I", 7), (22, "<I", 7)):
        data = bytearray(APK)
        struct.pack_into(form, data, at + place, value)
        assert problem_of(bytes(data)) is BuildProblem.DAMAGED


def test_sizes_that_stand_behind_the_content_are_taken_from_the_directory():
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.written += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents(APK).items():
            archive.writestr(name, content)
    assert b"PK\x07\x08" in pipe.written
    assert read_build(io.BytesIO(pipe.written)).bundle_id == "org.example.shop"


# Names


HOSTILE_NAMES = [
    *("../../../../etc/cron.d/evil", "/etc/passwd", "C:\\Windows\\evil.dll", "..\\..\\evil", "a\0b", "\0"),
    *(
        "\u202egpj.evil",
        "a/" * 5000,
        "x" * 60_000,
        "con",
        "a\nb\x1b[2J",
        "|sh",
        "$(reboot)",
        "-rf",
        "~root/.ssh",
    ),
]


@pytest.mark.parametrize("build", [APK, IPA], ids=["apk", "ipa"])
def test_names_go_nowhere(build: bytes, tmp_path: Path):
    data = bytearray(make_zip(contents(build)))
    path = tmp_path / "build"
    path.write_bytes(data)
    with zipfile.ZipFile(path, "a") as archive:
        for name in HOSTILE_NAMES:
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = name
            archive.writestr(entry, b"evil")
    answer, _, _ = read_by_the_child(path)
    assert '"org.example.' in answer
    assert "evil" not in answer
    assert list(tmp_path.iterdir()) == [path]


ALIKE = [
    *("/{}", "./{}", "{}/", "x/../{}", "../{}", "//{}", "{}\0.txt", "{}.", "{} "),
]


@pytest.mark.parametrize("form", ALIKE)
@pytest.mark.parametrize(("build", "mark"), [(APK, MANIFEST), (IPA, PLIST)], ids=["apk", "ipa"])
def test_names_that_some_readers_take_for_the_manifests(form: str, build: bytes, mark: str):
    name = form.format(mark)
    data = make_zip(contents(build) | {"x" * len(name): contents(build)[mark]})
    swapped = data.replace(b"x" * len(name), name.encode())
    assert problem_of(swapped) is BuildProblem.AMBIGUOUS


def test_names_in_other_letters_or_with_other_slashes():
    for build, name in ((APK, "androidmanifest.XML"), (IPA, "payload/shop.app/info.plist")):
        assert problem_of(make_zip(contents(build) | {name: b""})) is BuildProblem.AMBIGUOUS
    data = make_zip(contents(IPA) | {"x" * len(PLIST): b""})
    assert (
        problem_of(data.replace(b"x" * len(PLIST), PLIST.replace("/", "\\").encode()))
        is BuildProblem.AMBIGUOUS
    )


@pytest.mark.parametrize("name", [MANIFEST, PLIST, "resources.arsc"])
def test_two_of_what_names_the_app(name: str):
    build = IPA if name == PLIST else make_apk(package="a.b", label="Shop", label_in_resources=True)
    found = contents(build)
    other = "y" * len(name)
    data = make_zip(found | {other: found[name]})
    assert problem_of(data.replace(other.encode(), name.encode())) is BuildProblem.AMBIGUOUS


def test_manifests_alike_deeper_down_are_an_apps_own_business():
    files = {"assets/AndroidManifest.xml": b"x", "META-INF/androidmanifest.xml": b"x"}
    assert read_build(io.BytesIO(make_zip(contents(APK) | files))).bundle_id == "org.example.shop"


@pytest.mark.parametrize(
    ("mark", "expected"), [(MANIFEST, BuildProblem.BAD_MANIFEST), (PLIST, BuildProblem.BAD_PLIST)]
)
def test_a_symbolic_link_is_only_its_text(mark: str, expected: BuildProblem):
    link = zipfile.ZipInfo(mark)
    link.create_system, link.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert problem_of(out.getvalue()) is expected


# What the child could do at all


def limited(script: str) -> str:
    whole = f"import os, socket, sys; from bot.builds import child; child.limit(cpu_s=5, wall_s=40)\n{script}"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, check=False, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "script",
    ["open('/etc/passwd')", "open('evil', 'w')", "socket.socket()", "socket.socketpair()", "os.pipe()"],
)
def test_the_child_opens_nothing(script: str):
    assert "Too many open files" in limited(script)


@pytest.mark.skipif(os.geteuid() == 0, reason="root's processes are not counted")
def test_the_child_starts_nothing():
    assert "Resource temporarily unavailable" in limited("os.fork()")


def test_the_child_is_ended_by_its_own_clock():
    assert limited("import signal; print(0 < signal.alarm(0) <= 60)").strip() == "True"
