import email.parser
import email.policy
import json
import tracemalloc

import pytest

from bot.core.scan import FileType
from bot.errors import Refused, TryLater, Uncertain
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.auth import ApiKey
from bot.scanners.onetrust.routes.webhook import Webhook
from sandbox.onetrust import OneTrustSandbox
from tests.unit.scanners.onetrust.submitting import (
    ACCEPTED,
    KEY,
    LARGE,
    SECRET_PATH,
    failure,
    read_body,
    read_head,
    submit,
    webhook,
)


async def test_sends_just_the_documented_form(raw_server, make_order, watch):
    seen = {}

    async def take(reader, writer):
        seen["line"], seen["headers"] = await read_head(reader)
        seen["body"] = await reader.readexactly(int(seen["headers"]["Content-Length"]))
        writer.write(ACCEPTED)
        await writer.drain()
        seen["rest"] = await reader.read()

    build = make_order(3_000_000, name='Läden "β"', file_name='shöp".apk')
    async with raw_server(take) as url:
        receipt = await submit(webhook(url), build, watch)

    assert (receipt.request_id, receipt.status) == ("r-1", 202)
    assert seen["line"] == f"POST {SECRET_PATH} HTTP/1.1"
    headers = seen["headers"]
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Connection"] == "close"
    assert "Transfer-Encoding" not in headers
    assert seen["rest"] == b""
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + seen["body"]
    )
    assert form.get_content_type() == "multipart/form-data"
    fields, file = form.iter_parts()
    assert fields.get_param("name", header="Content-Disposition") == "dataFields"
    assert fields.get_filename() is None
    assert json.loads(fields.get_payload()) == {"name": 'Läden "β"', "platform": "ANDROID"}
    assert file.get_param("name", header="Content-Disposition") == "file"
    assert file.get_filename() == "sh_p.apk"
    assert build[1].read_bytes() in seen["body"]
    assert len(file.get_payload(decode=True)) == 3_000_000
    assert watch.committed == 1
    assert watch.moved[-1] == (3_000_000, 3_000_000)
    assert [done for done, _ in watch.moved] == sorted(done for done, _ in watch.moved)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        b"220 ready\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\n",
        b'HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\n{"requestId": "r-1',
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<html></html> ",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
async def test_a_whole_build_without_a_clear_answer_is_uncertain(raw_server, make_order, watch, answer):
    async def take(reader, writer):
        await read_body(reader)
        writer.write(answer)

    async with raw_server(take) as url:
        error = await failure(webhook(url), make_order(200_000), watch)

    assert type(error) is Uncertain
    assert watch.committed == 1


@pytest.mark.parametrize("status", [b"429 Too Many Requests", b"503 Unavailable", b"401 No", b"404 No"])
async def test_a_clear_no_stays_clear_when_its_body_is_cut(raw_server, make_order, watch, status):
    async def take(reader, writer):
        await read_body(reader)
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 500\r\nRetry-After: 3\r\n\r\n<htm")

    async with raw_server(take) as url:
        error = await failure(webhook(url), make_order(), watch)

    assert error.status == int(status[:3])
    assert type(error) is (TryLater if status[:3] in {b"429", b"503"} else Refused)
    assert getattr(error, "retry_after_s", 3) == 3


