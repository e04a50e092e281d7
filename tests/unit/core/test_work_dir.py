"""The folder for builds, on a disk that takes no more."""

import os

import pytest

from bot.core import work_dir as limits
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
    return WorkDir(tmp_path / "appscan.db.builds", clock)


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


class _Disk(WorkDir):
    """A folder on a disk that has so much room left."""

    free = 2 * limits.KEPT_BYTES

    def free_bytes(self) -> int:
        return self.free


@pytest.fixture
def disk(tmp_path, clock):
    return _Disk(tmp_path / "builds", clock)


def _kept(disk, *names, size_bytes=3):
    for number, name in enumerate(names, start=1):
        with disk.room(number) as room:
            (room / "build").touch()
            os.truncate(room / "build", size_bytes)  # takes no room on the real disk
            disk.keep(room / "build", name)


def test_a_kept_build_outlives_its_room_and_is_linked_not_copied(tmp_path, disk):
    with disk.room(1) as room:
        (room / "build").write_bytes(b"bytes")
        disk.keep(room / "build", "abc")

    first, second = tmp_path / "first", tmp_path / "second"
    assert disk.link_kept("abc", first)
    assert disk.link_kept("abc", second)
    assert first.read_bytes() == b"bytes"
    assert first.samefile(second)
    assert not disk.link_kept("another", tmp_path / "third")

    disk.drop_kept({"abc"})
    assert not disk.link_kept("abc", tmp_path / "third")
    assert first.read_bytes() == b"bytes"
    assert list(disk.folder.iterdir()) == []


def test_kept_builds_are_bounded_and_the_oldest_go_first(disk):
    names = [f"build{number}" for number in range(limits.KEPT_FILES + 2)]
    _kept(disk, *names)
    assert disk.kept == set(names[2:])
    assert len(list(disk.folder.iterdir())) == limits.KEPT_FILES

    _kept(disk, "large", size_bytes=limits.KEPT_BYTES - 3)
    assert disk.kept == {names[-1], "large"}
    _kept(disk, "larger", size_bytes=limits.KEPT_BYTES + 1)
    assert disk.kept == set()
    assert list(disk.folder.iterdir()) == []


def test_kept_builds_go_after_an_hour(disk, clock):
    _kept(disk, "old")
    clock.advance(limits.KEPT_S - 1)
    _kept(disk, "new")
    disk.drop_kept(())
    assert disk.kept == {"old", "new"}

    clock.advance(1)
    disk.drop_kept(())
    assert disk.kept == {"new"}


def test_a_disk_that_is_short_of_room_keeps_no_builds(disk):
    _kept(disk, "abc")
    disk.free = limits.KEPT_BYTES - 1
    disk.drop_kept(())
    _kept(disk, "def")

    assert list(disk.folder.iterdir()) == []


def test_kept_builds_make_room_at_once_when_the_disk_is_full(disk, clock):
    _kept(disk, "abc")

    assert disk.mark_full() == clock.now()
    assert disk.closed_until is None
    assert list(disk.folder.iterdir()) == []

    assert disk.mark_full() == clock.now() + 5
    _kept(disk, "abc")  # by what still goes on
    assert disk.kept == set()


def test_a_build_that_cannot_be_linked_is_not_kept(disk):
    with disk.room(1) as room:
        disk.keep(room / "missing", "abc")

    assert disk.kept == set()


def test_kept_builds_go_at_each_start(disk, clock):
    _kept(disk, "abc")

    _Disk(disk.folder, clock).empty()

    assert not disk.folder.exists()
    assert not disk.link_kept("abc", disk.folder / "build")
