"""What a route writes down is kept, also where the database can't be written for a while."""

import asyncio
from copy import copy

import pytest

from bot.errors import StoreUnavailable
from bot.features.submission.journal import MAXIMUM_RECORDS, RECORD_INTERVAL_S, SubmissionJournal
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


async def test_an_application_that_was_made_is_kept_once_the_database_can_be_written(bench, caplog):
    scans = Locked(2)
    store = copy(bench.store)
    store.scans = scans
    journal = SubmissionJournal(store, bench.announcer, bench.clock, 7)
    keeping = asyncio.create_task(journal.made_app("app-1"))
    for _ in range(2):
        await until(lambda: bool(bench.clock.naps))
        bench.clock.advance(RECORD_INTERVAL_S)
    await keeping

    assert scans.made == [(7, "app-1")]
    assert "application app-1, made for scan #7, could not be recorded" in caplog.text


async def test_it_is_not_waited_for_without_end(bench):
    store = copy(bench.store)
    store.scans = Locked(MAXIMUM_RECORDS)
    journal = SubmissionJournal(store, bench.announcer, bench.clock, 7)
    keeping = asyncio.create_task(journal.made_app("app-1"))
    for _ in range(MAXIMUM_RECORDS - 1):
        await until(lambda: bool(bench.clock.naps))
        bench.clock.advance(RECORD_INTERVAL_S)
    with pytest.raises(StoreUnavailable):
        await keeping
