"""What reading an APK takes with our reader and with general ones, on sound and on hostile files.

Each reader has a process of its own, with a limit of time and 4 GB of address space. Memory is the process's
peak. Sound files are one made here and those named, such as ``framework-res.apk`` of Debian's package
``android-framework-res``. The general readers are the dependency group ``benchmarks``, which ``make bench``
installs.

    python -m benchmarks.readers [--seconds 60] [shop.apk …]
"""

import argparse
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.hosts_read import make
from bot.builds.reader import COMMAND
from sandbox.builds import make_apk, make_zip
from tests.unit.builds.test_bombs import MANIFEST, a_million, contents, end

ADDRESS_SPACE_BYTES = 4 * 2**30
ROOT = Path(__file__).parents[1]
READERS = {
    "pyaxmlparser": "from pyaxmlparser import APK; a = APK(p);"
    "print(a.package, a.version_name, a.application)",
    "androguard": "from loguru import logger; logger.remove();"
    "from androguard.core.apk import APK; a = APK(p);"
    "print(a.get_package(), a.get_androidversion_name(), a.get_app_name())",
    "apk_info": "from apk_info import APK; a = APK(p);"
    "print(a.get_package_name(), a.get_version_name(), a.get_application_label())",
}
"""What prints the package, version and label of the file at ``p``, by the reader's module."""

MEASURE = """import json, resource, subprocess, sys, time
command, limit_s, limit_bytes = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
began = time.perf_counter()
try:
    done = subprocess.run(command, stdin=0, capture_output=True, timeout=limit_s, check=False)
    told = [done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")]
except subprocess.TimeoutExpired:
    told = [None, "", ""]
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([time.perf_counter() - began, peak, *told]))
"""
"""A small process between, as Linux counts the memory of whoever starts a process as its own."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a reader took for a file, and what came of it."""

    seconds: float
    peak_mb: float
    outcome: str


def cost(command: list[str], path: Path, limit_s: float) -> Cost:
    """Let a reader read a file, given on standard input."""
    asked = json.dumps([command, limit_s, ADDRESS_SPACE_BYTES])
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, asked], stdin=file, capture_output=True, check=True, cwd=ROOT
        )
    seconds, peak, code, out, err = json.loads(done.stdout)
    if code is None:
        outcome = f"not done after {limit_s:.0f} s"
    elif code:
        outcome = (err.strip().splitlines() or [f"exit code {code}"])[-1]
    else:
        outcome = out.strip()
    return Cost(seconds=seconds, peak_mb=peak / (1e6 if sys.platform == "darwin" else 1e3), outcome=outcome)


def changed(entry: str, at: int, number: int) -> bytes:
    """Return an APK with one 32-bit number of an entry set to another."""
    files = contents(make_apk(package="org.example.shop", label="Shop", label_in_resources=True))
    files[entry] = files[entry][:at] + struct.pack("<I", number) + files[entry][at + 4 :]
    return make_zip(files)


def hostile() -> Iterator[tuple[str, list[bytes]]]:
    """Give each hostile file: what it is, and its bytes in pieces."""
    sound = contents(make_apk(package="org.example.shop", label="Shop", label_in_resources=True))
    yield "a manifest of 60 MB of zeros", [make_zip({MANIFEST: bytes(60_000_000)})]
    yield "resources of 200 MB of zeros", [make_zip(sound | {"resources.arsc": bytes(200_000_000)})]
    yield "a bomb of 200 MB beside the manifest", [make_zip(sound | {"assets/bomb": bytes(200_000_000)})]
    for entry, at, what in (
        (MANIFEST, 16, "strings in the manifest"),
        (MANIFEST, 20, "styles in the manifest"),
        ("resources.arsc", 8, "packages in the resources"),
        ("resources.arsc", 20, "strings in the resources"),
    ):
        yield f"16 million {what}, it says", [changed(entry, at, 2**24)]
    heads, directory = a_million()
    wide = (45, 45, 0, 0, 1_000_000, 1_000_000, len(directory), len(heads))
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, *wide)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(heads) + len(directory), 1)
    yield "a million entries", [heads, directory, record, locator, end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)]


def compare(name: str, path: Path, limit_s: float) -> None:
    """Print what each reader takes for a file, as a multiple of what ours does."""
    print(f"\n{name} ({path.stat().st_size / 1e6:.1f} MB)")
    ours = cost(list(COMMAND), path, limit_s)
    print(
        f"  {'ours':<13}{ours.seconds:7.2f} s {ours.peak_mb:7.0f} MB  {'':16}{ours.outcome[:60]!r}",
        flush=True,
    )
    for module, code in READERS.items():
        if find_spec(module) is None:
            print(f"  {module:<13}not installed: make bench installs it")
            continue
        its = cost([sys.executable, "-c", f"import sys; p = sys.argv[1]; {code}", str(path)], path, limit_s)
        _show(module, its, f"{its.seconds / ours.seconds:6.1f}x {its.peak_mb / ours.peak_mb:6.1f}x")


def _show(reader: str, its: Cost, times: str = "") -> None:
    took = f"{its.seconds:7.2f} s {its.peak_mb:7.0f} MB"
    print(f"  {reader:<13}{took}  {times:<16}{its.outcome[:70]!r}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="at most, a reader and file")
    parser.add_argument("builds", type=Path, nargs="*")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "build.apk"
        for build in asked.builds:
            compare(build.name, build.absolute(), asked.seconds)
        make(path)
        compare("an app of a usual size", path, asked.seconds)
        for name, pieces in hostile():
            with path.open("wb") as file:
                file.writelines(pieces)
            compare(name, path, asked.seconds)


if __name__ == "__main__":
    main()
