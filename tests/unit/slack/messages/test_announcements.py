"""Results and verdicts are announced once in their threads, whatever Slack answers and when the bot stops."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.core.scan import Kind, Reason, Source, State, SubmissionState
from bot.core.scheduler import Scheduler
from bot.features.results.messages import result_subject
from bot.features.results.models import OneTrustScanStatus, ResultState
from bot.features.submission.card_repository import Cards
from bot.features.submission.decision import Decision, VerdictRequest
from bot.features.verdicts.messages import verdict_subject
from bot.features.verdicts.models import SandboxVerdict, Threat, VerdictState
from bot.features.verdicts.views import verdict_message
from bot.slack.messages import subjects
from bot.slack.messages.delivery import GONE, POSTS, UPDATES
from bot.slack.messages.living_message import GIVE_UP_S, REFRESH_INTERVAL_S, LivingMessages
from bot.storage.database import Database
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from sandbox.reading import Reader
from sandbox.slack import Shared, SlackSandbox
from sandbox.world import Message
from tests.fakes import SHOP, HeldClock, a_share, until
from tests.unit.features import samples

ASKED = Decision(
    state=State.SUBMITTING,
    why="new app",
    kind=Kind.NEW,
    reason=Reason.FIRST,
    route="webhook",
    requests=(VerdictRequest(scanner="zscaler"),),
)


@dataclass
class Scene:
    """Scans of builds that Ana shared, and what tells of their results."""

    slack: SlackSandbox
    clock: HeldClock
    store: Repositories
    database: Database
    shared: list[Shared] = field(default_factory=list)
    made: list[LivingMessages] = field(default_factory=list)

    def new(self, pace: RateLimiters | None = None, *, of_verdicts: bool = False) -> LivingMessages:
        """Return what tells of results, or of verdicts, remembering nothing, as after a start."""
        client = AsyncWebClient(token=self.slack.bot_token, base_url=self.slack.api_url)
        client.retry_handlers = []  # as in the bot, a post is not made again where its answer was lost
        if of_verdicts:
            render = partial(verdict_message, scanner="zscaler", mention=True)
            subject = verdict_subject(self.store, "zscaler", render)
        else:
            subject = result_subject(self.store, partial(samples.announcement, mention=True))
        made = LivingMessages(
            subject=subject,
            client=client,
            bot_user_id=self.slack.bot_user_id,
            load=Cards(
                database=self.database,
                sections=samples.SECTIONS,
                log_url=lambda _: None,
                permalink=lambda _: None,
            ).card,
            pace=pace or RateLimiters(self.clock, POSTS),
            updates=RateLimiter(self.clock, UPDATES),
            clock=self.clock,
        )
        self.made.append(made)
        return made

    def looking(self, *, of_verdicts: bool = False) -> Scheduler:
        """Have it looked again and again for what is still to be told, as after a start."""
        scheduler = Scheduler(self.clock)
        scheduler.start(self.new(of_verdicts=of_verdicts).job)
        return scheduler

    async def scanned(self, state: ResultState = ResultState.COMPLETED, channel: str = "builds") -> int:
        """Share a build, and let OneTrust be done with it; return the scan's number."""
        ana = self.slack.person("ana")
        shared = ana.share(self.slack.channel(channel, members=["ana"]), [("shop.apk", b"PK")])
        self.shared.append(shared)
        share = a_share(f"F{len(self.shared)}", channel=shared.channel, ts=shared.ts, by=ana.id)
        scan, _ = await self.store.scans.record(share)
        await self._submitted(scan.number)
        await self._ended(scan.number, state)
        return scan.number

    async def judged(self, verdict: SandboxVerdict = samples.WHOLE_VERDICT, **known: Any) -> int:
        """Share a build, and let Zscaler judge it, or know it from another scan; return the scan's number."""
        ana = self.slack.person("ana")
        shared = ana.share(self.slack.channel("builds", members=["ana"]), [("shop.apk", b"PK")])
        self.shared.append(shared)
        share = a_share(f"F{len(self.shared)}", channel=shared.channel, ts=shared.ts, by=ana.id)
        scan, _ = await self.store.scans.record(share)
        await self.store.scans.begin(scan.number)
        await self.store.scans.move(scan.number, State.CHECKING, why="pulled whole")
        await self.store.scans.decide(scan.number, SHOP, "Shop", lambda *_: ASKED)
        await self.store.verdicts.keep(
            "zscaler", scan.number, state=VerdictState.KNOWN, result=verdict, **known
        )
        return scan.number

    async def _submitted(self, number: int) -> None:
        await self.store.scans.begin(number)
        for to in (State.CHECKING, State.SUBMITTING, State.SUBMITTED):
            accepted = {"state": SubmissionState.ACCEPTED} if to is State.SUBMITTED else None
            await self.store.scans.move(number, to, why="", submission=accepted)

    async def _ended(self, number: int, state: ResultState) -> None:
        if state is ResultState.COMPLETED:
            await self.store.results.keep(number, samples.RESULTS)
        else:
            await self.store.results.update(
                number, state=state, status=OneTrustScanStatus(state.name), ended_at=self.clock.now()
            )

    def told(self, place: int = 0) -> list[Message]:
        """Return the bot's messages in the thread of a share."""
        shared = self.shared[place]
        thread = self.slack.person("ana").thread(shared.channel, shared.ts)
        return [message for message in thread if message.user == self.slack.bot_user_id]

    async def announced(self, number: int) -> str | None:
        followed = await self.store.results.followed(number)
        return followed.announced_ts if followed is not None else None

    async def advance_until_told(self, number: int) -> None:
        async def told() -> bool:
            self.clock.advance(5)
            waiting = [
                *await self.store.results.to_announce(),
                *await self.store.verdicts.to_announce("zscaler"),
            ]
            return number not in waiting

        await until(told)

    async def notes(self, number: int) -> list[str]:
        return [event.why for event in await self.store.scans.events(number)]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await open_database(tmp_path / "appscan.db")
    async with SlackSandbox() as slack:
        clock = HeldClock()
        place = Scene(slack, clock, Repositories(database, clock), database)
        yield place
        slack.faults.clear()
        for made in place.made:
            await made.settle(0)
    await database.close()


