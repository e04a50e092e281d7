"""The folder for builds, on a disk that takes no more."""

import pytest

from bot.core.scan import State
from bot.core.work_dir import FULL_BACKOFF, WorkDir
from bot.errors import NoRoom
from bot.features.submission.pipeline import MAXIMUM_PULLS
from tests.fakes import HeldClock, a_share


@pytest.fixture
def clock():
    return HeldClock()


@pytest.fixture
def work_dir(tmp_path, clock):
    return WorkDir.beside(tmp_path / "appscan.db", clock)


async def test_a_room_goes_with_what_is_in_it(tmp_path, work_dir):
    with work_dir.room(7) as room:
        (room / "build").write_bytes(b"bytes")
        assert room.is_relative_to(tmp_path / "appscan.db.builds")

    assert list((tmp_path / "appscan.db.builds").iterdir()) == []
    assert await work_dir.is_writable()


async def test_where_no_folder_can_be_made_there_is_no_room(tmp_path, work_dir):
    (tmp_path / "appscan.db.builds").touch()

    with pytest.raises(NoRoom, match="can't create a folder"), work_dir.room(7):
        pass

    assert not await work_dir.is_writable()
    assert work_dir.closed_until is None  # whoever failed says so


async def test_a_clock_that_is_set_back_keeps_no_build_out(work_dir, clock):
    again_at = work_dir.mark_full()
    wait_s = again_at - clock.now()
    clock.advance(-86_400)
    assert work_dir.closed_until == clock.now() + wait_s
    clock.advance(wait_s)
    assert work_dir.closed_until is None


async def test_a_full_disk_is_tried_again_later_and_later_until_it_takes_a_build(work_dir, clock):
    waits = []
    for _ in range(6):
        waits.append(work_dir.mark_full() - clock.now())
        assert work_dir.closed_until == clock.now() + waits[-1]
        assert not await work_dir.is_writable()
        clock.advance(waits[-1])
        assert work_dir.closed_until is None

    assert waits == [5, 10, 20, 40, FULL_BACKOFF.maximum_s, FULL_BACKOFF.maximum_s]
    assert not await work_dir.is_writable()
    work_dir.mark_writable()
    assert await work_dir.is_writable()
    assert work_dir.mark_full() - clock.now() == 5


async def test_what_nobody_tries_any_more_is_not_said_to_be_full_for_ever(work_dir, clock):
    work_dir.mark_full()
    clock.advance(5 + FULL_BACKOFF.maximum_s)

    assert await work_dir.is_writable()


async def test_a_scan_waits_for_room_however_long_it_takes(bench):
    number = await bench.shared(a_share())
    for _ in range(3 * MAXIMUM_PULLS):
        bench.files.troubles = [NoRoom(detail="full")]
        await bench.pipeline.run(number)
        scan = await bench.scan(number)
        assert (scan.state, scan.problem) == (State.QUEUED, NoRoom().user_message)
        bench.clock.advance(scan.submission.due_at - bench.clock.now())
    assert await bench.store.scans.pulls(number) == 0

    await bench.pipeline.run(number)

    assert await bench.state(number) is State.SUBMITTED


async def test_while_there_is_no_room_others_are_not_even_pulled_and_say_so_once(bench):
    first, other = (
        await bench.shared(a_share("F1", message_ts="1.0")),
        await bench.shared(a_share("F2", message_ts="2.0")),
    )
    bench.files.troubles = [NoRoom(detail="full")]
    await bench.pipeline.run(first)

    await bench.pipeline.run(other)
    told = await bench.story(other)
    await bench.pipeline.run(other)

    scan = await bench.scan(other)
    assert (scan.state, scan.problem) == (State.QUEUED, NoRoom().user_message)
    assert scan.submission.due_at == (await bench.scan(first)).submission.due_at
    assert await bench.story(other) == told == [State.RECEIVED, State.QUEUED]
