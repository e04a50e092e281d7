"""Before the commit nothing can have been taken, after it anything can; and what ends a submission early."""

import asyncio

import pytest

from bot.errors import Refused, Superseded, TryLater, Uncertain
from bot.scanners.http.upload import BUILD_CHANGED, UploadTimeouts
from tests.unit.scanners.onetrust.submitting import (
    ACCEPTED,
    LARGE,
    failure,
    read_body,
    read_head,
    submit,
    webhook,
)


@pytest.mark.parametrize("size_bytes", [26, 1000, 65_536, 65_537, 1_200_000])
async def test_nothing_whole_has_gone_before_it_is_committed(raw_server, make_order, watch, size_bytes):
    got, committing = bytearray(), asyncio.Event()
    commit = asyncio.Event()

    async def take(reader, writer):
        _, headers = await read_head(reader)
        length = int(headers["Content-Length"])
        held_back = min(size_bytes, 65_536)
        while len(got) < length - held_back - len(b"\r\n----\r\n") - 48:
            got.extend(await reader.read(65_536))
        await committing.wait()
        seen = len(got)
        commit.set()
        got.extend(await reader.readexactly(length - len(got)))
        assert length - seen > held_back
        writer.write(ACCEPTED)

    async def hold():
        committing.set()
        await commit.wait()

    async with raw_server(take) as url:
        receipt = await submit(webhook(url), make_order(size_bytes), watch, committing=hold)

    assert receipt.request_id == "r-1"


async def test_an_early_no_ends_the_sending_at_once(raw_server, make_order, watch):
    ended = asyncio.Event()

    async def refuse(reader, writer):
        await read_head(reader)
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        while await reader.read(65_536):
            pass
        ended.set()

    async with raw_server(refuse) as url:
        error = await failure(webhook(url), make_order(LARGE), watch)
        await ended.wait()

    assert (type(error), error.status) == (Refused, 401)
    assert watch.committed == 0


async def test_an_early_error_is_no_doubt(raw_server, make_order, watch):
    async def break_down(reader, writer):
        await read_head(reader)
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nRetry-After: 4\r\n\r\n")
        await writer.drain()
        while await reader.read(65_536):
            pass

    async with raw_server(break_down) as url:
        error = await failure(webhook(url), make_order(LARGE), watch)

    assert (type(error), error.status, error.retry_after_s) == (TryLater, 502, 4)
    assert watch.committed == 0