async def test_a_result_is_told_once(scene: Scene):
    number = await scene.scanned()
    announcements = scene.new()
    for _ in range(3):
        announcements.changed(number)
        announcements.changed(number)
        await announcements.settle(5)

    (message,) = scene.told()
    assert await scene.announced(number) == message.ts
    assert Reader(scene.slack.world).body(message).startswith("📊 @ana ")
    assert "4 SDKs" in message.text


@pytest.mark.parametrize("state", [ResultState.FAILED, ResultState.INTERRUPTED])
async def test_a_scan_that_came_to_nothing_is_told(scene: Scene, state: ResultState):
    number = await scene.scanned(state)
    scene.new().changed(number)
    await scene.advance_until_told(number)

    assert "[ Scan again ]" in Reader(scene.slack.world).body(scene.told()[0])


async def test_what_has_not_ended_is_not_told(scene: Scene):
    number = await scene.scanned(ResultState.FAILED)
    await scene.store.results.update(number, state=ResultState.RUNNING, ended_at=None)
    announcements = scene.new()
    announcements.changed(number)
    await announcements.settle(5)

    assert not scene.told()


async def test_a_start_tells_what_the_last_one_did_not(scene: Scene):
    numbers = [await scene.scanned() for _ in range(3)]
    scheduler = scene.looking()
    for number in numbers:
        await scene.advance_until_told(number)
    await scheduler.stop()

    assert [len(scene.told(place)) for place in range(3)] == [1, 1, 1]


async def test_a_later_look_finds_what_nobody_told_of(scene: Scene):
    scheduler = scene.looking()
    await until(lambda: bool(scene.clock.naps))
    number = await scene.scanned()
    scene.clock.advance(REFRESH_INTERVAL_S)
    await scene.advance_until_told(number)
    await scheduler.stop()

    assert len(scene.told()) == 1


async def test_a_message_whose_answer_was_lost_is_found_again(scene: Scene):
    number = await scene.scanned()
    lost = scene.slack.faults.add("chat.postMessage", answer_lost=True)
    scene.new().changed(number)
    await scene.advance_until_told(number)

    assert lost.used == 1
    (message,) = scene.told()
    assert await scene.announced(number) == message.ts


async def test_a_message_that_the_last_process_posted_is_found_again(scene: Scene):
    number = await scene.scanned()
    scene.new().changed(number)
    await scene.advance_until_told(number)
    await scene.store.results.set_announced(number, "")  # as it is while it is being posted

    scene.new().changed(number)
    await scene.advance_until_told(number)

    (message,) = scene.told()
    assert await scene.announced(number) == message.ts


async def test_where_looking_for_it_is_put_off_it_is_not_posted_blindly(scene: Scene):
    number = await scene.scanned()
    scene.new().changed(number)
    await scene.advance_until_told(number)
    await scene.store.results.set_announced(number, "")
    limited = scene.slack.faults.add("conversations.replies", status=429, retry_after=60)

    scene.new().changed(number)
    await until(lambda: limited.used == 1)
    await scene.advance_until_told(number)

    assert len(scene.told()) == 1


