"""What comes to the bot's port byte by byte, as no client of Slack's would send it."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.transport.http_receiver import BODY_LIMIT_BYTES, HttpReceiver
from bot.web import WebServer, build_web
from sandbox.slack.http_events import signed
from tests.scenario.office import Office, apk, office

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "a-signing-secret"
EVENT = json.dumps({"type": "url_verification", "challenge": "c", "token": "t"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """One bot for all that has to be refused: what one request does to it, the next would meet."""
    async with office(tmp_path_factory.mktemp("desk"), mode="http") as place:
        yield place


def port_of(place: Office) -> int:
    assert place.bot is not None
    assert place.bot.port is not None
    return place.bot.port


def head(*headers: str, method: str = "POST", path: str = "/slack/events") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: bot", *headers, "", ""]).encode()


def lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def request(
    body: str, *more: str, secret: str, kind: str = "application/json", at: int | None = None
) -> bytes:
    told = [f"Content-Type: {kind}"] if kind else []
    proof = lines(signed(secret, body, timestamp=at))
    return head(*told, f"Content-Length: {len(body.encode())}", *proof, *more) + body.encode()


async def status(port: int, *pieces: bytes) -> int | None:
    """Send raw bytes; return the status of the first answer, ``None`` where the connection just ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
        async with asyncio.timeout(20):
            line = await reader.readline()
    except ConnectionError:
        return None
    finally:
        writer.close()
    return int(line.split()[1]) if line else None


async def test_a_signed_request_comes_in_and_its_replay_does_not(services: Office):
    secret, port = services.slack.signing_secret, port_of(services)
    for age_s, answer in ((0, 200), (240, 200), (-240, 200), (330, 401), (-330, 401), (10**9, 401)):
        sent = request(EVENT, secret=secret, at=int(time.time()) - age_s)
        assert await status(port, sent) == answer, age_s


@pytest.mark.parametrize("claimed", ["", "soon", "1e9", "-5", "0x10", "9" * 5000, "１７００００００００"])
async def test_a_timestamp_that_is_none(services: Office, claimed: str):
    proof = signed(services.slack.signing_secret, EVENT)["X-Slack-Signature"]
    sent = head(
        "Content-Type: application/json",
        f"Content-Length: {len(EVENT)}",
        f"X-Slack-Request-Timestamp: {claimed}",
        f"X-Slack-Signature: {proof}",
    )
    assert await status(port_of(services), sent + EVENT.encode()) in {400, 401}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(
            {"type": "event_callback", "event": {"type": "app_mention", "user": "U1", "channel": "C1"}}
        ),
        EVENT,
        "ssl_check=1&token=t",
        json.dumps({"ssl_check": "1", "command": "/appscan"}),
        "",
    ],
    ids=["event", "challenge", "ssl", "ssl as json", "nothing"],
)
@pytest.mark.parametrize("secret", ["", "another", None], ids=["empty key", "other key", "no signature"])
async def test_no_body_opens_the_door_without_the_signature(services: Office, body: str, secret: str | None):
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        if secret is None:
            sent = head(f"Content-Type: {kind}", f"Content-Length: {len(body)}") + body.encode()
        else:
            sent = request(body, secret=secret, kind=kind)
        assert await status(port_of(services), sent) == 401
    assert not services.slack.called("chat.postMessage")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_only_post(services: Office, method: str):
    proof = lines(signed(services.slack.signing_secret, ""))
    answer = await status(port_of(services), head("Content-Length: 0", *proof, method=method))
    assert answer in {400, 405}  # 400 where it is no method at all


@pytest.mark.parametrize(
    "path", ["/slack/events/", "/slack//events", "/SLACK/EVENTS", "/slack/install", "/metrics", "/"]
)
async def test_there_is_no_other_way_in(services: Office, path: str):
    sent = request(EVENT, secret=services.slack.signing_secret).replace(b"/slack/events", path.encode())
    assert await status(port_of(services), sent) == 404


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/octet-stream"],
)
async def test_other_kinds_of_content_are_refused(services: Office, kind: str):
    assert (
        await status(port_of(services), request(EVENT, secret=services.slack.signing_secret, kind=kind))
        == 415
    )


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "no-such", "rot13", "zip"])
async def test_a_charset_changes_nothing(services: Office, charset: str):
    kind = f"application/json; charset={charset}"
    assert (
        await status(port_of(services), request(EVENT, secret=services.slack.signing_secret, kind=kind))
        == 200
    )


async def test_bytes_that_are_no_text(services: Office):
    proof = lines(signed(services.slack.signing_secret, "ab"))
    sent = head("Content-Type: application/json", "Content-Length: 2", *proof) + b"\xff\xfe"
    assert await status(port_of(services), sent) == 400


@pytest.mark.parametrize(
    "twice",
    ["X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type", "Content-Length", "x-slack-signature"],
)
@pytest.mark.parametrize("where", ["first", "last"])
async def test_a_header_that_is_there_twice(services: Office, twice: str, where: str):
    good = request(EVENT, secret=services.slack.signing_secret)
    forged = f"{twice}: 1\r\n".encode()
    at = good.index(b"Content-Type") if where == "first" else good.index(b"\r\n\r\n") + 2
    assert await status(port_of(services), good[:at] + forged + good[at:]) in {400, 401}


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{number}: {number}" for number in range(100_000)],
        ["X-Long: " + "a" * 1_000_000],
        ["X" * 1_000_000 + ": a"],
        ["Cookie: " + "a=b; " * 100_000],
    ],
    ids=["many", "long", "long name", "cookies"],
)
async def test_a_flood_of_headers_is_refused(services: Office, headers: list[str]):
    answer = await status(port_of(services), head(*headers))
    assert answer in {400, 431, None}  # None: closed while it was still being sent
    assert await status(port_of(services), head(method="GET", path="/healthz")) == 200


