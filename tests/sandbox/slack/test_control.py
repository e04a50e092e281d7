"""Acting as a person from another process."""

import base64
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.sandbox.slack.bolt import bolt_app, connected


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def do(slack, session):
    async def act(verb, *, expect=200, **arguments):
        async with session.post(f"{slack.base_url}/control/{verb}", json=arguments) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json()

    return act


async def test_a_whole_story(slack, do, tmp_path):
    app = bolt_app(slack)

    @app.event("message")
    async def take(event, client):
        button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Ask"}}
        blocks = [{"type": "actions", "elements": [button]}]
        await client.chat_postMessage(
            channel=event["channel"], thread_ts=event["ts"], text="?", blocks=blocks
        )

    @app.event("file_shared")
    async def ignore():
        pass

    @app.action("go")
    async def go(ack, body, client):
        await ack()
        title = {"type": "plain_text", "text": "Really"}
        view = {"type": "modal", "title": title, "submit": title, "callback_id": "v", "blocks": []}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("v")
    async def submit(ack):
        await ack()

    @app.command("/appscan")
    async def run(ack, respond):
        await ack()
        await respond("*done*")

    path = tmp_path / "b.ipa"
    path.write_bytes(b"PK")
    async with connected(slack, app):
        assert (await do("info"))["connections"] == 1
        await do("person", **{"as": "eli", "tz": "Asia/Kolkata"})
        await do("channel", name="release", kind="private", members=["eli"])
        files = [
            {"name": "a.apk", "base64": base64.b64encode(b"PK").decode()},
            {"name": "b.ipa", "path": str(path)},
        ]
        shared = await do("share", **{"as": "eli", "channel": "release", "files": files, "comment": "two"})
        thread, changes = {"messages": []}, 0
        while len(thread["messages"]) < 2:
            changes = (await do("wait", since=changes))["changes"]
            thread = await do("thread", **{"as": "eli", "channel": "release", "ts": shared["ts"]})
        assert "[ Ask ]" in thread["text"]
        reply = thread["messages"][1]
        await do("press", **{"as": "eli", "channel": "release", "ts": reply["ts"], "action": "Ask"})
        view = (await do("view", **{"as": "eli"}))["view"]
        while view is None:
            changes = (await do("wait", since=changes))["changes"]
            view = (await do("view", **{"as": "eli"}))["view"]
        assert view["reads"].startswith("== Really ==")
        await do("submit_view", **{"as": "eli", "values": {}})
        assert (await do("view", **{"as": "eli"}))["view"] is None
        typed = await do("slash", **{"as": "eli", "channel": "release", "command": "/appscan", "answers": 1})
        assert [answer["reads"] for answer in typed["answers"]] == ["done"]
        whispers = await do("ephemerals", **{"as": "eli", "channel": "release"})
        assert [message["text"] for message in whispers["messages"]] == ["*done*"]
    calls = await do("calls")
    assert calls["count"] == len(slack.calls)
    assert slack.bot_token not in str(calls)


async def test_plain_acts(slack, do):
    said = await do("say", **{"as": "ana", "channel": "builds", "text": "one"})
    await do("edit", **{"as": "ana", "channel": "builds", "ts": said["ts"], "text": "two"})
    told = await do("messages", **{"as": "ana", "channel": "builds"})
    assert [message["text"] for message in told["messages"]] == ["two"]
    await do("delete", **{"as": "ana", "channel": "builds", "ts": said["ts"]})
    await do("kick_bot", **{"as": "ana", "channel": "builds"})
    assert slack.bot_user_id not in slack.channel("builds").members
    im = await do("im", **{"as": "ana"})
    assert slack.world.channels[im["id"]].kind == "im"


async def test_faults_over_the_control_api(slack, do):
    added = await do("fault", point="download", hold=True, times=None)
    await do("release", number=added["number"])
    await do("fault", point="chat.update", status=429, retry_after=1, times=2)
    assert slack.faults.take("chat.update").retry_after == 1
    await do("clear_faults")
    assert slack.faults.take("chat.update") is None


async def test_what_is_wrong_is_said(slack, do, session):
    await do("fly", expect=400)
    await do("say", **{"as": "eve", "channel": "builds", "text": "x"}, expect=409)
    await do("press", **{"as": "ana", "channel": "builds", "ts": "1.0", "action": "x"}, expect=409)
    await do("wait", since=10**9, timeout_s=0, expect=408)
    async with session.post(f"{slack.base_url}/control/info", data={"a": "b"}) as answer:
        assert answer.status == 415
