"""A journal's entries are recorded even if the database can't be written to for a while."""

import asyncio
from copy import copy

import pytest

from bot.errors import StoreUnavailable
from bot.features.submission.outcomes import MAXIMUM_WRITES, WRITE_INTERVAL_S, SubmissionJournal
from tests.fakes import until


class Locked:
    """Scans of a database that can't be written to ``left`` more times."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.made: list[tuple[int, str]] = []

    async def made_app(self, number: int, application_id: str) -> None:
        if self.left:
            self.left -= 1
            raise StoreUnavailable
        self.made.append((number, application_id))


async def test_journal_records_an_application_as_soon_as_the_database_can_be_written(bench, caplog):
    scans = Locked(2)
    store = copy(bench.store)
    store.scans = scans
    journal = SubmissionJournal(store, bench.announcer, bench.clock, 7)
    keeping = asyncio.create_task(journal.made_app("app-1"))
    for _ in range(2):
        await until(lambda: bool(bench.clock.naps))
        bench.clock.advance(WRITE_INTERVAL_S)
    await keeping

    assert scans.made == [(7, "app-1")]
    assert "could not record application app-1 of scan #7" in caplog.text


async def test_journal_gives_up_after_the_maximum_of_writes(bench):
    store = copy(bench.store)
    store.scans = Locked(MAXIMUM_WRITES)
    journal = SubmissionJournal(store, bench.announcer, bench.clock, 7)
    keeping = asyncio.create_task(journal.made_app("app-1"))
    for _ in range(MAXIMUM_WRITES - 1):
        await until(lambda: bool(bench.clock.naps))
        bench.clock.advance(WRITE_INTERVAL_S)
    with pytest.raises(StoreUnavailable):
        await keeping
