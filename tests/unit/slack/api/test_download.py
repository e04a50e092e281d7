import asyncio
import traceback
import tracemalloc

import pytest
from aiohttp import web
from yarl import URL

from bot.errors import FileUnavailable, PullFailed, TooLarge
from bot.slack.api.file_info import NOT_ALLOWED
from bot.slack.api.files import SIGN_IN_PAGE, DownloadTimeouts
from bot.slack.transport.allowed_hosts import is_slack
from tests.unit.slack.api.stub import BUILD, PAGE, TOKEN, Slack


@pytest.mark.parametrize(
    "page",
    [
        {"body": PAGE, "content_type": "text/html"},
        {"body": b"\xef\xbb\xbf<HTML>", "content_type": "application/octet-stream"},
        {"body": b"Sign in", "content_type": "text/html"},
    ],
)
async def test_a_sign_in_page_is_not_the_file(slack, failure, page):
    slack.serve(**page)

    error = await failure()

    assert type(error) is FileUnavailable
    assert error.user_message == SIGN_IN_PAGE


async def test_a_page_that_somebody_shared_is_the_file(slack, pull):
    slack.content = PAGE
    slack.serve(body=PAGE, content_type="text/html")

    assert (await pull()).size_bytes == len(PAGE)


async def test_a_build_served_as_a_page_is_the_file(slack, pull):
    slack.info = {"size": None}
    slack.serve(body=BUILD, content_type="text/html")

    assert (await pull()).size_bytes == len(BUILD)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, FileUnavailable),
        (304, FileUnavailable),
        (400, FileUnavailable),
        (401, FileUnavailable),
        (403, FileUnavailable),
        (404, FileUnavailable),
        (410, FileUnavailable),
        (408, PullFailed),
        (429, PullFailed),
        (500, PullFailed),
        (503, PullFailed),
    ],
)
async def test_each_status_of_a_download_has_its_verdict(slack, failure, status, kind):
    slack.serve(status=status, headers={"Retry-After": "8"})

    error = await failure()

    assert type(error) is kind
    assert getattr(error, "retry_after_s", 8) == 8
    assert (error.user_message == NOT_ALLOWED) == (status in {401, 403})


async def test_follows_a_redirect_with_the_token(slack, pull):
    slack.serve(status=302, headers={"Location": "/elsewhere?a=1"})

    assert (await pull()).size_bytes == len(BUILD)
    assert slack.asked == [("/file", f"Bearer {TOKEN}"), ("/elsewhere", f"Bearer {TOKEN}")]


@pytest.mark.parametrize("first", [True, False], ids=["at once", "by a redirect"])
async def test_the_token_goes_to_no_other_host(slack, failure, first):
    async with Slack() as other:
        if first:
            slack.info = {"url_private_download": other.url + "/file"}
        else:
            slack.serve(status=302, headers={"Location": other.url + "/file"})

        error = await failure()

        assert type(error) is FileUnavailable
        assert "another site" in error.user_message
        assert other.asked == []


async def test_goes_in_no_circle(slack, failure):
    slack.serve(status=307, headers={"Location": "/file"})

    assert type(await failure()) is FileUnavailable
    assert len(slack.asked) == 6


@pytest.mark.parametrize(
    "location", ["", "http://[", "https://files.slack.com:bad/", "file:///etc/passwd", "//a\\b"]
)
async def test_a_redirect_to_nowhere(slack, failure, location):
    slack.serve(status=302, headers={"Location": location})

    assert type(await failure()) is FileUnavailable


