"""The hosts of whole builds: which entries are read, within which bounds, and what the parent believes."""

import io
import json
import plistlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.builds import hosts_child
from bot.builds.hosts.finder import COMMAND, HostFinder, parse_hosts
from bot.builds.problems import BuildProblem, BuildProblemError
from bot.errors import BuildRejected
from bot.features.hosts.models import MAX_HOSTS, HostReader, HostsFound
from sandbox.builds import make_apk, make_dex, make_ipa, make_zip
from sandbox.bundles import make_aab
from tests.unit.builds.test_bombs import MEASURED

FOLDER = Path(hosts_child.__file__).parents[2]
URL = b'{"url": "https://%s.shop.com/v1"}'
APK = make_apk(package="com.shop.app", label="Shop", strings=["https://api.shop.com/v1", "grpc.shop.com"])


def found(build: bytes) -> list[str]:
    answer = hosts_child.find(io.BytesIO(build))
    assert (answer["left_out"], answer["cut_short"]) == (0, False)
    hosts: list[str] = answer["hosts"]
    return hosts


def apk_with(files: Mapping[str, bytes]) -> list[str]:
    return found(make_apk(package="com.shop.app", files=files))


def test_an_apk():
    build = make_apk(
        package="com.shop.app",
        label="https://label.shop.com/x",
        label_in_resources=True,
        utf16=True,
        strings=[
            "https://api.shop.com/v1",
            "grpc.shop.com",
            "Lcom/shop/App;",
            "http://schemas.android.com/apk",
        ],
        files={
            "classes2.dex": make_dex(["wss://push.shop.com"]),
            "assets/index.android.bundle": b'fetch("https://js.shop.com/"+a)',
            "assets/config/settings": URL % b"assets",
            "lib/arm64-v8a/libapp.so": b"\x7fELF\0https://so.shop.com\0",
            "res/raw/config.json": URL % b"raw",
        },
    )
    assert found(build) == [
        f"{name}.shop.com" for name in ("api", "assets", "grpc", "js", "label", "push", "raw", "so")
    ]


def test_an_app_bundle():
    label = "https://label.shop.com"
    build = make_aab(
        package="com.shop.app",
        label=label,
        label_in_resources=True,
        files={"camera/dex/classes.dex": make_dex(["api.shop.com"]), "base/root/a.txt": URL % b"root"},
    )
    assert found(build) == ["api.shop.com", "label.shop.com", "root.shop.com"]


@pytest.mark.parametrize("binary", [True, False])
def test_an_ipa(*, binary: bool):
    folder = "Payload/Shop.app/"
    form = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
    build = make_ipa(
        bundle_id="com.shop.App",
        name="Shop",
        binary=binary,
        info={
            "NSAppTransportSecurity": {"NSExceptionDomains": {"ats.shop.com": {"NSIncludesSubdomains": True}}}
        },
        files={
            folder + "Frameworks/Pay.framework/Pay": b"\xcf\xfa\xed\xfe\0https://pay.shop.com/\0",
            folder + "GoogleService-Info.plist": plistlib.dumps(
                {"DATABASE_URL": "https://db.shop.com"}, fmt=form
            ),
            folder + "en.lproj/Localizable.strings": '"a" = "https://words.shop.com";'.encode("utf-16"),
            folder + "main.jsbundle": b"fetch(`https://js.shop.com${e}`)",
            folder + "embedded.mobileprovision": URL % b"signature",
        },
    )
    assert found(build) == [f"{name}.shop.com" for name in ("ats", "db", "js", "pay", "words")]


def test_pictures_signatures_and_licences_are_not_read():
    names = [
        "res/a.png",
        "META-INF/CERT.RSA",
        "assets/NOTICES.txt",
        "res/raw/third_party_licenses",
        "a/LICENSE",
    ]
    assert apk_with(dict.fromkeys(names, URL % b"x")) == []
    assert found(
        make_ipa(bundle_id="a.b", name="Credits", files={"Payload/Credits.app/Credits": URL % b"x"})
    ) == ["x.shop.com"]


async def test_long_names_that_are_nearly_a_licence_do_not_use_up_the_time(tmp_path: Path):
    names = [f"{'licence' * 9000}/{number}" for number in range(20)]
    path = tmp_path / "shop.apk"
    path.write_bytes(make_apk(package="a.b", files=dict.fromkeys(names, URL % b"x")))
    assert (await HostFinder().hosts(path)).hosts == ("x.shop.com",)


def test_archives_in_a_build_are_not_opened():
    inner = make_zip({"a.txt": URL % b"deep" + b" " * 2000})
    for _ in range(20):
        inner = make_zip({"assets/inner.bin": inner})
    assert apk_with({"assets/outer.bin": inner}) == []


