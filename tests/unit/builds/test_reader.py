"""The child process: what it is asked, what it is believed, and that it always ends."""

import asyncio
import io
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from bot.builds import read_child
from bot.builds.child import answer
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.builds.reader import COMMAND, BuildFileReader
from bot.core.file_names import APP_BUNDLE
from bot.core.scan import Build, FileType, Platform
from bot.errors import BuildRejected
from sandbox.builds import make_apk, make_ipa, make_zip
from sandbox.bundles import make_aab

APK = make_apk(package="org.example.shop", version_name="4.2.0", version_code=402, label="Shöp 😀")
LIMIT = "from bot.builds import child, read_child as own; child.limit(cpu_s=own.CPU_S, wall_s=own.WALL_S)"
AAB = make_aab(package="org.example.shop", version_name="4.2.0", version_code=402, label="Shöp 😀")
IPA = make_ipa(bundle_id="org.example.Shop", name="Shop", version="4.2.0", build_number="402")
ANDROID = Build(
    file_type=FileType.APK,
    bundle_id="org.example.shop",
    display_name="Shöp 😀",
    version="4.2.0",
    build_number="402",
)


def saved(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "build"
    path.write_bytes(data)
    return path


def saying(text: str) -> BuildFileReader:
    """A reader whose child says this, whatever it is given."""
    return BuildFileReader(command=["/bin/sh", "-c", 'printf "%s" "$1"', "sh", text])


async def problem_of(reader: BuildFileReader, path: Path, name: str = "a.apk") -> BuildProblem:
    with pytest.raises(BuildProblemError) as caught:
        await reader.read(path, name)
    return caught.value.problem


async def test_builds_are_read_in_a_process_of_their_own(tmp_path: Path):
    reader = BuildFileReader()
    assert await reader.read(saved(tmp_path, APK), "shop.APK ") == ANDROID
    ios = await reader.read(saved(tmp_path, IPA), "Shop.ipa")
    assert (ios.platform, ios.bundle_id) == (Platform.IOS, "org.example.Shop")


async def test_several_at_a_time(tmp_path: Path):
    path, reader = saved(tmp_path, APK), BuildFileReader()
    assert await asyncio.gather(*(reader.read(path, "a.apk") for _ in range(4))) == [ANDROID] * 4


async def test_a_problem_comes_back_with_its_message(tmp_path: Path):
    assert await problem_of(BuildFileReader(), saved(tmp_path, b"")) is BuildProblem.EMPTY
    with pytest.raises(BuildRejected, match="no_build") as caught:
        await BuildFileReader().read(saved(tmp_path, make_zip({"secret.txt": b"x"})), "a.apk")
    assert "zip archive is not a build" in caught.value.user_message


async def test_name_and_content_have_to_agree(tmp_path: Path):
    reader = BuildFileReader()
    with pytest.raises(BuildRejected, match=r"apk named \.ipa") as caught:
        await reader.read(saved(tmp_path, APK), "shop.ipa")
    assert caught.value.user_message == (
        "The name ends in `.ipa`, but the file is an APK. If it is the build you want scanned, rename it to "
        "`.apk` and share it again."
    )
    with pytest.raises(BuildRejected, match=r"ipa named \.apk"):
        await reader.read(saved(tmp_path, IPA), "shop.apk")
    bundle = saved(tmp_path, make_zip({"BundleConfig.pb": b""}))
    assert await problem_of(reader, bundle, "renamed.apk") is BuildProblem.APP_BUNDLE
    with pytest.raises(BuildRejected) as caught:
        await reader.read(saved(tmp_path, APK), "shop.aab")
    assert caught.value.user_message == APP_BUNDLE


async def test_app_bundles_are_read_where_they_are_taken(tmp_path: Path):
    reader = BuildFileReader(accepts_aab=True)
    path = saved(tmp_path, AAB)
    assert await reader.read(path, "shop.AAB") == replace(ANDROID, file_type=FileType.AAB)
    assert await problem_of(BuildFileReader(), path, "shop.apk") is BuildProblem.APP_BUNDLE
    assert (
        await problem_of(reader, saved(tmp_path, make_zip({"BundleConfig.pb": b""})), "a.aab")
        is BuildProblem.BAD_BUNDLE
    )


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (AAB, "shop.apk", "aab named .apk"),
        (AAB, "shop.ipa", "aab named .ipa"),
        (APK, "shop.aab", "apk named .aab"),
        (IPA, "shop.aab", "ipa named .aab"),
    ],
)
async def test_bundles_have_to_agree_with_their_name_too(
    tmp_path: Path, data: bytes, name: str, expected: str
):
    with pytest.raises(BuildRejected, match=expected):
        await BuildFileReader(accepts_aab=True).read(saved(tmp_path, data), name)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, as Linux has it")
