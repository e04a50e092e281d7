"""HTTP mode end to end: signed requests in, and what is not signed stays out. Health, in both modes."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from sandbox.slack.http_events import signed
from tests.scenario.office import APP_ID, Office, apk, office


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, mode="http") as place:
        yield place


async def get(place: Office, path: str) -> tuple[int, dict[str, object]]:
    assert place.bot is not None
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{place.bot.port}{path}") as answer,
    ):
        return answer.status, await answer.json()


async def post(place: Office, body: str, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(place.slack.events_url or "", data=body, headers=headers) as answer,
    ):
        return answer.status


async def test_shares_commands_buttons_and_forms_come_over_http(web: Office):
    assert await web.slack.verify_events_url()
    shared = web.dana.share(web.builds_channel, [("shop.apk", apk())])
    request_id = await web.submitted(shared)
    assert web.onetrust.received[0].request_id == request_id

    assert "#1 Shop" in await web.command("history shop")
    assert "Did you mean `history`?" in await web.command("hisotry")
    await web.press(shared, "Link app ID…")
    await web.slack.until(web.dana.open_view)
    wrong = await web.dana.submit_view({"app_id": "no!"})
    assert "That is not an app ID" in wrong.errors["app_id_block"]
    await web.dana.submit_view({"app_id": APP_ID})
    assert web.dana.open_view() is None
    other = web.slack.channel("releases", members=["dana"])
    newer = web.dana.share(other, [("shop-5.apk", apk("5.0"))])
    await web.submitted(newer, f"Rescan of `{APP_ID}`")
    assert "Timeline" in await web.told(await web.press(newer, "Details"))
    pressed = await web.dana.shortcut(shared.channel, shared.ts, "scan_this_build")
    assert "That build is scan #1 already" in await web.told(pressed)
    assert not web.slack.called("apps.connections.open")
    await web.slack.settled()
    assert all(delivery.acked for delivery in web.slack.deliveries)


async def test_an_event_that_comes_twice_is_one_scan(web: Office):
    web.slack.faults.add("event.message", copies=3)
    shared = web.dana.share(web.builds_channel, [("shop.apk", apk())])

    await web.submitted(shared)
    await web.slack.settled()

    assert len(web.replies(shared)) == 1
    assert len(web.onetrust.received) == 1


def posted(web: Office) -> list[str]:
    """Return what was called, but for later words in the reply that is there already."""
    return [call.method for call in web.slack.calls if call.method != "chat.update"]


async def test_what_is_not_signed_by_slack_is_refused(web: Office):
    await web.submitted(web.dana.share(web.builds_channel, [("shop.apk", apk())]))
    event = json.dumps(web.slack.deliveries[0].payload | {"event_id": "EvFORGED"})
    command = urlencode({"command": "/appscan", "text": "history", "user_id": "U1", "channel_id": "C1"})
    before = posted(web)
    for body, kind in ((event, "application/json"), (command, "application/x-www-form-urlencoded")):
        content = {"Content-Type": kind}
        assert await post(web, body, content) == 401
        assert await post(web, body, content | signed("another secret", body)) == 401
        assert await post(web, body, content | signed("", body)) == 401
        assert await post(web, body + " ", content | signed(web.slack.signing_secret, body)) == 401
        old = signed(web.slack.signing_secret, body, timestamp=int(time.time()) - 600)
        assert await post(web, body, content | old) == 401
    assert posted(web) == before
    assert len(web.onetrust.received) == 1
    good = {"Content-Type": "application/json", **signed(web.slack.signing_secret, event)}
    assert await post(web, event, good) == 200  # the body was good all along


async def test_health_in_http_mode(web: Office):
    assert await get(web, "/healthz") == (200, {"status": "ok"})
    status, told = await get(web, "/readyz")
    assert (status, told["ready"]) == (200, True)
    assert told["checks"] == {"lock": True, "runner": True, "database": True, "disk": True, "slack": True}


async def test_readiness_follows_the_socket(tmp_path: Path):
    async with office(tmp_path, PORT="0") as place:
        assert (await get(place, "/readyz"))[0] == 200
        assert place.bot is not None
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{place.bot.port}/slack/events", data="{}") as answer,
        ):
            assert answer.status == 404  # nothing comes in over HTTP in Socket Mode
        down = place.slack.faults.add("socket.connect", status=503, times=None)
        place.slack.socket.cut()

        _, told = await until_status(place, 503)

        others = dict.fromkeys(("lock", "runner", "database", "disk"), True)
        assert told["checks"] == {**others, "slack": False}
        assert await get(place, "/healthz") == (200, {"status": "ok"})
        down.cancel()
        await until_status(place, 200)
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(shared)


async def until_status(place: Office, wanted: int) -> tuple[int, dict[str, object]]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = await get(place, "/readyz")
        if found[0] == wanted:
            return found
        place.clock.advance(5)
    raise AssertionError(f"/readyz never said {wanted}")
