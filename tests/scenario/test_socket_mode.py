"""Whatever Slack does with the connections: builds are scanned once, and ``/readyz`` tells the truth."""

import asyncio
import json
import random
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.slack.transport.socket_mode import LINGER_S, STABLE_S
from bot.slack.transport.token_monitor import CHECK_INTERVAL_S
from sandbox.slack import Shared
from tests.scenario.office import Office, apk, office
from tests.sockets import at_rest

DEAD = '{"ok": true, "url": "ws://127.0.0.1:1/link/?ticket=1"}'
SEED = 20_250_711


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, PORT="0") as opened:
        await pass_time(opened, lambda: opened.slack.socket.connections == 2)
        began = opened.clock.now()
        await pass_time(opened, lambda: opened.clock.now() >= began + 2 * STABLE_S)
        yield opened


async def pass_time(
    place: Office, so: Callable[[], object], step_s: float = 10.0, *, hangs: bool = False
) -> None:
    """Let time pass until something is so; after each step all happens that needs no time."""
    for _ in range(500):
        assert place.bot is not None
        assert place.bot._socket is not None
        await at_rest(place.bot._socket, hangs=hangs)
        if so():
            return
        place.clock.advance(step_s)
    raise AssertionError("time passed, and it never became so")


async def readyz(place: Office) -> tuple[int, bool]:
    """Return the status, and whether Slack is said to reach the bot."""
    assert place.bot is not None
    url = f"http://127.0.0.1:{place.bot.port}/readyz"

    def ask() -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    status, told = await asyncio.to_thread(ask)
    return status, told["checks"]["slack"]


READY = (200, True)
NOT_READY = (503, False)


def share(place: Office, number: int = 1) -> Shared:
    return place.dana.share(
        place.builds_channel,
        [(f"shop{number}.apk", apk(f"4.{number}.0", code=number, package=f"com.example.shop{number}"))],
    )


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_renewal_leaves_no_gap(place: Office, reason: str):
    held = place.slack.faults.add("socket.connect", hold=True)
    await place.slack.socket.disconnect(reason, close=False)
    await held.reached()
    assert await readyz(place) == READY
    assert "app" in await place.command("help")
    shared = share(place)
    await place.submitted(shared)

    held.release()
    await place.slack.until(lambda: place.slack.socket.connections == 3)
    assert await readyz(place) == READY
    await pass_time(place, lambda: place.slack.socket.connections == 1, LINGER_S)
    assert await readyz(place) == READY
    await pass_time(place, lambda: place.slack.socket.connections == 2, STABLE_S)
    assert len(place.onetrust.received) == 1


async def test_the_loss_of_one_connection_is_no_loss(place: Office):
    held = place.slack.faults.add("socket.connect", hold=True)
    place.slack.socket.cut(0)
    await held.reached()
    assert await readyz(place) == READY
    await place.submitted(share(place))
    assert len(place.onetrust.received) == 1


async def test_while_no_connection_is_up_the_bot_is_not_ready_and_what_was_shared_is_scanned_after(
    place: Office,
):
    dead = place.slack.faults.add(
        "apps.connections.open", body=DEAD, content_type="application/json", times=None
    )
    place.slack.socket.cut()
    shared = share(place)
    await pass_time(place, lambda: dead.used >= 4)
    assert await readyz(place) == NOT_READY

    dead.cancel()

    await pass_time(place, lambda: place.slack.socket.connections)
    await place.submitted(shared)
    assert await readyz(place) == READY
    assert len(place.onetrust.received) == 1


@pytest.mark.parametrize("point", ["apps.connections.open", "socket.connect", "socket.hello"])
async def test_a_server_that_stays_silent_from_the_start_is_no_connection(place: Office, point: str):
    silent = place.slack.faults.add(point, hold=True)
    place.slack.socket.cut()
    await silent.reached()
    assert await readyz(place) == NOT_READY
    await pass_time(place, lambda: place.slack.socket.connections, hangs=True)
    assert await readyz(place) == READY


async def test_a_silence_is_noticed_within_a_minute(place: Office):
    silence = place.slack.faults.add("socket.ping", drop=True, times=None)
    failing = place.slack.faults.add("apps.connections.open", times=None, error="internal_error")
    began = place.clock.now()
    while await readyz(place) == READY:
        pings = silence.used
        place.clock.advance(10)
        await place.slack.until(lambda pings=pings: silence.used > pings or failing.used)
    assert place.clock.now() - began < 60

    place.slack.faults.clear()
    await pass_time(place, lambda: place.slack.socket.greeted >= 3)
    assert await readyz(place) == READY


async def test_with_too_many_connections_the_one_that_is_up_does_the_work(place: Office):
    place.slack.socket.most = 1
    asked = len(place.slack.called("apps.connections.open"))
    place.slack.socket.cut(1)
    await place.slack.until(lambda: len(place.slack.called("apps.connections.open")) == asked + 1)
    assert await readyz(place) == READY
    await place.submitted(share(place))
    assert len(place.slack.called("apps.connections.open")) == asked + 1


async def test_link_disabled_is_told_and_the_bot_is_not_ready(place: Office):
    assert place.bot is not None
    await place.slack.socket.disconnect("link_disabled")
    assert "Socket Mode is switched off" in (await place.bot.shut_out()).user_message
    assert await readyz(place) == NOT_READY


@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "token_revoked", "app_uninstalled"])
async def test_a_revoked_bot_token_is_noticed_though_the_connections_are_up(place: Office, code: str):
    assert place.bot is not None
    place.slack.faults.add("auth.test", error=code)
    place.clock.advance(CHECK_INTERVAL_S)
    assert f"Slack refuses SLACK_BOT_TOKEN ({code})" in (await place.bot.shut_out()).user_message
    assert await readyz(place) == NOT_READY


async def test_builds_that_are_shared_amid_all_of_it_are_each_scanned_once(place: Office):
    chance = random.Random(SEED)  # noqa: S311 - which troubles come
    place.clock.hurried = True
    shares = []
    for number in range(1, 13):
        shares.append(share(place, number))
        for _ in range(3):
            await trouble(place, chance)
    place.slack.faults.clear()
    place.slack.socket.most = 10
    await pass_time(place, lambda: place.slack.socket.connections >= 1)
    for shared in shares:
        await place.submitted(shared)
        assert len(place.replies(shared)) == 1
    names = [each.file_name for each in place.onetrust.received]
    assert sorted(names) == sorted(f"shop{number}.apk" for number in range(1, 13)), f"seed {SEED}"
    assert await readyz(place) == READY


async def trouble(place: Office, chance: random.Random) -> None:
    """Do something to the connections, and let some time pass."""
    slack = place.slack
    open_now = slack.socket.connections
    which = chance.choice([None, *range(open_now)])
    match chance.randrange(6):
        case 0:
            slack.socket.cut(which)
        case 1:
            await slack.socket.disconnect("warning", close=False, which=which)
        case 2:
            await slack.socket.disconnect("refresh_requested", close=chance.random() < 0.5, which=which)
        case 3:
            slack.socket.most = chance.choice([1, 2, 10])
        case 4:
            slack.faults.add("socket.connect", drop=True)
        case 5:
            slack.faults.add("apps.connections.open", error="internal_error")
    place.clock.advance(chance.choice([0, 1, 10, 30]))
    assert place.bot is not None
    assert place.bot._socket is not None
    await at_rest(place.bot._socket)