async def test_a_body_that_says_it_is_too_large_is_not_read(services: Office):
    proof = lines(signed(services.slack.signing_secret, ""))
    kind = "Content-Type: application/json"
    assert (
        await status(port_of(services), head(kind, f"Content-Length: {BODY_LIMIT_BYTES + 1}", *proof)) == 413
    )
    assert await status(port_of(services), head(kind, f"Content-Length: {10**15}", *proof)) == 413


async def test_a_body_that_never_ends_is_cut(services: Office):
    proof = lines(signed(services.slack.signing_secret, ""))
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(services))
    writer.write(head("Content-Type: application/json", "Transfer-Encoding: chunked", *proof))
    sent = 0
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    answer = asyncio.ensure_future(reader.readline())
    try:
        async with asyncio.timeout(20):
            while not answer.done():
                writer.write(chunk)
                await writer.drain()
                sent += 65536
                await asyncio.sleep(0)
            assert b" 413 " in await answer
    finally:
        answer.cancel()
        writer.close()
    assert sent < 40 * BODY_LIMIT_BYTES  # what buffers hold, and no more


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, gzip", "GZIP"])
async def test_nothing_is_unpacked(services: Office, encoding: str):
    bomb = gzip.compress(gzip.compress(bytes(100_000_000), 1), 1)
    proof = lines(signed(services.slack.signing_secret, "x"))
    sent = head(
        "Content-Type: application/json",
        f"Content-Length: {len(bomb)}",
        f"Content-Encoding: {encoding}",
        *proof,
    )
    assert await status(port_of(services), sent + bomb) == 415


@pytest.mark.parametrize(
    "smuggled",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Content-Length: +5"],
        ["Content-Length: 5, 5"],
        ["Bad Name: x"],
        ["X: a\x00b"],
        [" folded"],
    ],
)
async def test_requests_that_two_readers_read_differently(services: Office, smuggled: list[str]):
    proof = lines(signed(services.slack.signing_secret, "{}"))
    sent = head("Content-Type: application/json", *proof, *smuggled) + b"2\r\n{}\r\n0\r\n\r\n"
    assert await status(port_of(services), sent) in {400, 401}
    assert await status(port_of(services), b"\x16\x03\x01\x02\x00\x01\x00" + bytes(500)) in {400, None}  # TLS


@asynccontextmanager
async def hasty_server(seen: list[str]) -> AsyncIterator[int]:
    """A door that waits for nobody for long; yields its port."""
    door = HttpReceiver(SECRET, body_timeout_s=0.2)

    async def dispatch(taken: AsyncBoltRequest) -> BoltResponse:
        seen.append(taken.raw_body)
        return BoltResponse(status=200)

    async def ready() -> dict[str, bool]:
        return {"all": True}

    async def take(got: web.Request) -> web.StreamResponse:
        return await door.handle(got, dispatch)

    server = WebServer(
        build_web(ready=ready, slack_handler=take), port=0, host="127.0.0.1", first_request_timeout_s=0.2
    )
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()


async def test_a_body_that_dribbles_is_given_up():
    seen: list[str] = []
    async with hasty_server(seen) as port:
        whole = request(EVENT, secret=SECRET)
        assert await status(port, whole[:-1]) == 408
        assert seen == []
        assert await status(port, whole) == 200
        assert seen == [EVENT]


@pytest.mark.parametrize("begun", [b"", b"POST /slack/ev", head()[:-2], b"\r\n\r\n\r\n"])
async def test_connections_that_never_ask_are_closed(begun: bytes):
    async with hasty_server([]) as port:
        connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for _, writer in connections:
            writer.write(begun)
        try:
            async with asyncio.timeout(20):
                for reader, _ in connections:
                    assert b" 200 " not in await reader.read()
        finally:
            for _, writer in connections:
                writer.close()
        assert await status(port, request(EVENT, secret=SECRET)) == 200


async def test_a_connection_that_has_asked_is_kept_for_the_next_request():
    async with hasty_server([]) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head(method="GET", path="/healthz"))
        await reader.readuntil(b'"ok"}')
        await idle_reader.read()  # the one that never asked is closed by now
        writer.write(head(method="GET", path="/healthz"))
        assert (await reader.readuntil(b'"ok"}')).startswith(b"HTTP/1.1 200 ")
        for each in (writer, idle_writer):
            each.close()


async def test_a_crowd_of_half_requests_keeps_nobody_out(tmp_path: Path):
    async with office(tmp_path, mode="http") as services:
        crowd = [await asyncio.open_connection("127.0.0.1", port_of(services)) for _ in range(200)]
        for _, writer in crowd:
            writer.write(b"POST /slack/events HTTP/1.1\r\nHost: b")
        try:
            await services.submitted(services.dana.share(services.builds_channel, [("shop.apk", apk())]))
            assert "#1 Shop" in await services.command("history shop")
        finally:
            for _, writer in crowd:
                writer.close()


async def test_an_empty_secret_is_no_secret():
    with pytest.raises(ValueError, match="secret is empty"):
        HttpReceiver("")
