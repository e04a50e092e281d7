"""How often the database is used for one share of an APK, and that no card is built that is not shown."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bot.core.scan import Scan
from bot.features.submission.sections import ReplySection
from bot.storage.connection import Connection
from bot.storage.database import Database
from tests.scenario.office import Office, apk, office

T = TypeVar("T")

READS, WRITES = 30, 20
"""Of a share that only OneTrust scans.

A reply is read twice for each change that is shown, and a slow machine shows each of them; most show a few.
"""
READS_WITH_ZSCALER, WRITES_WITH_ZSCALER = 50, 35
"""Of a share whose build is sent to Zscaler too, and whose hosts are looked up there."""
JOBS_OF_ALL = {"heartbeat", "notices", "results", "search for missed builds"}
"""They read at their intervals, whether anything is shared or not; so do refreshes."""


@asynccontextmanager
async def counted_office(tmp_path: Path, *, zscaler: bool) -> AsyncIterator[tuple[Office, Counter[str]]]:
    """Open an office in which the database's uses and the cards of replies are counted."""
    used: Counter[str] = Counter()

    def count(what: str) -> None:
        task = asyncio.current_task()
        name = task.get_name() if task is not None else ""
        used[what] += name not in JOBS_OF_ALL and not name.startswith("refresh of")

    class CountedDatabase(Database):
        async def read(self, work: Callable[[Connection], T]) -> T:
            count("reads")
            return await super().read(work)

        async def write(self, work: Callable[[Connection], T]) -> T:
            count("writes")
            return await super().write(work)

    def built(_db: Connection, _scan: Scan, _original: Scan | None) -> None:
        used["cards built"] += 1

    def rendered(*_: object) -> tuple[()]:
        used["cards rendered"] += 1
        return ()

    counted = ReplySection(name="counted", read=built, blocks=rendered)
    async with office(tmp_path, zscaler=zscaler, sections=[counted], database=CountedDatabase) as place:
        used.clear()
        yield place, used


async def test_a_share_reads_little_and_builds_no_card_that_is_not_shown(tmp_path: Path) -> None:
    async with counted_office(tmp_path, zscaler=False) as (place, used):
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(shared)

        assert used["cards rendered"] >= used["cards built"] > 0, used
        assert used["reads"] <= READS, used
        assert used["writes"] <= WRITES, used


async def test_a_share_that_zscaler_judges_reads_little_more(tmp_path: Path) -> None:
    async with counted_office(tmp_path, zscaler=True) as (place, used):
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(shared, "benign", "No host is named")

        assert used["cards rendered"] >= used["cards built"] > 0, used
        assert used["reads"] <= READS_WITH_ZSCALER, used
        assert used["writes"] <= WRITES_WITH_ZSCALER, used
