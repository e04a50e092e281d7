"""What the FTP route may count on from a depot, tried on every make of server."""

import asyncio
import random
import threading
from pathlib import Path

import pytest

from bot.errors import Refused, TryLater
from bot.scanners.onetrust.file_server import FileServerTimeouts, sentences
from bot.scanners.onetrust.file_server.sftp import PIECE, WINDOW
from tests.depots import Ground, Grounds
from tests.fakes import until
from tests.proftpd import needs_proftpd
from tests.relay import HOST, Relay

SIZE = 3_000_000
HASTE = FileServerTimeouts(attempts=2, enter_s=1, answer_s=1, silence_s=0.4, finish_s=0.4, goodbye_s=0.2)


def makes(*but: str) -> list[object]:
    return [
        pytest.param(make, marks=needs_proftpd if make.startswith("proftpd") else ())
        for make in Grounds.MAKES
        if not any(word in make for word in but)
    ]


@pytest.fixture(scope="module")
def grounds(tmp_path_factory):
    grounds = Grounds(lambda: tmp_path_factory.mktemp("depot"))
    yield grounds
    grounds.close()


@pytest.fixture(params=makes())
async def ground(request, grounds):
    async with grounds.open(request.param) as ground:
        yield ground


@pytest.fixture(params=makes("proftpd-ftps-resuming", "proftpd-sftp-resuming"))
async def any_ground(request, grounds):
    async with grounds.open(request.param) as ground:
        yield ground


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("build") / "shop.apk"
    path.write_bytes(random.Random(4).randbytes(SIZE))  # noqa: S311 - the same each time
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """More than fits into the buffers on the way."""
    path = tmp_path_factory.mktemp("large") / "shop.apk"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    return path


def unsure(ground: Ground) -> int:
    return PIECE * WINDOW if ground.address.scheme == "sftp" else 0


def no_thread_is_left() -> bool:
    return not any(thread.name.startswith("depot") for thread in threading.enumerate())


async def test_a_build_arrives_whole_under_its_name(ground, build):
    sent_bytes = await ground.upload(build)

    assert (ground.folder / "shop.apk").read_bytes() == build.read_bytes()
    assert ground.stored() == {"shop.apk": SIZE}
    assert sent_bytes == SIZE
    assert ground.moved[-1] == (SIZE, SIZE)
    assert sorted(ground.moved) == ground.moved
    assert (ground.notes, ground.pauses) == ([], [])
    await until(no_thread_is_left)


async def test_what_is_there_is_not_sent_again(any_ground, build):
    await any_ground.upload(build)
    (any_ground.folder / "shop.apk").chmod(0o400)
    sent_bytes = await any_ground.upload(build)

    assert sent_bytes == 0
    assert any_ground.moved[-1] == (SIZE, SIZE)


async def test_what_an_earlier_process_began_is_gone_on_with(ground, build):
    (ground.folder / "shop.apk.part").write_bytes(build.read_bytes()[:2_500_000])

    sent_bytes = await ground.upload(build)

    assert (ground.folder / "shop.apk").read_bytes() == build.read_bytes()
    assert ground.stored() == {"shop.apk": SIZE}
    if ground.resumes:
        assert sent_bytes == SIZE - 2_500_000 + unsure(ground)
        assert ground.notes == []
    else:
        assert sent_bytes == SIZE
        assert ground.notes == [sentences.STARTED_OVER]


async def test_what_can_not_be_the_beginning_of_it_is_replaced(any_ground, build):
    (any_ground.folder / "shop.apk.part").write_bytes(b"x" * (SIZE + 1))
    (any_ground.folder / "shop.apk").write_bytes(b"another one")

    await any_ground.upload(build)

    assert (any_ground.folder / "shop.apk").read_bytes() == build.read_bytes()
    assert any_ground.stored() == {"shop.apk": SIZE}


async def test_a_whole_part_only_gets_its_name(any_ground, build):
    (any_ground.folder / "shop.apk.part").write_bytes(build.read_bytes())

    sent_bytes = await any_ground.upload(build)

    assert (any_ground.folder / "shop.apk").read_bytes() == build.read_bytes()
    assert sent_bytes <= (unsure(any_ground) if any_ground.resumes else SIZE)


async def test_a_build_and_its_part_are_removed(any_ground):
    for name in ("shop.apk", "shop.apk.part", "other.apk"):
        (any_ground.folder / name).write_bytes(b"build")
    depot = any_ground.depot()

    assert await depot.remove("shop.apk")
    assert not await depot.remove("shop.apk")
    assert any_ground.stored() == {"other.apk": 5}


async def test_a_login_can_be_checked(any_ground):
    await any_ground.depot().check()

    assert any_ground.stored() == {}


async def test_all_that_an_upload_needs_can_be_tried_out(any_ground):
    await any_ground.depot().try_out()

    assert any_ground.stored() == {}


@pytest.mark.parametrize("make", makes("resuming"))
async def test_a_missing_right_to_write_is_met_by_trying_it_out(grounds, make):
    async with grounds.open(make, read_only=True) as ground:
        with pytest.raises(Refused) as caught:
            await ground.depot().try_out()

        assert caught.value.user_message == sentences.NO_WRITING
        assert ground.stored() == {}


