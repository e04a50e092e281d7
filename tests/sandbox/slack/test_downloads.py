"""Files over HTTP: who gets them, and the ways in which they don't arrive."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
async def session(slack) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.bot_token}"}) as session:
        yield session


@pytest.fixture
async def shared(ana):
    return ana.share("builds", [("shop.apk", CONTENT)])


@pytest.fixture
async def url(slack, shared):
    return slack.file_url(shared.file_id)


async def test_with_the_token_the_bytes_come(slack, session, url, ana, tmp_path):
    async with session.get(url) as answer:
        assert (answer.status, answer.content_length) == (200, len(CONTENT))
        assert await answer.read() == CONTENT
    path = tmp_path / "big.ipa"
    path.write_bytes(CONTENT * 3)
    big = ana.share("builds", [("big.ipa", path)])
    async with session.get(slack.file_url(big.file_id)) as answer:
        assert await answer.read() == CONTENT * 3
    await slack.until(lambda: len(slack.called("download")) == 2)
    assert [call.answer["sent_bytes"] for call in slack.called("download")] == [2**20, 3 * 2**20]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer xoxb-wrong"}, {"Cookie": "d=1"}])
async def test_without_it_a_sign_in_page_comes(slack, url, header):
    async with aiohttp.ClientSession(headers=header) as session, session.get(url) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "Sign in" in await answer.text()


async def test_what_is_gone_or_not_for_the_bot_is_not_found(slack, session, ana, shared, url):
    slack.channel("secret", kind="private", members=["ana"], bot=False)
    hidden = ana.share("secret", [("a.apk", b"PK")])
    async with session.get(slack.file_url(hidden.file_id)) as answer:
        assert answer.status == 404
    ana.delete_file(shared.file_id)
    async with session.get(url) as answer:
        assert answer.status == 404


async def test_a_cut_ends_the_connection_after_so_many_bytes(slack, session, url):
    slack.faults.add("download", cut_after=1000)
    async with session.get(url) as answer:
        assert answer.content_length == len(CONTENT)
        assert await answer.content.readexactly(1000) == CONTENT[:1000]
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.read(1)
    async with session.get(url) as answer:
        assert len(await answer.read()) == len(CONTENT)


async def test_a_hold_keeps_the_rest_until_it_is_released(slack, session, url):
    held = slack.faults.add("download", hold=True, hold_after=4096, where={"name": "shop.apk"})
    async with session.get(url) as answer:
        await held.reached()
        assert await answer.content.readexactly(4096) == CONTENT[:4096]
        rest = asyncio.ensure_future(answer.read())
        await asyncio.sleep(0)
        assert not rest.done()
        held.release()
        assert await rest == CONTENT[4096:]


async def test_a_redirect_leads_to_a_second_address(slack, session, url, shared):
    elsewhere = slack.file_url(shared.file_id, origin=True)
    slack.faults.add("download", location=elsewhere)
    async with session.get(url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, elsewhere)
    async with session.get(elsewhere) as answer:
        assert await answer.read() == CONTENT


async def test_wrong_answers(slack, session, url):
    slack.faults.add("download", status=429, retry_after=3)
    slack.faults.add("download", status=500)
    slack.faults.add("download", body="<html>maintenance</html>")
    slack.faults.add("download", content_length=10)
    slack.faults.add("download", drop=True, times=2)  # aiohttp tries once more by itself
    async with session.get(url) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    async with session.get(url) as answer:
        assert answer.status == 500
    async with session.get(url) as answer:
        assert (answer.status, await answer.text()) == (200, "<html>maintenance</html>")
    async with session.get(url) as answer:
        assert await answer.read() == CONTENT[:10]
    with pytest.raises(aiohttp.ClientConnectionError):
        await read(session, url)


async def read(session, url):
    async with session.get(url) as answer:
        return await answer.read()


async def test_a_length_that_is_too_long_ends_in_a_cut(slack, session, url):
    slack.faults.add("download", content_length=len(CONTENT) + 1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await read(session, url)
