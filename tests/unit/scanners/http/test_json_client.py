"""One request to a scanner's API and its response, tried on servers that do just what a test says."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.errors import Refused, TryLater
from bot.scanners.http.json_client import HeaderAuth, JsonClient
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import StatusCodes

STATUSES = StatusCodes(
    server="the API",
    unreachable="unreachable",
    interrupted="interrupted",
    unavailable="unavailable ({status})",
    other="other ({status})",
)
SECRET = "a-secret-key"


@asynccontextmanager
async def serving(*responses: bytes):
    """Serve each response to one request, the last one again and again; yields the URL and what was asked."""
    asked: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(responses[min(len(asked), len(responses)) - 1])
        try:
            await writer.drain()
        except ConnectionError:
            pass  # it has read enough
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path", asked


def answer(status: int, body: bytes = b"", headers: str = "", *, promised: int | None = None) -> bytes:
    length = len(body) if promised is None else promised
    head = f"HTTP/1.1 {status} Words\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@pytest.fixture
async def client():
    async with httpx.AsyncClient() as opened:
        yield opened


def json_client(client: httpx.AsyncClient, **options: object) -> JsonClient:
    return JsonClient(client, statuses=STATUSES, **{"timeout_s": 20.0, **options})


class TwoAttempts:
    """Signs in a second time after a 401."""

    async def attempts(self):
        yield {"Authorization": "Bearer one"}
        yield {"Authorization": "Bearer two"}


class CountingLimiter:
    def __init__(self) -> None:
        self.taken = 0

    async def take(self) -> None:
        self.taken += 1


async def test_response_has_status_headers_and_json(client):
    async with serving(answer(201, b'{"a": 1}', "Retry-After: 7\r\n")) as (url, asked):
        response = await json_client(client).send(
            "POST", "things", url, headers={"X-More": "m"}, params={"q": "ü"}, content=b"{}"
        )

    assert (response.status, response.json(), response.retry_after_s(0.0)) == (201, {"a": 1}, 7.0)
    assert (response.is_success, response.is_complete) == (True, True)
    assert asked[0].startswith("POST /path?q=%C3%BC ")
    assert "accept-encoding: identity" in asked[0].lower()
    assert "X-More: m" in asked[0]


async def test_401_is_met_by_the_next_attempt_and_counted_by_the_limiter(client):
    auth, limiter = TwoAttempts(), CountingLimiter()
    async with serving(answer(401), answer(200, b"[]")) as (url, asked):
        response = await json_client(client).send("GET", "things", url, auth=auth, take_turn=limiter.take)

    assert (response.json(), limiter.taken) == ([], 2)
    assert ["Bearer one" in asked[0], "Bearer two" in asked[1]] == [True, True]


async def test_last_401_is_returned(client):
    auth = TwoAttempts()
    async with serving(answer(401)) as (url, asked):
        response = await json_client(client).send("GET", "things", url, auth=auth)

    assert (response.status, len(asked)) == (401, 2)


@pytest.mark.parametrize(("reads_errors", "body"), [(False, b""), (True, b"their words")])
async def test_body_of_an_error_is_read_only_if_asked_for(client, reads_errors, body):
    async with serving(answer(500, b"their words")) as (url, _):
        response = await json_client(client, reads_errors=reads_errors).send("GET", "things", url)

    assert (response.status, response.body) == (500, body)


async def test_body_above_the_limit_is_cut_and_incomplete(client):
    async with serving(answer(200, b"[" + b"1," * 500)) as (url, _):
        response = await json_client(client, max_bytes=100).send("GET", "things", url)

    assert (len(response.body), response.is_complete, response.json()) == (100, False, None)


async def test_redirect_is_not_followed_and_cookies_are_not_stored(client):
    headers = "Location: /elsewhere\r\nSet-Cookie: one=1; Path=/\r\n"
    async with serving(answer(302, headers=headers)) as (url, asked):
        statuses = [(await json_client(client).send("GET", "things", url)).status for _ in range(2)]

    assert (statuses, len(asked), list(client.cookies.jar)) == ([302, 302], 2, [])
    assert "cookie" not in asked[1].lower()


@pytest.mark.parametrize(
    ("served", "sentence"),
    [
        (b"", "unreachable"),
        (b"HTTP/1.1 nonsense\r\n\r\n", "unreachable"),
        (answer(200, b"[", promised=999), "interrupted"),
    ],
)
async def test_lost_response_is_for_later_and_holds_no_secret(client, served, sentence):
    auth = HeaderAuth(headers={"X-API-KEY": SECRET})
    async with serving(served) as (url, _):
        with pytest.raises(TryLater) as caught:
            await json_client(client).send("GET", "things", f"{url}?token={SECRET}", auth=auth)

    error = caught.value
    assert error.user_message == sentence
    assert (error.__cause__, error.__context__) == (None, None)
    assert SECRET not in f"{error!r} {error} {vars(error)}"
    assert SECRET not in repr(auth)


async def test_invalid_url_is_for_later_and_holds_no_secret(client):
    with pytest.raises(TryLater) as caught:
        await json_client(client).send("GET", "things", f"http://[{SECRET}")

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert SECRET not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


async def test_silence_ends_by_the_timeout(client):
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(TryLater, match=r"things.*Timeout"):
            await json_client(client, timeout_s=0.05).send("GET", "things", url)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b'{"a":', b"[" * 100_000, b"9" * 5000])
def test_body_without_json_is_none(body):
    response = Response(status=200, body=body)

    assert (response.json(), response.object()) == (None, {})


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (409, TryLater, "retry 409"),
        (408, TryLater, "unavailable 408"),
        (503, TryLater, "unavailable 503"),
        (501, Refused, "rejected 501"),
        (404, Refused, "rejected 404"),
        (302, Refused, "redirected 302"),
        (418, Refused, "other 418"),
    ],
)
def test_status_has_its_error_and_sentence(status, kind, sentence):
    statuses = StatusCodes(
        server="the API",
        unreachable="",
        retry={409: "retry {status}"},
        unavailable="unavailable {status}",
        rejected={404: "rejected {status}", 501: "rejected {status}"},
        redirected="redirected {status}",
        other="other {status}",
    )
    error = statuses.error(status, 5.0)

    assert (type(error), error.user_message, error.status) == (kind, sentence, status)
    assert getattr(error, "retry_after_s", 5.0) == 5.0
    assert (statuses.retry_error(status) is None) == (kind is Refused)