@pytest.mark.parametrize(
    ("url", "api", "allowed"),
    [
        ("https://files.slack.com/a", "https://slack.com/api/", True),
        ("https://slack.com/a", "https://slack.com/api/", True),
        ("https://files-origin.slack.com/a", "https://slack.com/api/", True),
        ("https://FILES.slack.com/a", "https://slack.com/api/", True),
        ("https://team.enterprise.slack.com/a", "http://127.0.0.1:1/api/", True),
        ("http://files.slack.com/a", "https://slack.com/api/", False),
        ("https://files.slack.com:8443/a", "https://slack.com/api/", False),
        ("https://user@files.slack.com/a", "https://slack.com/api/", False),
        ("https://slack.com.example.org/a", "https://slack.com/api/", False),
        ("https://evilslack.com/a", "https://slack.com/api/", False),
        ("https://files.slack.com@example.org/a", "https://slack.com/api/", False),
        ("https://example.org/files.slack.com", "https://slack.com/api/", False),
        ("https://example。slack.com/a", "https://slack.com/api/", False),
        ("https://.slack.com/a", "https://slack.com/api/", False),
        ("ftp://files.slack.com/a", "https://slack.com/api/", False),
        ("/a", "https://slack.com/api/", False),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:1/api/", True),
        ("http://127.0.0.1:2/a", "http://127.0.0.1:1/api/", False),
        ("https://127.0.0.1:1/a", "http://127.0.0.1:1/api/", False),
        ("http://127.0.0.1/a", "https://slack.com/api/", False),
        ("http://gateway.example.org/a", "http://gateway.example.org/api/", False),
        ("https://gateway.example.org/a", "https://gateway.example.org/api/", True),
    ],
)
def test_where_the_token_may_go(url, api, allowed):
    assert is_slack(URL(url, encoded=True), URL(api)) is allowed


async def test_the_limit_holds_even_when_sizes_lie(slack, failure, tmp_path):
    slack.info = {"size": 1000}

    error = await failure(limit_bytes=100_000)

    assert type(error) is TooLarge
    assert (tmp_path / "build").stat().st_size < 100_000


@pytest.mark.parametrize("after", [0, 1, 600_000])
async def test_a_cut_is_tried_again(slack, failure, after):
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(BUILD)
        await response.prepare(request)
        await response.write(BUILD[:after])
        request.transport.close()
        return response

    slack.handlers["/file"] = cut
    error = await failure()

    assert type(error) is PullFailed
    assert error.__context__ is None


async def test_silence_is_tried_again(slack, failure):
    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(BUILD[:1000])
        await silent.wait()
        return response

    silent = asyncio.Event()
    slack.handlers["/file"] = stall
    error = await failure(timeouts=DownloadTimeouts(silence_s=0.05))
    silent.set()

    assert type(error) is PullFailed


async def test_cancelling_closes_the_connection(slack, pull):
    reached, ended = asyncio.Event(), asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(BUILD[:1000])
        reached.set()
        try:
            while True:
                await response.write(bytes(100_000))
        finally:
            ended.set()

    slack.handlers["/file"] = stall
    pulling = asyncio.create_task(pull())
    await reached.wait()
    pulling.cancel()
    await asyncio.wait({pulling})
    await ended.wait()

    assert pulling.cancelled()


async def test_no_error_shows_the_token_or_the_address(slack, failure, caplog):
    caplog.set_level(0, "aiohttp")
    caplog.set_level(0, "asyncio")
    slack.info = {"url_private_download": slack.url + "/file?signature=signed"}
    errors = []

    async def cut(request: web.Request) -> web.StreamResponse:
        request.transport.abort()
        return web.Response()

    slack.handlers["/file"] = cut
    errors.append(await failure())
    slack.serve(status=302, headers={"Location": "https://example.org/?signature=signed"})
    errors.append(await failure())
    slack.serve(status=403)
    errors.append(await failure())
    told = caplog.text
    for error in errors:
        assert error.__cause__ is error.__context__ is None
        told += "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error)

    assert TOKEN not in told
    assert "signed" not in told


async def test_memory_stays_flat_whatever_the_size(slack, pull):
    size = 60_000_000

    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = size
        await response.prepare(request)
        for _ in range(size // 100_000):
            await response.write(bytes(100_000))
        return response

    slack.info = {"size": size}
    slack.handlers["/file"] = large
    tracemalloc.start()
    try:
        pulled = await pull()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert pulled.size_bytes == size
    assert peak < 12_000_000  # of both ends together
