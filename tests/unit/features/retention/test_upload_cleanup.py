"""Uploaded builds are removed from the FTP server in time, across restarts, and not while they are needed."""

import contextlib

import pytest

from bot.core.scan import State
from bot.core.scheduler import Scheduler
from bot.errors import Refused, TryLater
from bot.features.retention.service import CLEANUP_INTERVAL_S, HOUR_S, MAX_REFUSALS, upload_cleanup_job
from tests.fakes import a_share, until


class Server:
    def __init__(self) -> None:
        self.there = {"one.apk", "two.apk"}
        self.troubles: list[Exception] = []
        self.asked = 0

    async def remove(self, name: str) -> bool:
        self.asked += 1
        if self.troubles:
            raise self.troubles.pop(0)
        with contextlib.suppress(KeyError):
            self.there.remove(name)
            return True
        return False


@pytest.fixture
def server() -> Server:
    return Server()


@contextlib.asynccontextmanager
async def clearing(bench, server: Server):
    scheduler = Scheduler(bench.clock)
    scheduler.start(upload_cleanup_job(bench.store.uploads, server.remove, bench.clock, keep_hours=72))
    try:
        await until(lambda: bool(bench.clock.naps))
        yield
    finally:
        await scheduler.stop()


async def look(bench, seconds: float = CLEANUP_INTERVAL_S) -> None:
    bench.clock.advance(seconds)
    await until(lambda: bool(bench.clock.naps))


async def test_what_was_there_long_enough_is_removed_by_a_later_process_too(bench, server):
    await bench.store.uploads.add("one.apk", 999)
    bench.clock.advance(HOUR_S)
    await bench.store.uploads.add("two.apk", 999)
    async with clearing(bench, server):
        await look(bench, 70 * HOUR_S)
        assert server.asked == 0
    async with clearing(bench, server):
        await look(bench, HOUR_S)
        assert server.there == {"two.apk"}
        await look(bench, HOUR_S)
        assert server.there == set()
        await look(bench, HOUR_S)
        assert server.asked == 2


async def test_a_server_that_is_away_is_asked_again(bench, server):
    await bench.store.uploads.add("one.apk", 999)
    await bench.store.uploads.add("gone.apk", 999)
    bench.clock.advance(73 * HOUR_S)
    server.troubles = [TryLater("It is away."), RuntimeError("surprise")]
    async with clearing(bench, server):
        await look(bench)
        assert server.there == {"one.apk", "two.apk"}
        await look(bench)
        assert server.there == {"two.apk"}
        assert server.asked == 4
        assert await bench.store.uploads.older_than(bench.clock.now(), 10) == []


async def test_a_build_that_is_still_to_be_submitted_stays(bench, server):
    scan, _ = await bench.store.scans.record(a_share())
    await bench.store.uploads.add("one.apk", scan.number)
    bench.clock.advance(100 * HOUR_S)
    async with clearing(bench, server):
        assert server.there == {"one.apk", "two.apk"}
        await bench.store.scans.move(scan.number, State.CANCELLED, why="taken back")
        await look(bench)
        assert server.there == {"two.apk"}


async def test_one_that_can_not_be_removed_does_not_keep_the_others(bench, server):
    await bench.store.uploads.add("held.apk", 999)
    await bench.store.uploads.add("one.apk", 999)
    bench.clock.advance(73 * HOUR_S)
    server.troubles = [Refused("No.")]
    async with clearing(bench, server):
        assert server.there == {"two.apk"}
        assert await bench.store.uploads.older_than(bench.clock.now(), 10) == ["held.apk"]


async def test_a_server_that_removes_nothing_is_not_asked_for_each(bench, server):
    for number in range(MAX_REFUSALS + 2):
        await bench.store.uploads.add(f"{number}.apk", 999)
    bench.clock.advance(73 * HOUR_S)
    server.troubles = [Refused("No.")] * (MAX_REFUSALS + 2)
    async with clearing(bench, server):
        assert server.asked == MAX_REFUSALS


async def test_what_is_put_there_again_meanwhile_is_removed_in_its_time(bench):
    await bench.store.uploads.add("one.apk", 999)
    bench.clock.advance(73 * HOUR_S)

    class Again(Server):
        async def remove(self, name: str) -> bool:
            await bench.store.uploads.add(name, 999)
            return await super().remove(name)

    async with clearing(bench, Again()):
        assert await bench.store.uploads.older_than(bench.clock.now(), 10) == ["one.apk"]
