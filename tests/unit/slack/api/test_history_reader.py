"""What is read back of a conversation: page by page, with the threads that were replied to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scan import ChannelKind
from bot.errors import NotInvited, PullFailed
from bot.slack.api.history_reader import OLDER_PAGES, THREADS_S, SlackHistory
from bot.slack.api.identity import Identity
from sandbox.clock import HeldClock
from sandbox.slack import Person, SlackSandbox
from sandbox.world import Channel, World

PAGE = 200


class Unhurried:
    """The world's time; waits are over at once."""

    def __init__(self, world: World) -> None:
        self.now = world.now
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Scene:
    slack: SlackSandbox
    time: HeldClock
    clock: Unhurried
    past: SlackHistory

    @property
    def ana(self) -> Person:
        return self.slack.person("ana")

    @property
    def builds(self) -> Channel:
        return self.slack.channel("builds", members=["ana"])

    def chatter(self, count: int) -> None:
        for number in range(count):
            self.slack.world.post(self.builds.id, user=self.ana.id, text=f"Message {number}")

    async def names(self, since: float) -> list[str]:
        found = await self.past.messages(self.builds.id, since)
        assert all((one["channel"], one["channel_type"]) == (self.builds.id, "channel") for one in found)
        return [file["name"] for one in found for file in one["files"]]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    time = HeldClock()
    async with SlackSandbox(World(clock=time)) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        client.retry_handlers = []
        clock = Unhurried(slack.world)

        async def kind_of(channel: str) -> ChannelKind:
            return ChannelKind.PUBLIC

        past = SlackHistory(client, await Identity.ask(client), kind_of, clock)
        yield Scene(slack=slack, time=time, clock=clock, past=past)


async def test_all_pages_are_read_and_the_oldest_comes_first(scene: Scene):
    since = scene.time.now() - 1
    for name in ("one.apk", "two.apk", "three.apk"):
        scene.ana.share(scene.builds, [(name, b"PK")])
        scene.chatter(PAGE + 10)
    assert await scene.names(since) == ["one.apk", "two.apk", "three.apk"]
    assert len(scene.slack.called("conversations.history")) == 4
    assert len(scene.clock.slept) >= 4


async def test_nothing_from_before_is_returned(scene: Scene):
    scene.ana.share(scene.builds, [("before.apk", b"PK")])
    scene.time.advance(10)
    since = scene.time.now() - 1
    scene.time.advance(10)
    scene.ana.share(scene.builds, [("after.apk", b"PK")])
    assert await scene.names(since) == ["after.apk"]


async def test_long_threads_are_read_whole_and_a_broadcast_reply_is_found_once(scene: Scene):
    head = scene.ana.say(scene.builds, "Release 4.2")
    scene.time.advance(3600)
    since = scene.time.now() - 1
    for number in range(PAGE + 10):
        scene.slack.world.post(scene.builds.id, user=scene.ana.id, text=f"{number}", thread_ts=head.ts)
    shared = scene.ana.share(scene.builds, [("shop.apk", b"PK")], thread_ts=head.ts)
    message = scene.slack.world.find_message(shared.channel, shared.ts)
    assert message is not None
    message.broadcast = True
    assert await scene.names(since) == ["shop.apk"]
    assert len(scene.slack.called("conversations.replies")) == 2


async def test_heads_of_threads_are_looked_at_within_bounds(scene: Scene):
    too_old = scene.ana.say(scene.builds, "Too old")
    scene.time.advance(THREADS_S)
    far_up = scene.ana.say(scene.builds, "Too far up")
    scene.chatter(PAGE * (OLDER_PAGES + 1))
    near = scene.ana.say(scene.builds, "Near enough")
    scene.time.advance(3600)
    since = scene.time.now() - 1
    scene.time.advance(1)
    for head, name in ((too_old, "too-old.apk"), (far_up, "far-up.apk"), (near, "near.apk")):
        scene.ana.share(scene.builds, [(name, b"PK")], thread_ts=head.ts)
    assert await scene.names(since) == ["near.apk"]
    assert len(scene.slack.called("conversations.history")) == OLDER_PAGES + 1


async def test_a_thread_in_which_only_the_bot_replied_is_not_read(scene: Scene):
    since = scene.time.now() - 1
    shared = scene.ana.share(scene.builds, [("shop.apk", b"PK")])
    bot = scene.slack.service.bot
    scene.slack.world.post(
        shared.channel, user=bot.id, bot_id=bot.bot_id, text="Received", thread_ts=shared.ts
    )
    assert await scene.names(since) == ["shop.apk"]
    assert not scene.slack.called("conversations.replies")
    scene.ana.share(scene.builds, [("Shop.ipa", b"PK")], thread_ts=shared.ts)
    assert await scene.names(since) == ["shop.apk", "Shop.ipa"]


async def test_conversations_are_listed_whole_without_archived_ones(scene: Scene):
    made = [scene.slack.channel(f"channel-{n}", members=["ana"]).id for n in range(PAGE + 10)]
    scene.slack.channel("not-in", members=["ana"], bot=False)
    scene.slack.channel("archived", members=["ana"]).archived = True
    assert sorted(await scene.past.conversations()) == sorted([*made])


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived", "missing_scope"])
async def test_a_conversation_that_can_not_be_read_is_told_from_trouble(scene: Scene, code: str):
    scene.slack.faults.add("conversations.history", error=code)
    with pytest.raises(NotInvited):
        await scene.names(0)


@pytest.mark.parametrize(
    "fault", [{"status": 429, "retry_after": 1}, {"error": "invalid_auth"}, {"drop": True, "times": 2}]
)
@pytest.mark.parametrize(
    "method",
    ["users.conversations", "conversations.history", "conversations.replies"],
)
async def test_trouble_can_be_tried_again(scene: Scene, method: str, fault: dict):
    # The client's own second try on a connection that was kept is why it drops twice.
    since = scene.time.now() - 1
    head = scene.ana.say(scene.builds, "Release 4.2")
    scene.ana.share(scene.builds, [("shop.apk", b"PK")], thread_ts=head.ts)
    scene.slack.faults.add(method, **fault)
    with pytest.raises(PullFailed):
        await (scene.past.conversations() if method == "users.conversations" else scene.names(since))
    assert await scene.names(since) == ["shop.apk"]


async def test_answers_of_no_sense_are_passed_over(scene: Scene):
    body = (
        '{"ok": true, "messages": [null, 7, {}, {"ts": 5}, {"ts": "soon", "files": [{}]}, '
        '{"ts": "9.5", "subtype": ["channel_join"], "files": 7, "latest_reply": {}}], '
        '"response_metadata": null}'
    )
    scene.slack.faults.add("conversations.history", status=200, body=body, content_type="application/json")
    assert await scene.past.messages(scene.builds.id, 5.0) == []
