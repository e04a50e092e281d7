"""Every phase of a conversation with OneTrust has an end, whatever the other side leaves undone."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from bot.errors import TryLater, Uncertain
from bot.scanners.http.upload import UploadClient, UploadTimeouts
from bot.scanners.onetrust.auth import ApiKey, ClientCredentials
from bot.scanners.onetrust.routes.webhook import Webhook
from bot.scanners.onetrust.status_codes import WEBHOOK
from tests.unit.scanners.onetrust.submitting import (
    ACCEPTED,
    LARGE,
    failure,
    read_body,
    read_head,
    submit,
    webhook,
)

DRIP_S = 0.02
"""Between two bytes of what comes byte by byte: each is well within the limit, all of them are not."""


async def say_nothing(reader, writer):
    await reader.read()


async def drip(writer: asyncio.StreamWriter, answer: Iterator[bytes] | list[bytes]) -> None:
    """Send piece by piece until whoever listens has gone."""
    try:
        for piece in answer:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(DRIP_S)  # the fault itself: time between two bytes
    except ConnectionError:
        pass


def bytes_of(text: bytes) -> list[bytes]:
    return [bytes([each]) for each in text]


def forever(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


# The webhook.


async def test_a_handshake_that_never_ends_is_given_up(raw_server, make_order, watch):
    async with raw_server(say_nothing) as url:
        scanner = Webhook(
            url.replace("http:", "https:"),
            UploadClient(ApiKey("a-key"), timeouts=UploadTimeouts(connect_s=0.1)),
        )
        error = await failure(scanner, make_order(), watch)

    assert (type(error), error.user_message) == (TryLater, "OneTrust can't be reached right now.")
    assert watch.committed == 0


async def test_a_proxy_that_never_lets_through_is_given_up(raw_server, make_order, watch, monkeypatch):
    async with raw_server(say_nothing) as url:
        monkeypatch.setenv("https_proxy", url)
        scanner = webhook("https://onetrust.invalid", timeouts=UploadTimeouts(connect_s=0.1))
        error = await failure(scanner, make_order(), watch)

    assert (type(error), error.user_message) == (TryLater, "OneTrust can't be reached right now.")


async def test_who_takes_the_build_sip_by_sip_is_given_up(raw_server, make_order, watch):
    async def sip(reader, writer):
        await read_head(reader)
        while await reader.read(100_000):  # noqa: ASYNC110 - the time between two sips is the fault itself
            await asyncio.sleep(DRIP_S)

    timeouts = UploadTimeouts(
        connect_s=0.1, stall_s=0.2, response_s=0.1, response_body_s=0.1, min_bytes_per_s=1e9
    )
    async with raw_server(sip) as url:
        error = await failure(webhook(url, timeouts=timeouts), make_order(LARGE), watch)

    assert (type(error), error.user_message) == (TryLater, WEBHOOK.interrupted)
    assert watch.committed == 0


@pytest.mark.parametrize(
    "answer",
    [
        forever(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        bytes_of(ACCEPTED[:-21] + b"X-Padding: " + b"a" * 500),
    ],
    ids=["hints without end", "byte by byte"],
)
async def test_an_answer_that_only_begins_is_given_up(raw_server, make_order, watch, answer):
    async def begin(reader, writer):
        await read_body(reader)
        await drip(writer, answer)

    async with raw_server(begin) as url:
        error = await failure(webhook(url, timeouts=UploadTimeouts(response_s=0.2)), make_order(), watch)

    assert (type(error), error.user_message) == (Uncertain, WEBHOOK.lost_after_commit)
    assert watch.committed == 1


async def test_an_answers_body_that_comes_byte_by_byte_is_read_only_so_long(raw_server, make_order, watch):
    async def answer(reader, writer):
        await read_body(reader)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 99999\r\n\r\n")
        await drip(writer, forever(b" "))

    async with raw_server(answer) as url:
        error = await failure(webhook(url, timeouts=UploadTimeouts(response_body_s=0.2)), make_order(), watch)

    assert (type(error), error.status) == (Uncertain, 202)


async def test_an_answer_that_began_in_time_is_read_to_its_end(raw_server, make_order, watch):
    head, body = ACCEPTED[:-20], ACCEPTED[-20:]

    async def answer(reader, writer):
        await read_body(reader)
        writer.write(head)
        await drip(writer, bytes_of(body))  # for longer than an answer may take to begin

    timeouts = UploadTimeouts(response_s=0.2, response_body_s=30.0)
    async with raw_server(answer) as url:
        receipt = await submit(webhook(url, timeouts=timeouts), make_order(), watch)

    assert receipt.request_id == "r-1"


async def test_an_early_yes_is_read_only_so_long_while_the_build_still_goes(raw_server, make_order, watch):
    async def answer(reader, writer):
        await read_head(reader)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\n{")
        await given_up.wait()

    given_up = asyncio.Event()
    timeouts = UploadTimeouts(stall_s=30.0, response_body_s=0.1)
    async with raw_server(answer) as url:
        error = await failure(webhook(url, timeouts=timeouts), make_order(LARGE), watch)
        given_up.set()

    assert (type(error), error.status) == (Uncertain, 202)
    assert watch.committed == 0


# The token.


async def no_token(url: str) -> TryLater:
    async with httpx.AsyncClient() as client:
        tokens = ClientCredentials(client, url, "the-id", "the-secret", timeout_s=0.3)
        with pytest.raises(TryLater) as caught:
            await tokens.bearer()
    return caught.value


async def test_a_token_endpoint_whose_handshake_never_ends_is_given_up(raw_server):
    async with raw_server(say_nothing) as url:  # which ends only once the connection does
        error = await no_token(url.replace("http:", "https:"))

    assert error.user_message == "OneTrust can't be reached right now."


async def test_a_token_endpoint_that_says_nothing_is_given_up(raw_server):
    async with raw_server(say_nothing) as url:
        assert (await no_token(url)).status is None


@pytest.mark.parametrize(
    "begun",
    [b"", b"HTTP/1.1 200 OK\r\nX-Padding: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["hints", "headers", "body"],
)
async def test_a_token_that_comes_byte_by_byte_is_waited_for_only_so_long(raw_server, begun):
    async def answer(reader, writer):
        await read_body(reader)
        writer.write(begun)
        await drip(writer, forever(b" " if begun else b"HTTP/1.1 103 Early Hints\r\n\r\n"))

    async with raw_server(answer) as url:
        assert (await no_token(url)).status is None