def test_more_hosts_than_are_kept():
    words = " ".join(f"https://n{number:03}.shop.com" for number in range(MAX_HOSTS + 7))
    answer = hosts_child.find(io.BytesIO(make_apk(package="a.b", files={"assets/a": words.encode()})))
    assert (len(answer["hosts"]), answer["left_out"], answer["cut_short"]) == (MAX_HOSTS, 7, False)
    assert answer["hosts"][0] == "n000.shop.com"
    assert len(parse_hosts(json.dumps(answer).encode()).hosts) == MAX_HOSTS


def test_more_bytes_than_are_read():
    build = make_apk(
        package="a.b", strings=["https://api.shop.com"], files={"assets/a": bytes(90_000) + URL % b"late"}
    )
    answer = hosts_child.find(io.BytesIO(build), max_bytes=50_000)
    assert answer == {"hosts": ["api.shop.com"], "left_out": 0, "cut_short": True}


def test_an_entry_that_is_damaged_leaves_the_others():
    build = bytearray(
        make_zip({"a.dex": make_dex(["https://api.shop.com"]), "b.txt": b"b" * 50, "c.txt": b"c"})
    )
    with zipfile.ZipFile(io.BytesIO(build)) as archive:
        at = archive.getinfo("b.txt").header_offset
    build[at + 8] ^= 8  # its method, in the local header alone
    answer = hosts_child.find(io.BytesIO(build))
    assert answer == {"hosts": ["api.shop.com"], "left_out": 0, "cut_short": True}


async def test_hosts_are_read_in_a_process_of_its_own(tmp_path: Path):
    path = tmp_path / "build"
    path.write_bytes(APK)
    reader: HostReader = HostFinder()
    read = await reader.hosts(path)
    assert read == HostsFound(hosts=("api.shop.com", "grpc.shop.com"))
    assert await reader.hosts(path) == read


async def test_what_can_not_be_read_is_rejected(tmp_path: Path):
    path = tmp_path / "build"
    path.write_bytes(b"no zip")
    with pytest.raises(BuildRejected, match="not_an_archive"):
        await HostFinder().hosts(path)
    with pytest.raises(BuildRejected, match="exhausting"):
        await HostFinder(command=["/bin/sh", "-c", "kill -XCPU $$"]).hosts(path)
    with pytest.raises(FileNotFoundError):
        await HostFinder().hosts(tmp_path / "missing")


SOUND: dict[str, Any] = {"hosts": ["a.shop.com", "b.shop.com"], "left_out": 1, "cut_short": True}


def test_a_sound_answer_is_believed():
    hosts = ("a.shop.com", "b.shop.com")
    assert parse_hosts(json.dumps(SOUND).encode()) == HostsFound(hosts=hosts, left_out=1, cut_short=True)


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"[]", b"{}", b"null", b"[" * 50_000, b'{"problem": "unheard of"}'),
        *(
            json.dumps(SOUND | changed).encode()
            for changed in (
                {"hosts": None},
                {"hosts": "shop.com"},
                {"hosts": ["<!channel>"]},
                {"hosts": ["10.0.0.1"]},
                {"hosts": ["jane@shop.com"]},
                {"hosts": [["a.shop.com"]]},
                {"hosts": ["b.shop.com", "a.shop.com"]},
                {"hosts": ["a.shop.com", "a.shop.com"]},
                {"hosts": [f"n{number:03}.shop.com" for number in range(MAX_HOSTS + 1)]},
                {"left_out": -1},
                {"left_out": True},
                {"left_out": 10**9},
                {"cut_short": 1},
                {"extra": 1},
            )
        ),
    ],
)
def test_answers_that_make_no_sense_are_not_believed(answer: bytes):
    with pytest.raises(BuildProblemError) as caught:
        parse_hosts(answer)
    assert caught.value.problem is BuildProblem.UNREADABLE


def bomb() -> bytes:
    return make_zip({"AndroidManifest.xml": b"", "assets/a.txt": bytes(20_000_000), "classes.dex": APK})


def words() -> bytes:
    """A million strings, some of which could be hosts at first sight."""
    return make_zip({"classes.dex": b"dex\n" + (b"\0\x09user.name" + b"\0\x05title" * 49) * 20_000 + b"\0"})


@pytest.mark.parametrize("build", [bomb, words])
def test_builds_made_to_do_harm(build: Callable[[], bytes], tmp_path: Path):
    path = tmp_path / "build"
    path.write_bytes(build())
    with path.open("rb") as file:
        command = [sys.executable, "-c", MEASURED, json.dumps(COMMAND)]
        done = subprocess.run(command, stdin=file, capture_output=True, check=True, cwd=FOLDER)
    line, cpu_s, peak = json.loads(done.stdout)
    assert json.loads(line) == {"hosts": [], "left_out": 0, "cut_short": False}
    assert cpu_s < hosts_child.CPU_S / 2
    assert peak * (1 if sys.platform == "darwin" else 1024) < 100_000_000
