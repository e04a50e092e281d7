"""How often the database is used for one share of an APK, and that no card is built that is not shown."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlite_utils

from bot.core.scan import Scan
from bot.features.submission.sections import ReplySection
from bot.storage.database import Database
from tests.scenario.office import apk, office

T = TypeVar("T")

READS, WRITES = 200, 50
"""Most reads are the queues' looks at what is due, at each wake; a slow machine wakes them more often."""


async def test_a_share_builds_no_card_that_is_not_shown(tmp_path: Path) -> None:
    used: Counter[str] = Counter()

    class CountedDatabase(Database):
        async def read(self, work: Callable[[sqlite_utils.Database], T]) -> T:
            used["reads"] += 1
            return await super().read(work)

        async def write(self, work: Callable[[sqlite_utils.Database], T]) -> T:
            used["writes"] += 1
            return await super().write(work)

    def built(_db: sqlite_utils.Database, _scan: Scan, _original: Scan | None) -> None:
        used["cards built"] += 1

    def rendered(*_: object) -> tuple[()]:
        used["cards rendered"] += 1
        return ()

    counted = ReplySection(name="counted", read=built, blocks=rendered)
    async with office(tmp_path, zscaler=True, sections=[counted], database=CountedDatabase) as place:
        used.clear()
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(shared, "benign", "No host is named")

    assert used["cards rendered"] >= used["cards built"] > 0, used
    assert used["reads"] <= READS, used
    assert used["writes"] <= WRITES, used