@pytest.mark.parametrize("abort", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("read_bytes", [0, 1, 300_000])
async def test_a_connection_lost_before_the_commit_was_not_taken(
    raw_server, make_order, watch, read_bytes, abort
):
    async def cut(reader, writer):
        if read_bytes:
            await read_head(reader)
            await reader.readexactly(read_bytes)
        if abort:
            writer.transport.abort()

    async with raw_server(cut) as url:
        error = await failure(webhook(url), make_order(LARGE), watch)

    assert (type(error), error.status) == (TryLater, None)
    assert watch.committed == 0


async def test_a_connection_lost_during_the_commit_was_not_taken(raw_server, make_order, watch):
    committing, ended = asyncio.Event(), []

    async def cut(reader, writer):
        await committing.wait()
        writer.transport.abort()

    async def hold():
        committing.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with raw_server(cut) as url:
        error = await failure(webhook(url), make_order(), watch, committing=hold)

    assert type(error) is TryLater
    assert ended  # nothing of it goes on behind the caller's back


async def test_who_takes_the_build_and_never_answers_is_given_up(raw_server, make_order, watch):
    async def say_nothing(reader, writer):
        await read_body(reader)
        await reader.read()

    async with raw_server(say_nothing) as url:
        error = await failure(webhook(url, timeouts=UploadTimeouts(response_s=0.05)), make_order(), watch)

    assert type(error) is Uncertain


async def test_who_stops_taking_the_build_is_given_up(raw_server, make_order, watch):
    async def stop(reader, writer):
        await read_head(reader)
        await given_up.wait()

    given_up = asyncio.Event()
    async with raw_server(stop) as url:
        error = await failure(webhook(url, timeouts=UploadTimeouts(stall_s=0.3)), make_order(LARGE), watch)
        given_up.set()

    assert type(error) is TryLater
    assert watch.committed == 0


async def test_who_begins_an_answer_and_never_ends_it_is_given_up(raw_server, make_order, watch):
    async def begin(reader, writer):
        await read_body(reader)
        writer.write(b'HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\n{"requestId": "r-1"}')
        await reader.read()

    async with raw_server(begin) as url:
        receipt = await submit(
            webhook(url, timeouts=UploadTimeouts(response_body_s=0.05)), make_order(), watch
        )

    assert receipt.request_id == "r-1"  # what came is whole, although more was promised


@pytest.mark.parametrize(
    "verdict",
    [Superseded("It was cancelled."), OSError(28, "disk full"), RuntimeError("a bug"), KeyError("a")],
)
async def test_an_error_of_the_commit_comes_out_as_itself(raw_server, make_order, watch, verdict):
    got = bytearray()

    async def take(reader, writer):
        _, headers = await read_head(reader)
        while block := await reader.read(65_536):
            got.extend(block)
        assert len(got) < int(headers["Content-Length"])

    async def refuse():
        raise verdict

    async with raw_server(take) as url:
        with pytest.raises(type(verdict)) as caught:
            await submit(webhook(url), make_order(300_000), watch, committing=refuse)

    assert caught.value is verdict
    assert caught.value.__context__ is None


async def test_a_cancellation_within_the_commit_comes_out_as_itself(raw_server, make_order, watch):
    async def take(reader, writer):
        await reader.read()

    async def cancelled():
        raise asyncio.CancelledError

    async with raw_server(take) as url:
        sending = asyncio.create_task(submit(webhook(url), make_order(), watch, committing=cancelled))
        await asyncio.wait({sending})

    assert sending.cancelled()


async def test_cancelling_closes_the_connection_and_sends_no_more(raw_server, make_order, watch):
    got, held, ended = bytearray(), asyncio.Event(), []

    async def take(reader, writer):
        _, headers = await read_head(reader)
        while block := await reader.read(65_536):
            got.extend(block)
        assert len(got) < int(headers["Content-Length"])

    async def hold():
        held.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(2000):  # as one does that has a transaction to end
                await asyncio.sleep(0)
            ended.append(True)

    async with raw_server(take) as url:
        sending = asyncio.create_task(submit(webhook(url), make_order(300_000), watch, committing=hold))
        await held.wait()
        sending.cancel()
        await asyncio.wait({sending})
        assert ended  # before the caller is told

    assert sending.cancelled()


@pytest.mark.parametrize("change", ["shorter", "longer", "gone"])
async def test_a_build_that_changes_on_its_way_is_never_completed(raw_server, make_order, watch, change):
    async def take(reader, writer):
        _, headers = await read_head(reader)
        assert len(await reader.read(-1)) < int(headers["Content-Length"])

    order, path = make_order(5_000_000)
    if change == "gone":
        path.unlink()

    def meddle(done, total):
        with path.open("r+b") as file:
            file.truncate(4_000_000 if change == "shorter" else 6_000_000)

    async with raw_server(take) as url:
        error = await failure(webhook(url), (order, path), watch, progress=meddle)

    assert type(error) is TryLater
    assert error.user_message == BUILD_CHANGED
    assert watch.committed == 0


async def test_a_deadline_that_meets_the_last_bytes_leaves_a_clear_verdict(raw_server, make_order, watch):
    async def say_nothing(reader, writer):
        while await reader.read(65_536):
            pass

    build = make_order(100)
    async with raw_server(say_nothing) as url:
        for tries in range(60):
            committed, timeouts = watch.committed, UploadTimeouts(stall_s=tries / 50_000, response_s=0)
            error = await failure(webhook(url, timeouts=timeouts), build, watch)
            assert type(error) is Uncertain or (type(error), watch.committed - committed) == (TryLater, 0)
