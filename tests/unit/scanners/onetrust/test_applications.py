"""Answers that no OneTrust should give."""

import asyncio
import json

import httpx
import pytest

from bot.core.rate_limit import Limit, RateLimiter
from bot.core.scan import Platform
from bot.errors import CannotRead, TryLater
from bot.features.results.models import AppScan, OneTrustScanStatus
from bot.scanners.http.json_client import MAX_RESPONSE_BYTES
from bot.scanners.onetrust.applications import PAGES, OneTrustApplications
from bot.scanners.onetrust.auth import ApiKey
from bot.scanners.onetrust.client import Inquiry
from tests.fakes import HeldClock

KEY = "a-secret-api-key"
SCAN = AppScan(id="s", status=OneTrustScanStatus.COMPLETED)
APP = {"id": "a", "name": "Shop", "os": "IOS"}


@pytest.fixture
def reading(raw_server):
    """A reader of a server that gives the same answer each time, and what it was asked."""

    def serve(body: bytes, status: str = "200 OK", headers: str = "", per_minute: int = 1000):
        asked: list[str] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.split(b" ")[1].decode())
            writer.write(f"HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n".encode() + body)
            try:
                await writer.drain()
            except ConnectionError:
                return  # it has read enough

        return raw_server(handle), asked, per_minute

    return serve


async def read(served, do):
    server, asked, per_minute = served
    async with server as url, httpx.AsyncClient() as client:
        inquiry = Inquiry(
            client, ApiKey(KEY), RateLimiter(HeldClock(), Limit(calls=per_minute, window_s=61)), timeout_s=20
        )
        return await do(OneTrustApplications(url, inquiry)), asked


def page(entries: object, **more: object) -> bytes:
    return json.dumps({"content": entries, **more}).encode()


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (page([None, 5, "x", [], {}, {"id": "b"}, {"id": True, "name": "No"}, APP]), ["Shop"]),
        (page(None, totalElements=0), []),
        (page({"not": "a list"}), []),
        (json.dumps([APP]).encode(), ["Shop"]),
        (page([APP, APP], last="perhaps", totalPages="many"), ["Shop"]),
    ],
)
async def test_what_makes_no_sense_in_a_page_is_left_out(reading, body, names):
    (apps, more), _ = await read(reading(body), lambda applications: applications.page(0))

    assert ([app.name for app in apps], more) == (names, False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b"{}",
        b'"yes"',
        b"null",
        b"\xff\xfe",
        b'{"content": [',
        b"[" * 100_000,
        b" " * (MAX_RESPONSE_BYTES + 1),
        b"9" * 5000,
    ],
)
async def test_what_is_no_page_is_for_later(reading, body):
    with pytest.raises(TryLater):
        await read(reading(body), lambda applications: applications.page(0))


async def test_an_endless_answer_is_not_read_to_its_end(reading):
    endless = b"[" + b'{"id":"a"},' * (2 * MAX_RESPONSE_BYTES // 11)
    with pytest.raises(TryLater, match="longer"):
        await read(reading(endless), lambda applications: applications.page(0))


async def test_a_page_that_comes_again_and_again_is_read_once(reading):
    body = page([APP], last=False, totalPages=10**9)
    apps, asked = await read(reading(body), lambda applications: applications.named("Shop", Platform.IOS))

    assert ([app.id for app in apps], len(asked)) == (["a"], 2)


async def test_pages_without_end_are_left_at_some(raw_server):
    asked = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        body = page([{**APP, "id": f"a{asked}"}], last=False)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()

    served = (raw_server(handle), [], 1000)
    apps, _ = await read(served, lambda applications: applications.named("Shop", Platform.IOS))

    assert len(apps) == asked == PAGES


@pytest.mark.parametrize("status", ["302 Found", "405 No", "410 Gone", "418 Teapot"])
async def test_what_is_not_the_api_can_not_be_read(reading, status):
    with pytest.raises(CannotRead):
        await read(
            reading(b"their words", status, "Location: http://127.0.0.1:1/\r\n"),
            lambda applications: applications.scans("a"),
        )


@pytest.mark.parametrize("retry_after", ["Retry-After: soon\r\n", "", "Retry-After: -4\r\n"])
async def test_a_pause_of_no_length_has_one(reading, retry_after):
    with pytest.raises(TryLater) as caught:
        await read(
            reading(b"", "429 Slow", retry_after),
            lambda applications: applications.results("a", SCAN, Platform.IOS),
        )
    assert caught.value.retry_after_s in {1, 60}


async def test_a_search_that_is_not_taken_finds_nothing(reading):
    apps, _ = await read(reading(b"", "400 No"), lambda applications: applications.named("%", Platform.IOS))
    assert apps == []


async def test_ids_are_quoted_in_the_address(reading):
    body = page([], last=True)
    _, asked = await read(reading(body), lambda applications: applications.scans("a/../b?c#ü"))
    assert asked[0].startswith("/api/cmp/v1/applications/a%2F..%2Fb%3Fc%23%C3%BC/scans?")


async def test_no_error_holds_the_bearer(raw_server, spoken):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 nonsense\r\n\r\n")
        await writer.drain()

    with pytest.raises(TryLater) as caught:
        await read((raw_server(handle), [], 60), lambda applications: applications.can_read())
    assert KEY not in spoken(caught.value)
