"""A backup that was put back: nothing that was on its way is sent by itself."""

from pathlib import Path

import pytest

from bot.core.scan import OPEN, Source, State, SubmissionState
from bot.features.third_party_apps.models import AppRef, RefKind, ThirdPartyApp
from bot.storage import restore_guard
from bot.storage.database import Database
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import HeldClock, a_share
from tests.unit.features.scenes import a_scan

DAY_S = 86_400.0
MOVING = sorted(OPEN | {State.WAITING})
RESTING = sorted(set(State) - OPEN - {State.WAITING})


async def mark(database: Database) -> None:
    await database.write(lambda db: db.execute(f"PRAGMA user_version = {restore_guard.MARK}"))


async def test_a_database_in_use_is_left_alone(database: Database, clock: HeldClock, store: Repositories):
    scan = await a_scan(store, State.QUEUED)
    assert await restore_guard.settle(database, clock) is None
    assert await store.scans.scan(scan.number) == scan


@pytest.mark.parametrize("state", MOVING)
@pytest.mark.parametrize("source", list(Source))
async def test_what_was_on_its_way_waits_for_a_person(
    database: Database, clock: HeldClock, store: Repositories, state: State, source: Source
):
    scan = await a_scan(store, state, source=source)
    await store.queue.set_reply(scan.number, "1790000001.000100")
    await mark(database)

    assert await restore_guard.settle(database, clock) == [scan.number]

    settled = await store.scans.scan(scan.number)
    assert (settled.state, settled.submission.state) == (State.UNCERTAIN, SubmissionState.UNCERTAIN)
    assert settled.problem == restore_guard.PROBLEM
    assert settled.reply_ts is None  # the older reply keeps what it shows
    clock.advance(10_000_000)
    assert await store.queue.recover(source=Source.SLACK) == []
    assert (await store.queue.poll(10, busy=())).due == []
    assert await store.queue.wake_waiting() == []
    assert (await store.scans.events(scan.number))[-1].why == "the bot was set back to a backup"


async def test_what_waits_for_a_person_is_not_purged_for_the_age_of_the_backup(
    database: Database, clock: HeldClock, store: Repositories
):
    scan = await a_scan(store, State.QUEUED)
    clock.advance(40 * DAY_S)
    await mark(database)
    await restore_guard.settle(database, clock)

    assert await store.privacy.purge(clock.now() - 30 * DAY_S) == 0
    assert (await store.scans.scan(scan.number)).state is State.UNCERTAIN
    clock.advance(31 * DAY_S)
    assert await store.privacy.purge(clock.now() - 30 * DAY_S) == 1


@pytest.mark.parametrize("state", RESTING)
async def test_what_waited_for_a_person_or_was_over_stays(
    database: Database, clock: HeldClock, store: Repositories, state: State
):
    scan = await a_scan(store, state)
    await mark(database)

    assert await restore_guard.settle(database, clock) == []
    assert await store.scans.scan(scan.number) == scan


async def test_a_result_that_may_have_been_told_of_since_is_looked_for_first(
    database: Database, clock: HeldClock, store: Repositories
):
    told, untold = [
        await a_scan(store, State.SUBMITTED, share=a_share(f"F{n}", ts=f"1790000000.{n:06d}")) for n in (1, 2)
    ]
    await store.results.set_announced(told.number, "1790000001.000100")
    await mark(database)

    await restore_guard.settle(database, clock)

    for scan, ts in ((told, "1790000001.000100"), (untold, "")):
        followed = await store.results.followed(scan.number)
        assert followed is not None
        assert followed.announced_ts == ts


async def test_files_whose_message_was_looked_for_are_not_taken_up(
    database: Database, clock: HeldClock, store: Repositories
):
    await store.requests.arrived("F1", "C1", "1790000000.000100")
    await mark(database)

    await restore_guard.settle(database, clock)
    assert await store.requests.arrivals() == []


async def test_what_was_shared_before_is_not_looked_for_and_what_comes_after_is(
    database: Database, clock: HeldClock, store: Repositories
):
    await store.alive.beat(gap_s=60.0, margin_s=300.0)
    clock.advance(1000)
    await store.alive.beat(gap_s=60.0, margin_s=300.0)
    await store.alive.spread(["C1"], clock.now() - 1300)
    await store.alive.beat(gap_s=0.0, margin_s=300.0)
    await mark(database)
    clock.advance(50_000)
    began = clock.now()

    await restore_guard.settle(database, clock)

    assert await store.alive.missed() == []
    assert await store.alive.everywhere() is None
    clock.advance(7)
    assert await store.alive.beat(gap_s=0.0, margin_s=300.0)
    assert await store.alive.everywhere() == began


@pytest.mark.parametrize("before", [0, 3])
async def test_numbers_that_were_given_since_are_not_given_again(
    database: Database, clock: HeldClock, store: Repositories, before: int
):
    for number in range(before):
        await a_scan(store, share=a_share(f"F{number}", ts=f"1790000000.{number:06d}"))
    await mark(database)

    await restore_guard.settle(database, clock)
    scan, _ = await store.scans.record(a_share("Fnew", ts="1790000009.000100"))
    assert scan.number == restore_guard.SKIPPED_NUMBERS + before + 1
    look = await store.governance.answered(AppRef(kind=RefKind.APP_ID, value="x1"), ThirdPartyApp(name="x"))
    assert look.number == restore_guard.SKIPPED_NUMBERS + 1


async def test_it_happens_once(tmp_path: Path, clock: HeldClock):
    first = await open_database(tmp_path / "appscan.db")
    await mark(first)
    assert await restore_guard.settle(first, clock) == []
    assert await restore_guard.settle(first, clock) is None
    await first.close()
    again = await open_database(tmp_path / "appscan.db")
    assert await restore_guard.settle(again, clock) is None
    await again.close()


async def test_where_it_can_not_be_written_the_mark_stays(
    database: Database, clock: HeldClock, store: Repositories
):
    scan = await a_scan(store, State.QUEUED)
    await mark(database)
    await database.write(
        lambda db: db.execute(
            "CREATE TEMP TRIGGER no_room BEFORE UPDATE ON scans "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    )
    with pytest.raises(Exception, match="disk is full"):
        await restore_guard.settle(database, clock)
    await database.write(lambda db: db.execute("DROP TRIGGER no_room"))
    assert await restore_guard.settle(database, clock) == [scan.number]
