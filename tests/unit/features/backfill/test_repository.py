"""The heartbeat, and what is noted as missed."""

from pathlib import Path

import pytest

from bot.features.backfill.repository import HeartbeatRepository
from bot.wiring.features import open_database
from tests.fakes import START, HeldClock


async def _beat(alive: HeartbeatRepository, *, gap_s: float = 180) -> bool:
    return await alive.beat(gap_s=gap_s, margin_s=300)


async def test_before_the_first_beat_nothing_is_missed(store):
    assert not await _beat(store.alive, gap_s=0)
    assert await store.alive.everywhere() is None


async def test_a_silence_is_noted_from_a_margin_before_it_on(store, clock):
    await _beat(store.alive)
    clock.advance(1000)
    await _beat(store.alive, gap_s=2000)
    clock.advance(180)
    assert await _beat(store.alive)
    assert await store.alive.everywhere() == START + 1000 - 300


async def test_shorter_silences_are_not(store, clock):
    await _beat(store.alive)
    clock.advance(179)
    assert not await _beat(store.alive)
    assert await store.alive.everywhere() is None


async def test_a_process_that_begins_notes_any_silence_but_nothing_before_the_first_beat(store, clock):
    await _beat(store.alive)
    clock.advance(1)
    assert await _beat(store.alive, gap_s=0)
    assert await store.alive.everywhere() == START


@pytest.mark.parametrize("back_s", [0.5, 86_400])
async def test_a_clock_that_was_set_back_hides_no_silence(store, clock, back_s):
    await _beat(store.alive)
    clock.advance(100_000)
    await _beat(store.alive, gap_s=200_000)
    clock.advance(-back_s)
    assert await _beat(store.alive, gap_s=0)
    assert await store.alive.everywhere() == START


async def test_a_clock_that_is_set_a_little_while_slack_is_heard_is_no_silence(store, clock):
    await _beat(store.alive)
    clock.advance(-1)
    assert not await _beat(store.alive)


async def test_a_clock_that_was_far_ahead_at_the_first_beat_leaves_nothing_unsaid(store, clock):
    await _beat(store.alive)
    clock.advance(-86_400)
    assert await _beat(store.alive, gap_s=0)
    assert await store.alive.everywhere() == clock.now()


async def test_a_later_silence_does_not_shorten_what_an_earlier_one_left(store, clock):
    await _beat(store.alive)
    for _ in range(2):
        clock.advance(1000)
        await _beat(store.alive)
    assert await store.alive.everywhere() == START


async def test_what_is_missed_everywhere_is_spread_once_and_forgotten_one_by_one(store, clock):
    await _beat(store.alive)
    clock.advance(1000)
    await _beat(store.alive)
    await store.alive.spread(["C1", "C2"], START + 50)
    await store.alive.spread(["C2", "C3"], START + 70)

    assert await store.alive.everywhere() is None
    assert await store.alive.missed() == [("C3", START + 70), ("C1", START + 50), ("C2", START + 50)]
    await store.alive.searched("C1")
    assert [channel for channel, _ in await store.alive.missed()] == ["C3", "C2"]
    await store.alive.forget()
    assert await store.alive.missed() == []


async def test_all_of_it_outlives_the_process(tmp_path: Path):
    clock = HeldClock()
    for turn in range(2):
        database = await open_database(tmp_path / "appscan.db")
        alive = HeartbeatRepository(database, clock)
        clock.advance(500)
        assert await _beat(alive) == (turn == 1)
        if turn == 0:
            await alive.spread(["C1"], START)
        else:
            assert await alive.missed() == [("C1", START)]
            assert await alive.everywhere() == START + 500
        await database.close()
