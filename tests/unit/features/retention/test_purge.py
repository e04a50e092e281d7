"""The history is kept as long as it was asked for, whatever happens to the database meanwhile."""

import logging

from bot.core.scheduler import Scheduler
from bot.features.retention.service import DAY_S, HOUR_S, purge_job
from tests.fakes import HeldClock, until


class Shelf:
    """A history that notes what it is asked to purge."""

    def __init__(self):
        self.asked = []
        self.broken = False

    async def purge(self, before):
        self.asked.append(before)
        if self.broken:
            raise OSError("the disk is full")
        return 3

    async def forget(self, user):
        raise AssertionError(user)


async def test_it_purges_at_the_start_and_each_hour_and_goes_on_after_an_error(caplog):
    caplog.set_level(logging.INFO)
    shelf, clock = Shelf(), HeldClock()
    begun = clock.now()

    scheduler = Scheduler(clock)
    scheduler.start(purge_job(shelf, clock, days=30))
    await until(lambda: bool(clock.naps))
    shelf.broken = True
    clock.advance(HOUR_S)
    await until(lambda: bool(clock.naps))
    shelf.broken = False
    clock.advance(HOUR_S)
    await until(lambda: bool(clock.naps))
    await scheduler.stop()

    assert shelf.asked == [begun - 30 * DAY_S + HOUR_S * hours for hours in range(3)]
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "purged 3 scans older than 30 days",
        "retention failed; retrying in 3600 s",
        "purged 3 scans older than 30 days",
    ]