async def test_a_scan_that_was_forgotten_meanwhile_is_not_told(scene: Scene):
    number = await scene.scanned()
    pace = RateLimiters(scene.clock, POSTS)
    announcements = scene.new(pace)
    pace.of(scene.shared[0].channel).pause(60)
    announcements.changed(number)
    await until(lambda: bool(scene.clock.naps))  # it waits for its turn
    await scene.store.privacy.purge(scene.clock.now() + 1)
    scene.clock.advance(60)
    await announcements.settle(5)

    assert not scene.slack.called("chat.postMessage")


async def test_many_results_come_one_a_second_and_replies_between_them(scene: Scene):
    numbers = [await scene.scanned() for _ in range(5)]
    pace = RateLimiters(scene.clock, POSTS)
    announcements = scene.new(pace)
    began = scene.clock.now()
    for number in numbers:
        announcements.changed(number)
    await until(lambda: len(scene.slack.called("chat.postMessage")) == 1 and bool(scene.clock.naps))

    # A reply would come next but one, whatever else waits.
    assert pace.of(scene.shared[0].channel).wait_s() <= 2 * POSTS.window_s
    for number in numbers:
        await scene.advance_until_told(number)
    assert scene.clock.now() - began >= 4 * POSTS.window_s
    assert len(scene.slack.called("chat.postMessage")) == 5


@pytest.mark.parametrize("code", sorted(GONE))
async def test_what_no_further_try_changes_is_noted_once(scene: Scene, code: str):
    number = await scene.scanned()
    refused = scene.slack.faults.add("chat.postMessage", times=None, error=code)
    for _ in range(2):
        scene.new().changed(number)
        await scene.advance_until_told(number)

    assert await scene.announced(number) == subjects.GIVEN_UP
    assert (await scene.notes(number)).count(f"the result could not be posted: {GONE[code]}") == 1
    assert refused.used <= 3


async def test_a_thread_whose_message_is_gone_leaves_nothing_in_the_channel(scene: Scene):
    number = await scene.scanned()
    scene.slack.person("ana").delete(scene.shared[0].channel, scene.shared[0].ts)
    scene.new().changed(number)
    await scene.advance_until_told(number)

    assert await scene.announced(number) == subjects.GIVEN_UP
    assert not scene.slack.person("ana").messages("builds")
    assert (await scene.notes(number))[-1] == "the result could not be posted: its message is gone"


async def test_a_refusal_that_passes_is_waited_for(scene: Scene):
    number = await scene.scanned()
    scene.slack.faults.add("chat.postMessage", times=3, error="internal_error")
    scene.new().changed(number)
    await scene.advance_until_told(number)

    assert len(scene.told()) == 1


async def test_a_wait_that_slack_asks_for_is_kept(scene: Scene):
    number = await scene.scanned()
    limited = scene.slack.faults.add("chat.postMessage", status=429, retry_after=300)
    began = scene.clock.now()
    scene.new().changed(number)
    await until(lambda: limited.used == 1)
    await scene.advance_until_told(number)

    assert scene.clock.now() - began >= 300
    assert len(scene.told()) == 1
    assert not scene.slack.called("conversations.replies")  # it was surely not posted: nothing to look for


async def test_while_all_calls_are_refused_it_is_seldom_tried_and_given_up_after_a_day(scene: Scene):
    number = await scene.scanned()
    refused = scene.slack.faults.add("chat.postMessage", times=None, error="account_inactive")
    scheduler = scene.looking()
    began = scene.clock.now()
    while await scene.announced(number) != subjects.GIVEN_UP:
        used = refused.used
        await until(lambda: bool(scene.clock.naps))
        await scene.made[0].settle(5)
        scene.clock.advance(600)
        assert refused.used - used <= 1
    await scheduler.stop()

    assert GIVE_UP_S <= scene.clock.now() - began <= GIVE_UP_S + 2 * 3600
    assert refused.used < 40
    assert (await scene.notes(number))[-1].endswith("Slack did not take it for a day")


async def test_a_bad_verdict_is_told_once(scene: Scene):
    number = await scene.judged()
    for _ in range(3):
        verdicts = scene.new(of_verdicts=True)
        verdicts.changed(number)
        verdicts.changed(number)
        await verdicts.settle(5)

    (message,) = scene.told()
    _, verdict = await scene.store.verdicts.of("zscaler", number)
    assert verdict is not None
    assert verdict.announced_ts == message.ts
    assert message.metadata is not None
    assert message.metadata["event_type"] == "appscan_verdict"
    assert (
        Reader(scene.slack.world).body(message).startswith("🚨 @ana Zscaler Sandbox: Shop 4.2.0 is malicious")
    )


