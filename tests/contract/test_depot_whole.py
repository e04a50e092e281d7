"""A build of 200 MB over a connection that is cut five times: it arrives whole, and little is sent twice."""

import asyncio
import filecmp
import random
from pathlib import Path

import pytest

from tests.depots import Grounds
from tests.proftpd import needs_proftpd
from tests.relay import HOST, Relay

MB = 1_000_000


@pytest.fixture
def grounds(tmp_path_factory):
    grounds = Grounds(lambda: tmp_path_factory.mktemp("depot"))
    yield grounds
    grounds.close()


@pytest.fixture
def write(tmp_path):
    """Makes a build in which no place is like another; it is gone after the test."""

    def write(size_bytes: int) -> Path:
        path, block = tmp_path / "shop.apk", random.Random(6).randbytes(MB)  # noqa: S311 - the same each time
        with path.open("wb") as file:
            for number in range(size_bytes // MB):
                file.write(number.to_bytes(8, "big") + block[8:])
        return path

    yield write
    (tmp_path / "shop.apk").unlink(missing_ok=True)


@needs_proftpd
@pytest.mark.parametrize(
    ("make", "size_bytes"), [("proftpd-ftps-resuming", 200 * MB), ("proftpd-sftp-resuming", 70 * MB)]
)
async def test_little_is_sent_twice_of_a_build_whose_connection_is_cut_five_times(
    grounds, write, make, size_bytes
):
    build = write(size_bytes)
    cuts = random.Random(make).sample(range(size_bytes), 5)  # noqa: S311 - the same each time
    async with grounds.open(make) as ground, Relay(ground.ports, cuts=cuts) as relay:
        await ground.upload(build, depot=ground.depot(host=HOST))

        arrived = ground.folder / "shop.apk"
        assert await asyncio.to_thread(filecmp.cmp, arrived, build, shallow=False)
        arrived.unlink()
    assert relay.cut == 5
    assert size_bytes <= relay.sent_bytes < 1.2 * size_bytes
    assert ground.notes == []