async def test_the_child_knows_nothing_of_this_process(tmp_path: Path):
    """No path in its arguments, nothing in its environment, no file open but its own three."""
    told = tmp_path / "told"
    script = f"""import json, os, sys
with open({str(told)!r}, "w") as file:
    json.dump([sys.argv, dict(os.environ), sorted(os.listdir("/proc/self/fd")), file.fileno()], file)
"""
    await problem_of(BuildFileReader(command=[sys.executable, "-c", script]), saved(tmp_path, APK))
    arguments, environment, descriptors, own = json.loads(told.read_text())
    assert arguments == ["-c"]
    assert set(environment) <= {"LC_CTYPE"}  # Python sets it by itself
    assert set(descriptors) <= {"0", "1", "2", str(own), str(own + 1)}  # the last is the listing's


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Traceback",
        "[]",
        "null",
        "{}",
        '{"problem": "unheard of"}',
        '{"problem": []}',
        '{"problem": "empty", "build": {}}',
        '{"build": null}',
        '{"build": []}',
        "[" * 50_000,
        json.dumps({"build": {"platform": "android", "bundle_id": "a.b"}}),
        json.dumps({"build": asdict(ANDROID) | {"extra": "x"}}),
        json.dumps({"build": asdict(ANDROID) | {"platform": "windows"}}),
        json.dumps({"build": asdict(ANDROID) | {"bundle_id": "<!channel>"}}),
        json.dumps({"build": asdict(ANDROID) | {"bundle_id": ["a"]}}),
        json.dumps({"build": asdict(ANDROID) | {"version": "1\n2"}}),
        json.dumps({"build": asdict(ANDROID) | {"version": 1}}),
        json.dumps({"build": asdict(ANDROID) | {"version": {}}}),
        json.dumps({"build": asdict(ANDROID) | {"display_name": "x" * 256}}),
    ],
)
async def test_answers_that_make_no_sense_are_not_believed(answer: str, tmp_path: Path):
    assert await problem_of(saying(answer), saved(tmp_path, APK)) is BuildProblem.UNREADABLE


async def test_a_sound_answer_is_believed(tmp_path: Path):
    told = json.dumps({"build": asdict(ANDROID)})
    assert await saying(told).read(saved(tmp_path, b"whatever"), "a.apk") == ANDROID


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 1", BuildProblem.UNREADABLE),
        ("kill -SEGV $$", BuildProblem.UNREADABLE),
        ("kill -KILL $$", BuildProblem.EXHAUSTING),
        ("kill -XCPU $$", BuildProblem.EXHAUSTING),
        ("kill -TERM $$", BuildProblem.UNREADABLE),
        ("exec cat /dev/zero", BuildProblem.UNREADABLE),
    ],
)
async def test_a_child_that_dies_or_babbles(script: str, expected: BuildProblem, tmp_path: Path):
    reader = BuildFileReader(command=["/bin/sh", "-c", script])
    assert await problem_of(reader, saved(tmp_path, APK)) is expected


async def test_a_child_that_never_stops_talking(tmp_path: Path):
    reader = BuildFileReader(command=["/bin/sh", "-c", "exec yes"], timeout_s=0.2)
    assert await problem_of(reader, saved(tmp_path, APK)) is BuildProblem.EXHAUSTING


async def test_a_child_stopped_with_the_service_is_asked_once_more(tmp_path: Path):
    mark = tmp_path / "begun"
    script = f'[ -e "{mark}" ] || {{ : > "{mark}"; kill -TERM $$; }}; printf %s "$1"'
    told = json.dumps({"build": asdict(ANDROID)})
    reader = BuildFileReader(command=["/bin/sh", "-c", script, "sh", told])
    assert await reader.read(saved(tmp_path, APK), "a.apk") == ANDROID
    assert mark.exists()


def assert_gone(process_id: int) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


async def test_a_child_that_loops_is_ended(tmp_path: Path):
    said = tmp_path / "pid"
    script = f'echo $$ > "{said}"; while :; do :; done'
    for timeout_s in (0.2, 2, 20):  # the first is enough, unless the machine is very busy
        reader = BuildFileReader(command=["/bin/sh", "-c", script], timeout_s=timeout_s)
        assert await problem_of(reader, saved(tmp_path, APK)) is BuildProblem.EXHAUSTING
        if said.exists() and said.read_text():
            break
    assert_gone(int(said.read_text()))


async def test_a_cancelled_reading_leaves_no_process(tmp_path: Path):
    said = tmp_path / "pid"
    os.mkfifo(said)
    reader = BuildFileReader(command=["/bin/sh", "-c", f'echo $$ > "{said}"; while :; do :; done'])
    reading = asyncio.create_task(reader.read(saved(tmp_path, APK), "a.apk"))
    process_id = int(await asyncio.to_thread(said.read_text))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert_gone(process_id)


async def test_what_is_not_the_builds_fault_is_no_rejection(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        await BuildFileReader().read(tmp_path / "missing", "a.apk")
    with pytest.raises(FileNotFoundError):
        await BuildFileReader(command=["/no/such/python"]).read(saved(tmp_path, APK), "a.apk")


def test_the_child_limits_itself():
    script = (
        f"import json, resource as r; {LIMIT}; "
        "names = ['CPU', 'FSIZE', 'NOFILE', 'CORE', 'AS']; "
        "print(json.dumps({n: r.getrlimit(getattr(r, 'RLIMIT_' + n)) for n in names}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    limits: dict[str, Any] = json.loads(done.stdout)
    if sys.platform == "darwin":
        del limits["AS"]
    most = {"CPU": 5, "FSIZE": 0, "NOFILE": 3, "CORE": 0, "AS": 512 * 1024 * 1024}
    assert limits == {name: [most[name]] * 2 for name in limits}


def test_the_child_can_not_outgrow_its_memory():
    script = f"{LIMIT}; bytearray(600 * 1024 * 1024)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert b"MemoryError" in done.stderr


def test_a_build_that_takes_too_much_memory_is_said_to():
    class Greedy(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            raise MemoryError(offset, whence)

    assert answer(read_child.read, Greedy(APK)) == {"problem": BuildProblem.EXHAUSTING}


def test_the_child_says_nothing_of_what_it_reads(tmp_path: Path):
    path = saved(tmp_path, make_zip({"AndroidManifest.xml": b"secret words", "secret.txt": b""}))
    folder = Path(read_child.__file__).parents[2]
    with path.open("rb") as file:
        done = subprocess.run([*COMMAND], stdin=file, capture_output=True, check=True, cwd=folder)
    assert done.stdout == b'{"problem": "bad_manifest"}\n'
    assert not done.stderr
