"""What reading a build's hosts takes, against reading all of it with ``zipfile`` and throwing it away.

The build is made here, or given by its path. Memory is the reading process's peak.

    python -m benchmarks.hosts_read [--build shop.apk]
"""

import argparse
import asyncio
import random
import resource
import statistics
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.builds.hosts.finder import HostFinder
from sandbox.builds import make_dex, write_apk
from sandbox.hermes import make_hermes

ROUNDS = 5
_PIECE_BYTES = 256 * 1024


def make(path: Path) -> None:
    """Write an APK of a usual size: three dex files, bytecode, native code, and what doesn't compress."""
    chance = random.Random(7)  # noqa: S311 - filler, not a secret

    def words(count: int, hosts: int) -> list[str]:
        named = [f"https://n{number}.shop.com/v1/items" for number in range(hosts)]
        return [f"Lcom/shop/app/{chance.randbytes(12).hex()};" for _ in range(count)] + named

    files = {f"classes{number}.dex": make_dex(words(100_000, 60)) for number in (2, 3, 4)}
    files["assets/index.android.bundle"] = make_hermes(words(100_000, 100))
    files["lib/arm64-v8a/libshop.so"] = b"\x7fELF" + chance.randbytes(20_000_000)
    files |= {f"res/layout/{number}.xml": chance.randbytes(2_000) for number in range(3_000)}
    write_apk(path, package="com.shop.app", label="Shop", files=files, padding_bytes=20_000_000)


def thrown_away(path: Path) -> int:
    """Read all entries and return how many bytes they have."""
    size = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as entry:
                while piece := entry.read(_PIECE_BYTES):
                    size += len(piece)
    return size


async def compare(path: Path) -> None:
    """Read in turns, and say what each took."""
    reader = HostFinder()
    read_s, thrown_s = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = await reader.hosts(path)
        read_s.append(time.perf_counter() - began)
        began = time.perf_counter()
        size = thrown_away(path)
        thrown_s.append(time.perf_counter() - began)
    packed = path.stat().st_size  # noqa: ASYNC240 - nothing else is under way
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    read, thrown = statistics.median(read_s), statistics.median(thrown_s)
    print(f"{packed / 1e6:.1f} MB, {size / 1e6:.1f} MB expanded: {len(found.hosts)} hosts")
    print(f"hosts read, in a process of its own: {read:.2f} s; peak of memory {peak_mb:.0f} MB")
    print(f"the same entries read with zipfile:  {thrown:.2f} s; ratio {read / thrown:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = asked.build or Path(folder) / "shop.apk"
        if asked.build is None:
            make(path)
        asyncio.run(compare(path))


if __name__ == "__main__":
    main()