async def test_an_endless_answer_is_read_only_so_far(raw_server, make_order, watch):
    async def babble(reader, writer):
        await read_body(reader)
        writer.write(b"HTTP/1.1 202 Accepted\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"a" * 65_536)
                await writer.drain()
        except ConnectionError:
            pass

    async with raw_server(babble) as url:
        assert type(await failure(webhook(url), make_order(), watch)) is Uncertain


async def test_redirects_are_not_followed(raw_server, make_order, watch):
    reached = []

    async def elsewhere(reader, writer):
        reached.append(await read_head(reader))

    async def redirect(reader, writer):
        await read_body(reader)
        writer.write(f"HTTP/1.1 307 Go\r\nLocation: {other}/\r\nContent-Length: 0\r\n\r\n".encode())

    async with raw_server(elsewhere) as other, raw_server(redirect) as url:
        error = await failure(webhook(url), make_order(), watch)

    assert (type(error), error.status) == (Refused, 307)
    assert reached == []


async def test_each_post_has_a_connection_of_its_own(raw_server, make_order, watch):
    connections = []

    async def take(reader, writer):
        connections.append(writer.get_extra_info("peername"))
        await read_body(reader)
        writer.write(ACCEPTED)
        await writer.drain()
        await reader.read()

    async with raw_server(take) as url:
        scanner, build = webhook(url), make_order()
        await submit(scanner, build, watch)
        await submit(scanner, build, watch)

    assert len(set(connections)) == 2


async def test_nobody_at_home(raw_server, make_order, watch):
    async def unused(reader, writer):
        pass

    async with raw_server(unused) as url:
        pass
    error = await failure(webhook(url), make_order(), watch)

    assert type(error) is TryLater
    assert error.user_message == "OneTrust can't be reached right now."


async def test_a_certificate_that_nobody_signed_is_a_clear_no(untrusted_tls, make_order, watch):
    async with OneTrustSandbox(tls=untrusted_tls) as onetrust:
        error = await failure(Webhook(onetrust.webhook_url, UploadClient(ApiKey(KEY))), make_order(), watch)

    assert type(error) is Refused
    assert "certificate" in error.user_message
    assert watch.committed == 0


async def test_goes_through_a_proxy_with_its_own_bearer(raw_server, make_order, watch, tmp_path, monkeypatch):
    seen = []

    async def proxy(reader, writer):
        line, headers = await read_head(reader)
        await reader.readexactly(int(headers["Content-Length"]))
        seen.append((line.split()[1].partition("/integration")[0], headers["Authorization"]))
        writer.write(ACCEPTED)

    (tmp_path / "netrc").write_text("machine onetrust.invalid login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with raw_server(proxy) as url:
        monkeypatch.setenv("http_proxy", url)
        await submit(webhook("http://onetrust.invalid"), make_order(), watch)

    assert seen == [("http://onetrust.invalid", f"Bearer {KEY}")]


@pytest.mark.parametrize(("status", "kind"), [(b"407 Login", Refused), (b"502 Bad Gateway", TryLater)])
async def test_a_proxy_that_lets_nothing_through(raw_server, make_order, watch, monkeypatch, status, kind):
    async def proxy(reader, writer):
        await read_head(reader)
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    async with raw_server(proxy) as url:
        monkeypatch.setenv("https_proxy", url)
        error = await failure(webhook("https://onetrust.invalid"), make_order(), watch)

    assert type(error) is kind
    assert watch.committed == 0


async def test_no_error_shows_a_secret(raw_server, make_order, watch, spoken, caplog):
    caplog.set_level(0)
    errors = []

    async def cut_early(reader, writer):
        await read_head(reader)
        writer.transport.abort()

    async def cut_late(reader, writer):
        await read_body(reader)

    async def talk_nonsense(reader, writer):
        await read_body(reader)
        writer.write(b"nonsense\r\n\r\n")

    async def refuse(reader, writer):
        await read_body(reader)
        writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    for handle, size_bytes in [(cut_early, LARGE), (cut_late, 99), (talk_nonsense, 99), (refuse, 99)]:
        async with raw_server(handle) as url:
            errors.append(await failure(webhook(url), make_order(size_bytes), watch))
    errors.append(await failure(webhook(url), make_order(), watch))  # nobody there any more
    errors.append(await failure(webhook("http://:bad"), make_order(), watch))
    told = "".join(spoken(error) for error in errors) + caplog.text

    assert len(errors) == 6
    assert "5ec2e7" not in told
    assert "in-the-url" not in told
    assert KEY not in told


async def test_memory_stays_flat_whatever_the_size(make_order, watch):
    async with OneTrustSandbox() as onetrust:
        build = make_order(60_000_000, file_type=FileType.IPA)
        tracemalloc.start()
        try:
            await submit(Webhook(onetrust.webhook_url, UploadClient(ApiKey(onetrust.api_key))), build, watch)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert onetrust.received[0].size_bytes == 60_000_000
    assert peak < 12_000_000  # of both ends together
