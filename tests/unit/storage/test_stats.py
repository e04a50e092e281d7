"""The rows in figures."""

from bot.core.scan import Platform, State
from bot.core.stats import Move
from bot.storage import stats
from bot.storage.database import Database
from bot.storage.stats import SqlStats
from bot.wiring.repositories import Repositories
from tests.fakes import HeldClock, a_share
from tests.unit.features.scenes import a_scan


async def test_scans_are_counted_by_state_and_platform(
    database: Database, clock: HeldClock, store: Repositories
):
    for number, state in enumerate([State.SUBMITTED, State.SUBMITTED, State.RECEIVED, State.REJECTED]):
        await a_scan(store, state, a_share(f"F{number}", ts=f"1790000000.{number:06d}"))
    look = await SqlStats(database, clock).snapshot()

    assert look.scans[State.SUBMITTED, Platform.ANDROID] == 2
    assert look.scans[State.RECEIVED, None] == 1
    assert sum(look.scans.values()) == 4


async def test_the_queue_and_its_oldest(database: Database, clock: HeldClock, store: Repositories):
    looking = SqlStats(database, clock)
    empty = await looking.snapshot()
    assert (empty.queued, empty.oldest_s) == (0, 0.0)
    await a_scan(store, State.RECEIVED, a_share("F1"))
    clock.advance(60)
    await a_scan(store, State.QUEUED, a_share("F2"))
    clock.advance(5)
    look = await looking.snapshot()
    assert (look.queued, look.oldest_s) == (2, 65.0)


async def test_what_happened_since_the_last_look_is_told_once(
    database: Database, clock: HeldClock, store: Repositories
):
    looking = SqlStats(database, clock)
    early = await a_scan(store, State.RECEIVED)
    assert (await looking.snapshot()).moves == ()
    clock.advance(3)
    await store.scans.begin(early.number)
    clock.advance(0.5)
    await store.scans.note(early.number, "somebody looked")
    clock.advance(1.5)
    await store.scans.move(early.number, State.QUEUED, why="Slack is busy")

    assert (await looking.snapshot()).moves == (
        Move(before=State.RECEIVED, after=State.PULLING, seconds=3.0, total_s=3.0),
        Move(before=State.PULLING, after=State.QUEUED, seconds=2.0, total_s=5.0),
    )
    assert (await looking.snapshot()).moves == ()


async def test_more_than_one_look_can_take_is_left_to_the_next(
    database: Database, clock: HeldClock, store: Repositories
):
    looking = SqlStats(database, clock)
    await looking.snapshot()
    scan = await a_scan(store, State.RECEIVED)
    line = [scan.number, "received", "pulling"]
    await database.write(
        lambda db: db.conn.executemany(
            "INSERT INTO events (scan, at, before, after, why) VALUES (?, 1, ?, ?, 'x')",
            [line] * (stats.MAX_MOVES + 10),
        )
    )
    assert [len((await looking.snapshot()).moves) for _ in range(3)] == [stats.MAX_MOVES - 1, 11, 0]


async def test_a_timeline_that_was_purged_is_looked_at_on(
    database: Database, clock: HeldClock, store: Repositories
):
    looking = SqlStats(database, clock)
    await a_scan(store, State.SUBMITTED)
    await looking.snapshot()
    await database.write(lambda db: db.execute("DELETE FROM events"))
    await looking.snapshot()
    other = await a_scan(store, State.RECEIVED, a_share("F2"))
    await store.scans.begin(other.number)
    assert [move.after for move in (await looking.snapshot()).moves] == [State.PULLING]


async def test_counting_reads_an_index_alone(database: Database):
    query = "EXPLAIN QUERY PLAN SELECT state, platform, count(*) FROM scans GROUP BY state, platform"
    (plan,) = await database.read(lambda db: [row["detail"] for row in db.query(query)])
    assert plan == "SCAN scans USING COVERING INDEX scans_state_platform"