async def test_a_folder_can_be_named_from_the_root(any_ground, build):
    # In pyftpdlib and asyncssh the login sees its own folder as the root; in ProFTPD, here, all of the disk.
    path = "/builds" if any_ground.sandbox else str(any_ground.folder)

    await any_ground.upload(build, depot=any_ground.depot(folder=path))

    assert any_ground.stored() == {"shop.apk": SIZE}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "not this one"}, sentences.LOGIN),
        ({"user": "nobody-known"}, sentences.LOGIN),
        ({"folder": "no such folder"}, sentences.FOLDER),
    ],
)
async def test_a_clear_no_names_its_setting(any_ground, build, changes, sentence):
    with pytest.raises(Refused) as caught:
        await any_ground.upload(build, depot=any_ground.depot(**changes))

    assert caught.value.user_message == sentence
    assert "not this one" not in str(caught.value)
    assert any_ground.pauses == []
    await until(no_thread_is_left)


@pytest.mark.parametrize("make", makes("resuming"))
async def test_without_the_right_to_write_it_is_refused(grounds, build, make):
    async with grounds.open(make, read_only=True) as ground:
        with pytest.raises(Refused) as caught:
            await ground.upload(build)

    assert caught.value.user_message == sentences.NO_WRITING


@pytest.mark.parametrize("make", makes("proftpd"))
async def test_a_full_disk_is_told_and_a_later_try_goes_on(grounds, build, make):
    async with grounds.open(make) as ground:
        ground.sandbox.room_bytes = 2_500_000
        with pytest.raises(TryLater) as caught:
            await ground.upload(build)
        assert caught.value.user_message == sentences.FULL
        assert not caught.value.scanner_failed
        ground.sandbox.room_bytes = None

        sent_bytes = await ground.upload(build)

        assert (ground.folder / "shop.apk").read_bytes() == build.read_bytes()
        assert sent_bytes < SIZE


@pytest.mark.parametrize("begun", [0, SIZE // 2])
@pytest.mark.parametrize("what", ["open", "write"])
async def test_a_no_without_a_reason_is_told_at_once_and_a_later_try_goes_on(grounds, build, what, begun):
    async with grounds.open("asyncssh-sftp") as ground:
        if begun:
            (ground.folder / "shop.apk.part").write_bytes(build.read_bytes()[:begun])
        ground.sandbox.failing = frozenset({what})
        with pytest.raises(TryLater) as caught:
            await ground.upload(build)
        assert caught.value.user_message == sentences.NO_REASON
        assert not caught.value.scanner_failed
        assert (len(ground.sandbox.connections), ground.pauses) == (1, [])
        ground.sandbox.failing = frozenset()

        await ground.upload(build)

        assert (ground.folder / "shop.apk").read_bytes() == build.read_bytes()


@pytest.mark.parametrize("make", makes("proftpd-ftps-resuming", "proftpd-sftp-resuming"))
async def test_a_build_gets_through_a_connection_that_is_cut(grounds, build, make):
    cuts = sorted(random.Random(make).sample(range(100_000, SIZE), 3))  # noqa: S311 - the same each time
    async with grounds.open(make) as ground, Relay(ground.ports, cuts=cuts) as relay:
        await ground.upload(build, depot=ground.depot(host=HOST))

        assert (ground.folder / "shop.apk").read_bytes() == build.read_bytes()
        assert ground.stored() == {"shop.apk": SIZE}
    assert relay.cut == 3
    assert len(ground.notes) <= (not ground.resumes)


async def test_a_server_that_stalls_is_given_up(any_ground, large):
    async with Relay(any_ground.ports) as relay:
        relay.holds_from = 500_000
        depot = any_ground.depot(host=HOST, timeouts=HASTE)
        with pytest.raises(TryLater) as caught:
            await any_ground.upload(large, depot=depot)

    assert caught.value.user_message in {sentences.BREAKS, sentences.NOT_REACHED}
    await until(no_thread_is_left)


async def test_taking_an_upload_back_leaves_nothing_running(any_ground, large):
    async with Relay(any_ground.ports) as relay:
        relay.holds_from = 500_000
        task = asyncio.create_task(any_ground.upload(large, depot=any_ground.depot(host=HOST)))
        await until(lambda: relay.sent_bytes >= 500_000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(no_thread_is_left)
        await until(relay.is_left)

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_server_that_is_not_there_is_tried_again_later(build, grounds):
    async with grounds.open("asyncssh-sftp") as ground:
        pass
    for scheme in ("ftp", "ftps", "sftp"):
        with pytest.raises(TryLater) as caught:
            await ground.upload(build, depot=ground.depot(scheme=scheme))
        assert caught.value.user_message == sentences.NOT_REACHED
        assert ground.pauses == [1, 2, 4, 8]
        ground.pauses.clear()


async def test_while_a_server_is_away_each_build_tries_one_connection(build, grounds):
    async with grounds.open("asyncssh-sftp") as ground:
        depot = ground.depot(host=HOST)
        with pytest.raises(TryLater):
            await ground.upload(build, depot=depot)
        assert ground.pauses == [1, 2, 4, 8]
        with pytest.raises(TryLater) as caught:
            await ground.upload(build, depot=depot)
        assert (caught.value.user_message, len(ground.pauses)) == (sentences.NOT_REACHED, 4)

        async with Relay(ground.ports, cuts=[100_000]):  # it is there again, and breaks once
            await ground.upload(build, depot=depot)
        assert ground.stored() == {"shop.apk": SIZE}
