"""A new bot starts while the old one works, on one database: nothing is lost, and nothing is done twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGKILL, SIGTERM

import aiohttp
import pytest

from sandbox import builds
from sandbox.bot_process import BotProcess
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import Shared, SlackSandbox
from sandbox.slack.http_events import signed
from tests.acceptance.conftest import Stage, free_port, get, listening, ready

WAVE = 3


def _share(stage: Stage, wave: str) -> list[Shared]:
    """Share some builds, each of an app of its own."""
    shares = []
    for number in range(WAVE):
        name = f"{wave}{number}"
        build = builds.make_apk(package=f"com.example.{name}", label="Shop")
        shares.append(stage.dana.share(stage.channel, [(f"{name}.apk", build)]))
    return shares


async def _each_once(stage: Stage, shares: list[Shared]) -> None:
    """Wait until every share was submitted; show that each was once, and has one reply."""

    def submitted() -> bool:
        told = [stage.replies(shared) for shared in shares]
        return all(any("was submitted" in reply for reply in replies) for replies in told)

    await stage.slack.until(submitted, 120)
    assert [len(stage.replies(shared)) for shared in shares] == [1] * len(shares)
    names = [stage.slack.world.files[shared.file_id].name for shared in shares]
    assert sorted(each.file_name for each in stage.onetrust.received) == sorted(names)


async def test_over_socket_mode_the_second_asks_slack_nothing_until_the_first_has_gone(stage: Stage):
    first = await stage.bot()
    shares = _share(stage, "before")
    port = free_port()
    second = await BotProcess(stage.environ(PORT=str(port)), stage.folder / "second.log").start()
    await listening(second, port)
    shares += _share(stage, "beside")
    await stage.reply(shares[0], "was submitted")
    status, answer = await get(port, "/readyz")
    assert (status, answer["checks"]["lock"], answer["checks"]["slack"]) == (503, False, False)
    assert len(stage.slack.called("auth.test")) == 1

    first.signal(SIGTERM)
    shares += _share(stage, "between")
    assert await first.ended() == 0
    shares += _share(stage, "after")
    await _each_once(stage, shares)
    assert (await get(port, "/readyz"))[0] == 200
    assert len(stage.slack.called("auth.test")) == 2
    assert await second.stop() == 0


async def test_a_second_bot_takes_over_from_one_that_was_killed(stage: Stage):
    first = await stage.bot()
    port = free_port()
    second = await BotProcess(stage.environ(PORT=str(port)), stage.folder / "second.log").start()
    await listening(second, port)
    shares = _share(stage, "before")
    pulling = stage.slack.faults.add("download", hold=True, hold_after=10)
    await pulling.reached()
    first.signal(SIGKILL)
    await first.ended()
    pulling.release()
    shares += _share(stage, "after")
    await _each_once(stage, shares)
    assert await second.stop() == 0


@pytest.fixture
async def over_http(tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        SlackSandbox(mode="http", retries_s=(0.0, 1.0, 10.0)) as slack,
        OneTrustSandbox(client_secret="onetrust-client-s3cret") as onetrust,
    ):
        yield Stage(slack=slack, onetrust=onetrust, folder=tmp_path)


async def _bot_at(stage: Stage, port: int) -> BotProcess:
    environ = stage.environ(PORT=str(port), SLACK_SIGNING_SECRET=stage.slack.signing_secret)
    del environ["SLACK_APP_TOKEN"]
    bot = await BotProcess(environ, stage.folder / f"{port}.log").start()
    await listening(bot, port)
    return bot


def _events_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/slack/events"


async def test_over_http_the_second_answers_503_until_the_first_has_gone(over_http: Stage):
    stage = over_http
    first_port, second_port = free_port(), free_port()
    first = await _bot_at(stage, first_port)
    await ready(first_port, 200, slack=True)
    second = await _bot_at(stage, second_port)
    stage.slack.events_url = _events_url(first_port)
    shares = _share(stage, "before")
    await stage.reply(shares[0], "was submitted")
    headers = signed(stage.slack.signing_secret, "{}") | {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(_events_url(second_port), data="{}", headers=headers) as answer,
    ):
        assert answer.status == 503

    stage.slack.events_url = _events_url(
        second_port
    )  # a router that is early: Slack gets 503, and tries again
    shares += _share(stage, "early")
    first.signal(SIGTERM)
    assert await first.ended() == 0
    shares += _share(stage, "after")
    await _each_once(stage, shares)
    assert await second.stop() == 0
