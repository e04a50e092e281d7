"""A reply follows its row through whatever Slack answers; what can't be shown now is shown later."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scan import State
from bot.features.submission.card import Card
from bot.features.submission.card_repository import Cards
from bot.features.submission.messages import reply_subject
from bot.slack.messages.delivery import GONE, POSTS, UPDATES
from bot.slack.messages.living_message import CROWDED_S, MESSAGE_BACKOFF, LivingMessages
from bot.slack.messages.posts import ATTEMPTS
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from sandbox.slack import Shared, SlackSandbox
from sandbox.world import Message
from tests.fakes import HeldClock, a_share, until
from tests.unit.features import samples


@dataclass
class Scene:
    """A recorded scan of a build that Ana shared, and what keeps its reply."""

    slack: SlackSandbox
    clock: HeldClock
    store: Repositories
    threads: LivingMessages[Card]
    shared: Shared
    number: int
    pace: RateLimiters

    @property
    def replies(self) -> list[Message]:
        thread = self.slack.person("ana").thread(self.shared.channel, self.shared.ts)
        return [message for message in thread if message.user == self.slack.bot_user_id]

    async def is_stale(self) -> bool:
        return self.number in await self.store.queue.stale()

    async def advance_until_shown(self) -> None:
        async def shown() -> bool:
            self.clock.advance(5)
            return not await self.is_stale()

        await until(shown)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await open_database(tmp_path / "appscan.db")
    async with SlackSandbox() as slack:
        shared = slack.person("ana").share(slack.channel("builds", members=["ana"]), [("shop.apk", b"PK")])
        clock = HeldClock()
        store = Repositories(database, clock)
        scan, _ = await store.scans.record(a_share(channel=shared.channel, ts=shared.ts))
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        client.retry_handlers = []  # as in the bot, a post is not made again where its answer was lost
        pace = RateLimiters(clock, POSTS)
        threads = LivingMessages(
            subject=reply_subject(store, samples.reply),
            client=client,
            bot_user_id=slack.bot_user_id,
            load=Cards(
                database=database,
                sections=samples.SECTIONS,
                log_url=lambda _: None,
                permalink=lambda _: None,
            ).card,
            pace=pace,
            updates=RateLimiter(clock, UPDATES),
            clock=clock,
        )
        yield Scene(slack, clock, store, threads, shared, scan.number, pace)
        slack.faults.clear()
        await threads.settle(0)
    await database.close()


async def test_replies_that_do_not_show_their_rows_are_shown_by_a_refresh(scene: Scene):
    other, _ = await scene.store.scans.record(a_share("F2", channel=scene.shared.channel, ts=scene.shared.ts))
    await scene.store.queue.shown(other.number, other.revision)

    await scene.threads.refresh()
    await scene.advance_until_shown()

    assert len(scene.replies) == 1
    assert f"#{scene.number}" in str(scene.replies[0].blocks)


GARBLED = pytest.mark.parametrize(
    "garbled",
    [
        {"status": 503, "content_type": "text/plain", "body": "upstream connect error"},
        {"status": 200, "content_type": "application/json", "body": '{"ok": tr'},
        {"status": 200, "content_type": "application/json", "body": "[]"},
        {"drop": True},
        {"error": "internal_error"},
    ],
    ids=["proxy", "cut", "list", "drop", "error"],
)


@GARBLED
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_call_that_fails_is_made_again(scene: Scene, method: str, garbled: dict[str, object]):
    if method == "chat.update":
        scene.threads.changed(scene.number)
        await scene.advance_until_shown()
        await scene.store.scans.begin(scene.number)
    failing = scene.slack.faults.add(method, times=3, **garbled)

    scene.threads.changed(scene.number)
    await scene.advance_until_shown()

    assert failing.left == 0
    assert len(scene.replies) == 1


async def test_what_was_given_up_is_shown_when_it_is_asked_for_again(scene: Scene):
    failing = scene.slack.faults.add("chat.postMessage", times=None, error="internal_error")
    scene.threads.changed(scene.number)

    def given_up() -> bool:
        if failing.used < ATTEMPTS:
            scene.clock.advance(60)
        return failing.used == ATTEMPTS

    await until(given_up)
    await scene.threads.settle(5)
    assert await scene.is_stale()
    scene.threads.changed(scene.number)  # as happens every minute: it is let rest
    await scene.threads.settle(5)
    assert failing.used == ATTEMPTS
    failing.cancel()

    scene.clock.advance(MESSAGE_BACKOFF.first_s)
    scene.threads.changed(scene.number)
    await scene.advance_until_shown()

    assert len(scene.replies) == 1


@pytest.mark.parametrize("code", ["account_inactive", "ekm_access_denied", "team_access_not_granted"])
async def test_while_all_calls_are_refused_a_reply_is_seldom_tried(scene: Scene, code: str):
    refused = scene.slack.faults.add("chat.postMessage", times=None, error=code)
    await scene.store.scans.begin(scene.number)
    await scene.store.scans.move(scene.number, State.REJECTED, why="no build", scan={"problem": "no build"})

    for _ in range(6 * 60):  # a runner asks each minute
        scene.threads.changed(scene.number)
        await scene.threads.settle(5)
        scene.clock.advance(60)

    assert refused.used == 11  # at 0, 1, 3, 7, 15, 31, 63, 123 minutes, and then each hour
    for _ in range(20):
        scene.clock.advance(3600)
        scene.threads.changed(scene.number)
        await scene.threads.settle(5)
    assert not await scene.is_stale()
    told = [event.why for event in await scene.store.scans.events(scene.number)]
    assert told[-1] == "the reply could not be posted: Slack did not take it for a day"


async def test_a_refused_reply_is_tried_at_once_when_there_is_news(scene: Scene):
    refused = scene.slack.faults.add("chat.postMessage", times=None, error="account_inactive")
    scene.threads.changed(scene.number)
    await scene.threads.settle(5)
    refused.cancel()
    await scene.store.scans.begin(scene.number)

    scene.threads.changed(scene.number)
    await scene.advance_until_shown()

    assert len(scene.replies) == 1


@pytest.mark.parametrize("code", sorted(GONE))
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_what_no_further_try_changes_is_noted_once(scene: Scene, method: str, code: str):
    if method == "chat.update":
        scene.threads.changed(scene.number)
        await scene.advance_until_shown()
    refused = scene.slack.faults.add(method, times=None, error=code)
    await scene.store.scans.begin(scene.number)
    await scene.store.scans.move(scene.number, State.REJECTED, why="no build", scan={"problem": "no build"})

    for _ in range(3):
        scene.threads.changed(scene.number)
        await scene.advance_until_shown()
        await scene.threads.settle(5)

    told = [event.why for event in await scene.store.scans.events(scene.number)]
    assert told.count(f"the reply could not be posted: {GONE[code]}") == 1
    assert refused.used <= 6


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_long_wait_that_slack_asks_for_is_kept(scene: Scene, method: str):
    if method == "chat.update":
        scene.threads.changed(scene.number)
        await scene.advance_until_shown()
        await scene.store.scans.begin(scene.number)
        scene.clock.advance(5)  # past the pause after the post
    limited = scene.slack.faults.add(method, status=429, retry_after=300)
    begun = scene.clock.now()
    scene.threads.changed(scene.number)
    await until(lambda: limited.used == 1)
    assert await scene.is_stale()
    await scene.advance_until_shown()

    assert scene.clock.now() - begun >= 300
    assert len(scene.replies) == 1
    assert not scene.slack.called("conversations.replies")  # it was surely not posted: nothing to look for


@pytest.mark.parametrize(
    "code", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long", "too_many_attachments"]
)
async def test_where_blocks_are_refused_words_go(scene: Scene, code: str):
    for method in ("chat.postMessage", "chat.update"):
        refused = scene.slack.faults.add(method, error=code)
        scene.threads.changed(scene.number)
        await scene.advance_until_shown()
        assert refused.used == 1
        assert not scene.replies[0].blocks
        assert "shop.apk" in scene.replies[0].text
        if method == "chat.postMessage":
            await scene.store.scans.begin(scene.number)


async def test_a_reply_is_found_behind_more_messages_than_slack_tells_at_once(scene: Scene):
    posting = scene.slack.faults.add("chat.postMessage", hold=True, answer_lost=True)
    scene.threads.changed(scene.number)
    await posting.reached()
    for number in range(450):
        scene.slack.person("ana").say(scene.shared.channel, f"me too {number}", thread_ts=scene.shared.ts)
    posting.release()

    await scene.advance_until_shown()

    assert len(scene.replies) == 1
    assert len(scene.slack.called("conversations.replies")) == 3


async def test_in_a_flood_a_reply_is_written_once_when_there_is_all_to_say(scene: Scene):
    others = []
    for place in range(2 * int(CROWDED_S)):
        ana = scene.slack.person("ana")
        shared = ana.share(scene.shared.channel, [(f"n{place}.apk", b"PK")])
        scan, _ = await scene.store.scans.record(
            a_share(f"F{place}", channel=shared.channel, ts=shared.ts, name=f"n{place}.apk")
        )
        others.append(scan.number)

    def posts() -> int:
        return len(scene.slack.called("chat.postMessage"))

    for number in [scene.number, *others]:
        scene.threads.changed(number)
    await until(lambda: scene.pace.of(scene.shared.channel).wait_s() > CROWDED_S)
    for _ in range(int(CROWDED_S)):
        scene.clock.advance(1)
        await until(lambda: len(scene.clock.naps) == 0 or posts() > 0)
    await scene.threads.settle(5)
    early = posts()
    assert CROWDED_S <= early <= CROWDED_S + 2

    for number in others:
        await scene.store.scans.begin(number)
        await scene.store.scans.move(number, State.REJECTED, why="no build", scan={"problem": "no build"})
        scene.threads.changed(number)

    async def shown() -> bool:
        scene.clock.advance(1)
        return not await scene.store.queue.stale()

    await scene.store.queue.shown(scene.number, 0)
    await until(shown)
    assert posts() == len(others) + 1
    assert len(scene.slack.called("chat.update")) <= early
