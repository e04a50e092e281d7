"""The Web API through Slack's own client: what it gives, and what it refuses."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.clock import HeldClock
from sandbox.slack import SlackSandbox
from sandbox.world import World

SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}]


@pytest.fixture
def builds(slack):
    return slack.channel("builds").id


async def refusal(call) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return refused.value.response["error"]


async def test_who_the_token_is(slack, client):
    told = await client.auth_test()
    assert (told["user_id"], told["bot_id"], told["url"]) == (slack.bot_user_id, slack.bot_id, slack.team_url)
    assert told.headers["x-oauth-scopes"] == ",".join(sorted(slack.app.scopes))


async def test_tokens_are_checked(slack, client):
    assert (
        await refusal(AsyncWebClient(token="xoxb-no", base_url=slack.api_url).auth_test()) == "invalid_auth"
    )
    assert await refusal(AsyncWebClient(base_url=slack.api_url).auth_test()) == "not_authed"
    wrong_kind = client.apps_connections_open(app_token=slack.bot_token)
    assert await refusal(wrong_kind) == "not_allowed_token_type"
    assert await refusal(client.api_call("chat.sing")) == "unknown_method"
    async with aiohttp.ClientSession() as session:
        url = f"{slack.api_url}auth.test"
        async with session.post(url, data={"token": slack.bot_token}) as answer:
            assert (await answer.json())["ok"]
    assert slack.bot_token not in repr(slack.calls)


async def test_a_scope_that_is_missing_is_named(slack, client, builds):
    slack.app.scopes -= {"chat:write", "channels:history"}
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=builds, text="x")
    assert refused.value.response["error"] == "missing_scope"
    assert refused.value.response["needed"] == "chat:write"
    assert "chat:write" not in refused.value.response["provided"].split(",")
    assert await refusal(client.conversations_history(channel=builds)) == "missing_scope"


async def test_reads_do_not_take_json(slack, builds):
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.bot_token}"}) as session:
        url = f"{slack.api_url}conversations.info"
        async with session.post(url, json={"channel": builds}) as answer:
            assert (await answer.json())["error"] == "invalid_arguments"
        async with session.post(url, data={"channel": builds}) as answer:
            assert (await answer.json())["channel"]["id"] == builds


async def test_posting_updating_deleting(slack, client, builds, ana):
    posted = await client.chat_postMessage(
        channel=builds, text="one", blocks=SECTION, metadata={"event_type": "scan", "event_payload": {"n": 1}}
    )
    assert posted["message"]["bot_id"] == slack.bot_id
    assert posted["message"]["blocks"][0]["block_id"]
    updated = await client.chat_update(channel=builds, ts=posted["ts"], text="two")
    assert "blocks" not in updated["message"]
    assert updated["message"]["metadata"]["event_payload"] == {"n": 1}
    theirs = ana.say("builds", "mine")
    assert await refusal(client.chat_update(channel=builds, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await refusal(client.chat_update(channel=builds, ts="1.0", text="x")) == "message_not_found"
    await client.chat_delete(channel=builds, ts=posted["ts"])
    assert await refusal(client.chat_delete(channel=builds, ts=posted["ts"])) == "message_not_found"
    assert [message.text for message in ana.messages("builds")] == ["mine"]


async def test_a_persons_id_is_their_conversation_with_the_bot(client, ana):
    posted = await client.chat_postMessage(channel=ana.id, text="psst")
    assert posted["channel"] == ana.im().id
    assert [message.text for message in ana.messages(ana.im())] == ["psst"]


async def test_where_the_bot_may_not_post(slack, client, builds, ana):
    secret = slack.channel("secret", kind="private", members=["ana"], bot=False).id
    outside = slack.channel("outside", members=["ana"], bot=False).id
    assert await refusal(client.chat_postMessage(channel=secret, text="x")) == "channel_not_found"
    assert await refusal(client.chat_postMessage(channel=outside, text="x")) == "not_in_channel"
    eve = slack.person("eve").id
    told = client.chat_postEphemeral(channel=builds, user=eve, text="x")
    assert await refusal(told) == "user_not_in_channel"
    ana.archive("builds")
    assert await refusal(client.chat_postMessage(channel=builds, text="x")) == "is_archived"


async def test_what_is_no_message(client, builds):
    def post(**parts):
        return refusal(client.api_call("chat.postMessage", json={"channel": builds, **parts}))

    assert await post(text=" ") == "no_text"
    assert await post(text="x" * 40_001) == "msg_too_long"
    assert await post(text="x", blocks="[") == "invalid_blocks_format"
    assert await post(text="x", metadata={"event_type": "x"}) == "invalid_metadata_format"
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=builds, text="x", blocks=SECTION * 51)
    assert refused.value.response["error"] == "invalid_blocks"
    told = refused.value.response["response_metadata"]["messages"]
    assert told == ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]


async def test_a_reply_to_what_is_gone_is_not_in_a_thread(slack, client, builds, ana):
    head = ana.say("builds", "soon gone")
    ana.delete("builds", head.ts)
    posted = await client.chat_postMessage(channel=builds, text="x", thread_ts=head.ts)
    assert "thread_ts" not in posted["message"]
    assert [message.text for message in ana.messages("builds")] == ["x"]


async def test_replies_and_history_are_paged(slack, client, builds, ana):
    head = ana.say("builds", "head")
    for nth in range(4):
        ana.say("builds", str(nth), thread_ts=head.ts)
    ana.say("builds", "next")
    read, cursor = [], None
    while cursor != "":
        page = await client.conversations_replies(channel=builds, ts=head.ts, limit=2, cursor=cursor)
        read += [message["text"] for message in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert read == ["head", "0", "1", "2", "3"]
    history = await client.conversations_history(channel=builds)
    assert [message["text"] for message in history["messages"]] == ["next", "head"]
    assert history["messages"][1]["reply_count"] == 4
    one = await client.conversations_history(channel=builds, latest=head.ts, inclusive=True, limit=1)
    assert [message["text"] for message in one["messages"]] == ["head"]
    assert await refusal(client.conversations_replies(channel=builds, ts="1.0")) == "thread_not_found"
    assert await refusal(client.conversations_history(channel=builds, cursor="?")) == "invalid_cursor"


async def test_a_thread_tells_metadata_when_asked(client, builds, ana):
    head = ana.say("builds", "head")
    await client.chat_postMessage(
        channel=builds, text="x", thread_ts=head.ts, metadata={"event_type": "a", "event_payload": {}}
    )
    quiet = await client.conversations_replies(channel=builds, ts=head.ts)
    full = await client.conversations_replies(channel=builds, ts=head.ts, include_all_metadata=True)
    assert "metadata" not in quiet["messages"][1]
    assert full["messages"][1]["metadata"]["event_type"] == "a"


async def test_permalinks(slack, client, builds, ana):
    head = ana.say("builds", "head")
    reply = ana.say("builds", "reply", thread_ts=head.ts)
    link = (await client.chat_getPermalink(channel=builds, message_ts=reply.ts))["permalink"]
    place = f"{slack.team_url}archives/{builds}/p{reply.ts.replace('.', '')}"
    assert link == f"{place}?thread_ts={head.ts}&cid={builds}"
    assert await refusal(client.chat_getPermalink(channel=builds, message_ts="1.0")) == "message_not_found"


async def test_files_tell_where_they_are_shared(slack, client, builds, ana):
    secret = slack.channel("secret", kind="private", members=["ana"], bot=False).id
    head = ana.say("builds", "head")
    shared = ana.share("builds", [("Shop 4.2.apk", b"PK12")], thread_ts=head.ts)
    ana.share_again(secret, shared.file_id)
    hidden = ana.share(secret, [("b.apk", b"PK")])
    slack.faults.add("files.info", value="no_shares")
    assert (await client.files_info(file=shared.file_id))["file"]["shares"] == {}
    file = (await client.files_info(file=shared.file_id))["file"]
    assert list(file["shares"]) == ["public"]
    assert file["shares"]["public"][builds][0]["ts"] == shared.ts
    assert file["shares"]["public"][builds][0]["thread_ts"] == head.ts
    assert (file["name"], file["size"], file["channels"]) == ("Shop 4.2.apk", 4, [builds])
    assert file["url_private_download"].endswith("/download/shop_4.2.apk")
    assert await refusal(client.files_info(file=hidden.file_id)) == "file_not_found"
    assert await refusal(client.files_info(file="F0")) == "file_not_found"


async def test_people_and_their_conversations(slack, client, ana, builds):
    ben = slack.person("ben")
    slack.channel("both", kind="private", members=["ana", "ben"])
    slack.channel("secret", kind="private", members=["ana"], bot=False)
    slack.channel("outside", members=["ana"], bot=False)
    ana.im()
    every = "public_channel,private_channel,im,mpim"

    async def names(**who):
        told = await client.users_conversations(types=every, **who)
        return sorted(channel.get("name", "(im)") for channel in told["channels"])

    assert await names(user=ana.id) == ["both", "builds", "outside"]
    assert await names() == ["(im)", "both", "builds"]
    members = await client.conversations_members(channel=builds)
    assert members["members"] == [ana.id, ben.id, slack.bot_user_id]
    late = slack.person("eli", tz="Asia/Kolkata", is_restricted=True)
    told = (await client.users_info(user=late.id))["user"]
    assert (told["tz"], told["tz_offset"], told["is_restricted"]) == ("Asia/Kolkata", 19_800, True)
    assert await refusal(client.users_info(user="U0")) == "user_not_found"
    bot = (await client.bots_info(bot=slack.bot_id))["bot"]
    assert bot["user_id"] == slack.bot_user_id
    assert (await client.conversations_info(channel=builds))["channel"]["is_member"]


async def test_views_are_checked(client, slack):
    assert await refusal(client.views_open(trigger_id="1.2.3", view={})) == "invalid_trigger_id"
    assert await refusal(client.views_update(view_id="V0", view={})) == "not_found"


async def test_faults_speak_as_slack_does(slack, client, builds):
    slack.faults.add("chat.postMessage", status=429, retry_after=7)
    slack.faults.add("chat.postMessage", error="fatal_error")
    slack.faults.add("chat.postMessage", status=503, body="<html>", content_type="text/html")
    with pytest.raises(SlackApiError) as limited:
        await client.chat_postMessage(channel=builds, text="x")
    assert (limited.value.response.status_code, limited.value.response["error"]) == (429, "ratelimited")
    assert limited.value.response.headers["Retry-After"] == "7"
    assert await refusal(client.chat_postMessage(channel=builds, text="x")) == "fatal_error"
    with pytest.raises(SlackApiError) as broken:
        await client.chat_postMessage(channel=builds, text="x")
    assert broken.value.response.status_code == 503
    assert slack.world.in_channel(builds) == []


async def test_an_answer_can_be_lost_after_the_work(slack, client, builds):
    slack.faults.add("chat.postMessage", answer_lost=True)
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=builds, text="x")
    assert [message.text for message in slack.world.in_channel(builds)] == ["x"]


async def test_a_call_can_be_held(slack, client, builds):
    held = slack.faults.add("chat.postMessage", hold=True)
    posting = asyncio.ensure_future(client.chat_postMessage(channel=builds, text="x"))
    await held.reached()
    assert slack.world.in_channel(builds) == []
    held.release()
    assert (await posting)["ok"]


async def test_strict_rates_are_kept_on_the_clock():
    clock = HeldClock()
    async with SlackSandbox(World(clock=clock), strict_rates=True) as slack:
        builds, other = slack.channel("builds").id, slack.channel("other").id
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        for _ in range(4):
            posted = await client.chat_postMessage(channel=builds, text="x")
        assert await refusal(client.chat_postMessage(channel=builds, text="x")) == "ratelimited"
        assert (await client.chat_postMessage(channel=other, text="x"))["ok"]
        clock.advance(1)
        assert (await client.chat_postMessage(channel=builds, text="x"))["ok"]
        for _ in range(50):
            await client.chat_update(channel=builds, ts=posted["ts"], text="y")
        update = client.chat_update(channel=builds, ts=posted["ts"], text="y")
        assert await refusal(update) == "ratelimited"
