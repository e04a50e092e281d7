"""What the stand-in tells a real Bolt app in Socket Mode."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.clock import HeldClock
from sandbox.slack import EVENTS, App, CannotDo, SlackSandbox
from sandbox.world import FileMode, World
from tests.sandbox.slack.bolt import bolt_app, connected


def listening(slack, *, kinds=("message", "file_shared", "app_mention")):
    """Return an app and the list of events that it gets."""
    app, got = bolt_app(slack), []

    async def take(body):
        got.append(body)

    for kind in kinds:
        app.event(kind)(take)
    return app, got


def events(got):
    return [body["event"] for body in got]


async def test_a_share_arrives_as_both_events(slack, ana):
    app, got = listening(slack)
    async with connected(slack, app):
        shared = ana.share("builds", [("shop.apk", b"PK12"), ("b.ipa", b"PK")], "for @ben & co")
        await slack.settled()
        await slack.until(lambda: len(got) == 3)
    message = next(event for event in events(got) if event["type"] == "message")
    assert message["subtype"] == "file_share"
    assert (message["ts"], message["user"], message["channel_type"]) == (shared.ts, ana.id, "channel")
    assert message["text"] == f"for <@{slack.person('ben').id}> &amp; co"
    assert [file["name"] for file in message["files"]] == ["shop.apk", "b.ipa"]
    assert "thread_ts" not in message
    files = {event["file_id"] for event in events(got) if event["type"] == "file_shared"}
    assert files == set(shared.files)
    assert got[0]["authorizations"][0]["user_id"] == slack.bot_user_id
    assert len({body["event_id"] for body in got}) == 3


async def test_a_share_in_a_thread_by_another_app(slack, ana):
    app, got = listening(slack)
    async with connected(slack, app):
        head = ana.say("builds", "a release")
        shared = ana.share("builds", [("shop.apk", b"PK12")], thread_ts=head.ts, as_app="ci")
        await slack.until(lambda: len(got) == 3)
    message = next(event for event in events(got) if event.get("files"))
    assert message["thread_ts"] == head.ts == shared.thread_ts
    assert message["bot_id"] == slack.world.find_user("ci").bot_id
    assert message["user"] == slack.world.find_user("ci").id


async def test_events_come_only_from_where_the_bot_is(slack, ana):
    app, got = listening(slack)
    slack.channel("secret", kind="private", members=["ana"], bot=False)
    async with connected(slack, app):
        ana.say("secret", "not for bots")
        ana.invite_bot("secret")
        ana.say("secret", "for bots too")
        ana.kick_bot("secret")
        ana.say("secret", "no more")
        await slack.settled()
        await slack.until(lambda: got)
    assert [event["text"] for event in events(got)] == ["for bots too"]
    assert events(got)[0]["channel_type"] == "group"


async def test_only_what_is_subscribed_and_in_scope_is_sent():
    app_here = App(events=set(EVENTS) - {"message.channels"})
    app_here.scopes.discard("files:read")
    async with SlackSandbox(app=app_here) as slack:
        slack.channel("builds", members=["ana"])
        slack.person("ana").share("builds", [("a.apk", b"1")])
        assert slack.deliveries == []
        slack.person("ana").mention("builds", "help")
        assert [delivery.name for delivery in slack.deliveries] == ["app_mention"]


async def test_a_mention_comes_beside_the_message_but_not_in_an_im(slack, ana):
    app, got = listening(slack)
    async with connected(slack, app):
        ana.mention("builds", "help")
        ana.mention(ana.im(), "help")
        await slack.until(lambda: len(got) == 3)
    kinds = sorted((event["type"], event.get("channel_type")) for event in events(got))
    assert kinds == [("app_mention", None), ("message", "channel"), ("message", "im")]


async def test_edits_and_deletions(slack, ana):
    app, got = listening(slack)
    async with connected(slack, app):
        alone = ana.say("builds", "one")
        head = ana.say("builds", "two")
        ana.say("builds", "below", thread_ts=head.ts)
        ana.edit("builds", alone.ts, "uno")
        ana.delete("builds", alone.ts)
        ana.delete("builds", head.ts)
        await slack.until(lambda: len(got) == 6)
    changed, deleted, tombstone = events(got)[3:]
    assert changed["subtype"] == "message_changed"
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("uno", "one")
    assert deleted["subtype"] == "message_deleted"
    assert (deleted["deleted_ts"], deleted["previous_message"]["text"]) == (alone.ts, "uno")
    assert tombstone["subtype"] == "message_changed"
    assert tombstone["message"]["subtype"] == "tombstone"
    assert tombstone["message"]["ts"] == head.ts
    assert ana.thread("builds", alone.ts) == []
    with pytest.raises(CannotDo):
        ana.delete("builds", head.ts)


async def test_a_deleted_file_is_a_tombstone_in_its_message(slack, ana, client):
    slack.app.events.add("file_deleted")
    app, got = listening(slack, kinds=("message", "file_shared", "file_deleted"))
    async with connected(slack, app):
        shared = ana.share("builds", [("a.apk", b"PK")])
        ana.delete_file(shared.file_id)
        await slack.until(lambda: len(got) == 4)
    assert events(got)[2]["file_id"] == shared.file_id
    assert events(got)[3]["message"]["files"] == [{"id": shared.file_id, "mode": "tombstone"}]
    with pytest.raises(SlackApiError, match="file_deleted"):
        await client.files_info(file=shared.file_id)


async def test_the_bots_own_messages_come_back_to_it(slack, client):
    channel = slack.channel("builds")
    await client.chat_postMessage(channel=channel.id, text="hello")
    sent = slack.deliveries[0].payload["event"]
    assert (sent["type"], sent["text"], sent["bot_id"]) == ("message", "hello", slack.bot_id)
    assert "subtype" not in sent


async def test_events_can_be_dropped_doubled_and_held(slack, ana):
    app, got = listening(slack)
    slack.faults.add("event.file_shared", drop=True)
    held = slack.faults.add("event.message", hold=True, where={"subtype": "file_share"})
    slack.faults.add("event.message", copies=2)
    async with connected(slack, app):
        ana.share("builds", [("a.apk", b"PK")])
        await held.reached()
        ana.say("builds", "later, but first")
        await slack.until(lambda: len(got) == 2)
        held.release()
        await slack.until(lambda: len(got) == 3)
        await slack.settled()
    told = events(got)
    assert [event["text"] for event in told[:2]] == ["later, but first"] * 2
    assert got[0]["event_id"] == got[1]["event_id"]
    assert told[2]["files"]


@pytest.mark.parametrize(
    ("fields", "in_message", "in_info"),
    [
        ({"mode": FileMode.FILE_ACCESS}, "file_access", "hosted"),
        ({"mode": FileMode.FILE_ACCESS, "access_denied": True}, "file_access", "file_access"),
        ({"mode": FileMode.HIDDEN_BY_LIMIT}, "hidden_by_limit", "hidden_by_limit"),
        ({"mode": FileMode.EXTERNAL, "external_url": "https://x.example/a.apk"}, "external", "external"),
    ],
)
async def test_files_that_slack_cant_serve_in_full(slack, ana, client, fields, in_message, in_info):
    shared = ana.share("builds", [("a.apk", b"PK")], **fields)
    message = slack.deliveries[1].payload["event"]
    assert message["files"][0]["mode"] == in_message
    info = (await client.files_info(file=shared.file_id))["file"]
    assert info["mode"] == in_info
    if in_message == "external":
        assert info["is_external"]
        assert info["url_private"] == "https://x.example/a.apk"
    if fields.get("access_denied"):
        assert info["file_access"] == "access_denied"


async def test_an_event_without_an_ack_comes_again_on_slacks_schedule():
    clock = HeldClock()
    async with SlackSandbox(World(clock=clock)) as slack:
        slack.channel("builds", members=["ana"])
        app, _ = listening(slack, kinds=())  # no listener: Bolt does not acknowledge
        async with connected(slack, app):
            slack.person("ana").say("builds", "anybody?")
            event = slack.deliveries[0]
            attempts = []
            for seconds in (3, 3, 60, 3, 300, 3):  # three for the ack, then until the next try
                await clock.asleep()
                attempts.append(event.attempts)
                clock.advance(seconds)
            await slack.settled()
    assert attempts == [1, 2, 2, 3, 3, 4]
    assert (event.attempts, event.acked, event.error) == (4, False, "timeout")


async def test_events_wait_for_a_connection(slack, ana):
    ana.say("builds", "is anybody there?")
    app, got = listening(slack)
    async with connected(slack, app):
        await slack.until(lambda: got)
    assert slack.deliveries[0].attempts == 2


async def test_a_lost_connection_brings_the_event_again(slack, ana):
    deaf, _ = listening(slack, kinds=())
    app, got = listening(slack)
    async with connected(slack, deaf):
        ana.say("builds", "hello")
        await slack.until(lambda: slack.deliveries[0].attempts == 1)
    async with connected(slack, app):
        await slack.until(lambda: got)
        await slack.settled()
    assert slack.deliveries[0].acked


async def test_a_disconnect_makes_the_client_come_back(slack, ana):
    app, got = listening(slack)
    async with connected(slack, app):
        await slack.socket.disconnect("refresh_requested", close=False)
        await slack.until(lambda: len(slack.called("apps.connections.open")) == 2)
        await slack.until(lambda: slack.socket.connections == 1)
        ana.say("builds", "still there?")
        await slack.until(lambda: got)
    assert events(got)[0]["text"] == "still there?"


async def test_a_ticket_is_good_for_one_connection(slack):
    client = AsyncWebClient(token=slack.app_token, base_url=slack.api_url)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    app, _ = listening(slack)
    async with connected(slack, app) as handler:
        session = handler.client.aiohttp_client_session
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 2)
        async with session.get(url.replace("ws://", "http://")) as again:
            assert again.status == 404