async def test_a_verdict_that_is_not_bad_is_not_told(scene: Scene):
    number = await scene.judged(SandboxVerdict(threat=Threat.BENIGN))
    verdicts = scene.new(of_verdicts=True)
    verdicts.changed(number)
    await verdicts.settle(5)

    assert not scene.told()


async def test_a_bad_verdict_known_from_an_earlier_scan_is_told_in_each_thread(scene: Scene):
    first = await scene.judged()
    second = await scene.judged(known_from=first)
    scheduler = scene.looking(of_verdicts=True)
    for number in (first, second):
        await scene.advance_until_told(number)
    await scheduler.stop()

    assert [len(scene.told(place)) for place in range(2)] == [1, 1]
    assert f"Known from scan #{first}" in scene.told(1)[0].text


async def test_a_verdict_whose_answer_or_process_was_lost_is_found_again(scene: Scene):
    number = await scene.judged()
    lost = scene.slack.faults.add("chat.postMessage", answer_lost=True)
    scene.new(of_verdicts=True).changed(number)
    await scene.advance_until_told(number)
    await scene.store.verdicts.set_announced("zscaler", number, "")  # as it is while it is being posted
    scene.new(of_verdicts=True).changed(number)
    await scene.advance_until_told(number)

    assert lost.used == 1
    assert len(scene.told()) == 1


async def test_a_verdict_without_its_thread_is_noted(scene: Scene):
    number = await scene.judged()
    scene.slack.person("ana").delete(scene.shared[0].channel, scene.shared[0].ts)
    scene.new(of_verdicts=True).changed(number)
    await scene.advance_until_told(number)

    assert (await scene.notes(number))[-1] == "the verdict could not be posted: its message is gone"


async def test_a_workspace_without_charts_gets_the_same_words_and_the_button(scene: Scene):
    scene.slack.world.team.charts = False
    number = await scene.scanned()
    scene.new().changed(number)
    await scene.advance_until_told(number)

    told = Reader(scene.slack.world).body(scene.told()[0])
    assert "SDKs by category" not in told
    assert "4 SDKs: 2 Targeting, 1 Functionality, 1 Performance" in told
    assert "[ All SDKs and permissions ]" in told


async def test_what_changes_later_is_shown_in_the_same_message(scene: Scene):
    number = await scene.scanned()
    announcements = scene.new()
    announcements.changed(number)
    await scene.advance_until_told(number)
    await announcements.settle(5)
    scene.slack.faults.add("chat.update", times=2, error="internal_error")
    for _ in range(5):
        announcements.changed(number)
    updates = scene.slack.called

    def shown() -> bool:
        scene.clock.advance(5)
        return len(updates("chat.update")) == 3

    await until(shown)
    await announcements.settle(5)

    assert len(scene.told()) == 1
    assert [call.answer["ok"] for call in updates("chat.update")] == [False, False, True]


async def test_announcement_found_again_is_brought_up_to_date(scene: Scene):
    number = await scene.scanned()
    scene.new().changed(number)
    await scene.advance_until_told(number)
    await scene.store.results.set_announced(number, "")  # the process ended while it was being posted

    later = scene.new()
    later.changed(number)
    await scene.advance_until_told(number)
    await later.settle(5)

    assert len(scene.slack.called("chat.postMessage")) == 1
    assert len(scene.slack.called("chat.update")) == 1


async def test_announcement_under_way_is_not_started_again_by_a_refresh(scene: Scene):
    number = await scene.scanned()
    posting = scene.slack.faults.add("chat.postMessage", hold=True)
    announcements = scene.new()
    announcements.changed(number)
    await posting.reached()

    await announcements.refresh()
    posting.release()
    await announcements.settle(5)

    assert len(scene.told()) == 1
    assert not scene.slack.called("chat.update")


async def test_announcement_that_can_no_longer_be_updated_stays_remembered(scene: Scene):
    number = await scene.scanned()
    announcements = scene.new()
    announcements.changed(number)
    await scene.advance_until_told(number)
    await announcements.settle(5)
    rejected = scene.slack.faults.add("chat.update", error="edit_window_closed")

    announcements.changed(number)
    await announcements.settle(5)

    assert rejected.used == 1
    assert await scene.announced(number) == scene.told()[0].ts
    assert not [why for why in await scene.notes(number) if "could not be posted" in why]


async def test_a_build_from_the_command_line_is_told_of_where_it_was_announced(scene: Scene):
    number = await scene.scanned()
    row = "UPDATE scans SET source = ? WHERE number = ?"
    await scene.database.write(lambda db: db.execute(row, [Source.SHELL.value, number]))
    assert await scene.store.results.to_announce() == [number]
    nowhere = "UPDATE scans SET channel = NULL WHERE number = ?"
    await scene.database.write(lambda db: db.execute(nowhere, [number]))
    assert await scene.store.results.to_announce() == []
