"""Takes what is due, as the rows and the clock say."""

import asyncio
from copy import copy
from dataclasses import replace

import pytest

from bot.core.circuit_breaker import AWAY, FAILURES, CircuitBreaker
from bot.core.scan import PARKED, Share, Source, State, SubmissionState
from bot.core.scheduler import MINIMUM_S
from bot.errors import BuildRejected, NotFound, PullFailed, TryLater
from bot.features.rescan_requests.models import RequestState
from bot.features.submission.intake import REQUEST_TIMEOUT_S, SEARCH_BACKOFF
from bot.features.submission.worker import MAXIMUM_POLL_INTERVAL_S, STOP_TIMEOUT_S, Worker
from tests.fakes import APP_ID, SHOP, START, a_share, until
from tests.unit.features.scenes import a_scan


@pytest.fixture
async def started(bench):
    """Run the domain; whatever is left hanging is let go at the end."""
    await bench.runner.start()
    yield bench
    for gate in (bench.files.gate, bench.scanner.before_commit, bench.scanner.after_commit):
        if gate is not None:
            gate.set()
    await bench.runner.stop()


async def idle(bench):
    """Wait until all loops have nothing to do, and have not just been told that there is something."""
    await until(
        lambda: (
            len(bench.clock.naps) == 3
            and not any(woken.is_set() for woken in bench.scheduler._woken.values())
        )
    )


async def in_state(bench, number, state):
    async def there():
        try:
            return await bench.state(number) is state
        except NotFound:
            return False

    await until(there)


async def test_what_is_shared_is_taken_up(started):
    number = await started.shared(a_share())

    await in_state(started, number, State.SUBMITTED)
    assert started.files.pulled == [number]


async def test_what_was_recorded_before_the_start_is_taken_up(bench):
    number = await bench.shared(a_share())

    await bench.runner.start()

    await in_state(bench, number, State.SUBMITTED)
    await bench.runner.stop()
    assert bench.files.pulled == [number]


async def test_no_more_than_so_many_are_worked_on_at_once(started):
    started.files.gate = asyncio.Event()
    for place in range(4):
        started.reader.by_name[f"{place}.apk"] = replace(SHOP, bundle_id=f"com.example.app{place}")
    numbers = [await started.shared(a_share(f"F{place}", name=f"{place}.apk")) for place in range(4)]
    await until(lambda: len(started.files.pulled) == 2)
    await idle(started)

    assert started.files.pulled == numbers[:2]
    assert [await started.state(number) for number in numbers[2:]] == [State.RECEIVED] * 2
    started.files.gate.set()
    for number in numbers:
        await in_state(started, number, State.SUBMITTED)
    assert sorted(started.files.pulled) == numbers


async def test_another_channel_does_not_wait_for_all_of_a_busy_one(started):
    started.files.gate = asyncio.Event()
    busy = [await started.shared(a_share(f"F{place}")) for place in range(4)]
    await until(lambda: len(started.files.pulled) == 2)
    other = await started.shared(a_share("F9", channel="C2"))
    await started.choices.cancel(busy[0], "UANA")
    await until(lambda: len(started.files.pulled) == 3)

    assert started.files.pulled == [*busy[:2], other]


async def test_a_queued_scan_goes_on_at_its_time(started):
    started.scanner.outcomes = [TryLater("Too many.", retry_after_s=20, status=429)]
    number = await started.shared(a_share())
    await in_state(started, number, State.QUEUED)
    await idle(started)
    assert started.clock.naps[0] == pytest.approx(20)

    started.clock.advance(19.9)
    await idle(started)
    assert await started.state(number) is State.QUEUED
    started.clock.advance(0.1)

    await in_state(started, number, State.SUBMITTED)
    assert len(started.scanner.orders) == 2


async def test_the_rows_are_looked_at_now_and_then_whatever_is_believed(started):
    await idle(started)
    assert started.clock.naps == [MAXIMUM_POLL_INTERVAL_S] * 3
    scan, _ = await started.store.scans.record(a_share())  # by somebody who wakes nobody

    started.clock.advance(MAXIMUM_POLL_INTERVAL_S)

    await in_state(started, scan.number, State.SUBMITTED)


async def test_a_scan_that_waited_goes_on_when_the_one_before_it_is_settled(started):
    started.scanner.before_commit = asyncio.Event()
    first = await started.shared(a_share())
    await until(lambda: started.scanner.waiting == 1)
    second = await started.shared(a_share("F2"))
    await in_state(started, second, State.WAITING)

    started.scanner.before_commit.set()

    await in_state(started, first, State.SUBMITTED)
    await in_state(started, second, State.ASKING)
    assert (await started.scan(second)).original == first
    assert State.RECEIVED in (await started.story(second))[1:]


async def test_a_scan_that_is_taken_back_makes_room_at_once(started):
    started.files.gate = asyncio.Event()
    numbers = [await started.shared(a_share(f"F{place}")) for place in range(3)]
    await until(lambda: len(started.files.pulled) == 2)

    await started.choices.cancel(numbers[0], "UANA")

    await until(lambda: len(started.files.pulled) == 3)
    assert await started.state(numbers[0]) is State.CANCELLED
    assert (await started.story(numbers[0])).count(State.CANCELLED) == 1


async def test_a_deleted_message_stops_its_pull(started):
    started.files.gate = asyncio.Event()
    number = await started.shared(a_share())
    await until(lambda: bool(started.files.pulled))

    await started.intake.deleted("C1", "1790000000.000100")

    await until(lambda: not any(path.exists() for path in started.files.paths))
    assert await started.state(number) is State.CANCELLED


async def test_files_without_their_message_are_looked_for_at_their_time(started):
    started.workspace.files["F1"] = [None, (a_share(),)]
    await started.intake.file_shared("F1", "C1", "1790000000.000200")
    await until(lambda: len(started.workspace.looks) == 1)
    await idle(started)
    assert started.clock.naps[0] == pytest.approx(SEARCH_BACKOFF.first_s)

    started.clock.advance(SEARCH_BACKOFF.first_s)

    await in_state(started, 1, State.SUBMITTED)


async def test_a_file_that_slack_is_slow_about_keeps_no_scan_waiting(bench):
    slow = asyncio.Event()
    asked = asyncio.Event()

    class SlowWorkspace:
        async def shares_of_file(self, *_):
            asked.set()
            await slow.wait()

    bench.intake.workspace = SlowWorkspace()
    await bench.runner.start()
    await bench.intake.file_shared("F9", "C1", "1790000000.000200")
    await asked.wait()

    number = await bench.shared(a_share())

    await in_state(bench, number, State.SUBMITTED)
    assert not slow.is_set()
    assert [order.number for order in bench.scanner.orders] == [number]
    slow.set()
    await bench.runner.stop()


async def test_waiting_rescans_lapse_at_their_time(started):
    request = await started.intake.await_build("UANA", "C1", APP_ID)
    await idle(started)
    started.clock.advance(REQUEST_TIMEOUT_S - 1)
    await until(lambda: len(started.clock.naps) == 3 and started.clock.naps[0] <= 1)
    assert started.board.updated == []

    started.clock.advance(1)

    await until(lambda: bool(started.board.updated))
    (told,) = started.board.updated
    assert (told.number, told.state) == (request.number, RequestState.LAPSED)


async def test_a_waiting_rescan_is_told_when_it_is_answered(started):
    request = await started.intake.await_build("UANA", "C1", APP_ID)

    number = await started.shared(a_share(thread_ts=request.message_ts))

    await until(lambda: bool(started.board.updated))
    assert started.board.updated[0].answer == number


async def test_a_start_takes_up_what_the_last_process_left(bench):
    pulling = await a_scan(bench.store, State.PULLING)
    other = replace(SHOP, bundle_id="com.example.other")
    lost = await a_scan(bench.store, State.SUBMITTING, a_share("F2"), build=other)
    await bench.store.scans.commit(lost.number)

    await bench.runner.start()

    await in_state(bench, pulling.number, State.SUBMITTED)
    uncertain = await bench.scan(lost.number)
    assert (uncertain.state, uncertain.submission.state) == (State.UNCERTAIN, SubmissionState.UNCERTAIN)
    assert len(bench.scanner.orders) == 1
    assert {pulling.number, lost.number} <= set(bench.announcer.told)
    await bench.runner.stop()


async def test_what_a_shell_left_behind_is_cleared_away(started):
    share = Share(file_name="shop.apk", occasion="shell")
    scan, _ = await started.store.scans.record(share, source=Source.SHELL, held_until=START + 5)
    await idle(started)
    assert await started.state(scan.number) is State.RECEIVED

    started.clock.advance(MAXIMUM_POLL_INTERVAL_S)

    await in_state(started, scan.number, State.CANCELLED)


async def test_trouble_with_the_database_is_no_hot_loop(bench, caplog):
    number = await bench.shared(a_share())
    await bench.fill_disk()
    await bench.runner.start()
    await until(lambda: any("could not process scan" in record.getMessage() for record in caplog.records))
    await idle(bench)
    assert len(caplog.records) == 2  # that it happened, and that it will be tried again
    assert bench.scheduler.alive

    await bench.clear_disk()
    bench.clock.advance(MAXIMUM_POLL_INTERVAL_S)

    await in_state(bench, number, State.SUBMITTED)
    await bench.runner.stop()


async def test_pulls_that_fail_are_tried_again_by_the_clock(started):
    started.files.troubles = [PullFailed("Slack is busy.", retry_after_s=10)]
    number = await started.shared(a_share())
    await in_state(started, number, State.QUEUED)
    await idle(started)

    started.clock.advance(10)

    await in_state(started, number, State.SUBMITTED)
    assert started.files.pulled == [number, number]


class TestScannerAway:
    @pytest.fixture
    async def away(self, started):
        """A scanner that is away since five scans failed, which are parked."""
        started.scanner.commits = False
        started.scanner.outcomes = [TryLater("It is away.", status=503) for _ in range(200)]
        started.numbers = [await self.share(started, place) for place in range(FAILURES)]
        await until(lambda: started.breaker.is_open)
        await idle(started)
        return started

    async def share(self, bench, place):
        bench.reader.by_name[f"{place}.apk"] = replace(SHOP, bundle_id=f"com.example.app{place}")
        return await bench.shared(a_share(f"F{place}", channel=f"C{place}", name=f"{place}.apk"))

    async def probe(self, bench):
        """Let the pause pass, until a scan is sent."""
        sent = len(bench.scanner.orders)
        bench.clock.advance(bench.breaker.wait_s)

        def sent_after_a_while() -> bool:
            if len(bench.scanner.orders) == sent:
                bench.clock.advance(MINIMUM_S)  # the loop may just have been on its way to bed
            return len(bench.scanner.orders) > sent

        await until(sent_after_a_while)

    async def probed(self, bench, times):
        """Let the next probe go and fail, and all that is due be parked."""

        async def parked() -> bool:
            return not bench.runner._tasks and not (await bench.store.queue.poll(FAILURES, busy=())).due

        await self.probe(bench)
        await until(parked)
        await idle(bench)
        assert len(bench.scanner.orders) == times

    async def test_what_is_shared_meanwhile_is_not_pulled_and_says_why(self, away):
        pulled = len(away.files.pulled)
        number = await self.share(away, 9)
        await in_state(away, number, State.QUEUED)
        await idle(away)

        scan = await away.scan(number)
        assert (scan.problem, scan.submission.due_at, scan.submission.attempts) == (AWAY, PARKED, 0)
        assert len(away.files.pulled) == pulled

    async def test_after_each_pause_one_scan_is_sent_another_each_time(self, away):
        naps = []
        for times in range(1, 5):
            naps.append(round(away.breaker.wait_s))
            await self.probed(away, FAILURES + times)

        assert naps == [30, 60, 120, 240]
        probes = {order.file_name for order in away.scanner.orders[-4:]}
        assert probes == {f"{place}.apk" for place in range(4)}
        told = [len(await away.store.scans.events(number)) for number in away.numbers]
        away.clock.advance(away.breaker.wait_s - 1)
        await idle(away)
        assert [len(await away.store.scans.events(number)) for number in away.numbers] == told

    async def test_all_go_at_once_when_a_probe_gets_through(self, away):
        late = await self.share(away, 9)
        await in_state(away, late, State.QUEUED)
        away.scanner.outcomes = []
        away.scanner.commits = True
        await self.probe(away)

        for number in [*away.numbers, late]:
            await in_state(away, number, State.SUBMITTED)
        assert len(away.scanner.orders) == FAILURES + len(away.numbers) + 1
        assert away.breaker.open_s is None

    async def test_scans_that_were_told_of_a_later_time_do_not_wait_for_it(self, started):
        started.scanner.outcomes = [TryLater("Down.", status=503), TryLater("Too many.", retry_after_s=2)]
        first = await self.share(started, 1)
        await in_state(started, first, State.QUEUED)
        second = await self.share(started, 2)
        await in_state(started, second, State.QUEUED)
        await idle(started)
        assert (await started.scan(first)).submission.due_at > START + 2

        started.clock.advance(2)

        await in_state(started, second, State.SUBMITTED)
        await in_state(started, first, State.SUBMITTED)
        assert started.clock.now() == START + 2

    async def test_a_probe_that_is_no_build_makes_room_for_the_next(self, away):
        away.reader.troubles = [BuildRejected("No build.")]
        away.scanner.outcomes = []
        away.scanner.commits = True
        await self.probe(away)

        await in_state(away, away.numbers[0], State.REJECTED)
        for number in away.numbers[1:]:
            await in_state(away, number, State.SUBMITTED)
        assert not away.breaker.is_open

    async def test_the_loop_naps_while_nothing_is_to_be_done(self, away):
        away.clock.advance(10)  # what failed before it opened is due by now
        await idle(away)
        await until(lambda: min(away.clock.naps) == pytest.approx(20))

        away.clock.advance(5)
        assert away.clock.naps == pytest.approx([15, 15, 15])

    async def test_the_next_process_finds_out_for_itself(self, away):
        number = await self.share(away, 9)
        await in_state(away, number, State.QUEUED)
        await away.runner.stop()
        away.scanner.outcomes = []
        away.scanner.commits = True
        breaker = CircuitBreaker(away.clock)
        runner = Worker(
            store=away.store,
            pipeline=away.new_pipeline(breaker),
            intake=away.intake,
            announcer=away.announcer,
            clock=away.clock,
            breaker=breaker,
            concurrency=2,
            scheduler=away.scheduler,
        )
        await runner.start()

        await in_state(away, number, State.SUBMITTED)
        await runner.stop()
        assert not breaker.is_open

    async def test_no_tries_are_used_up_by_waiting(self, away):
        number = await self.share(away, 9)
        for times in range(1, 31):
            await self.probed(away, FAILURES + times)

        tries = [(await away.scan(each)).submission.attempts for each in [*away.numbers, number]]
        assert sum(tries) == FAILURES + 30
        assert max(tries) - min(tries) <= 1


class TestStop:
    async def test_an_idle_runner_stops(self, bench):
        assert not bench.scheduler.alive
        await bench.runner.start()
        assert bench.scheduler.alive

        await bench.runner.stop()

        assert not bench.scheduler.alive

    async def test_one_that_was_never_started_stops_too(self, bench):
        await bench.runner.stop()

        assert not bench.scheduler.alive

    async def test_what_runs_is_handed_back(self, bench):
        bench.files.gate = asyncio.Event()
        await bench.runner.start()
        numbers = [await bench.shared(a_share(f"F{place}")) for place in range(3)]
        await until(lambda: len(bench.files.pulled) == 2)

        await bench.runner.stop()

        assert [await bench.state(number) for number in numbers] == [State.RECEIVED] * 3
        assert list(bench.work_dir.iterdir()) == []
        assert len(bench.files.pulled) == 2

    async def test_what_is_nearly_done_is_waited_for(self, bench):
        bench.scanner.after_commit = asyncio.Event()
        await bench.runner.start()
        number = await bench.shared(a_share())
        await until(lambda: bench.scanner.waiting == 1)
        stopping = asyncio.create_task(bench.runner.stop())
        await until(lambda: STOP_TIMEOUT_S in bench.clock.naps)

        bench.clock.advance(STOP_TIMEOUT_S - 1)
        bench.scanner.after_commit.set()
        await stopping

        assert await bench.state(number) is State.SUBMITTED

    async def test_what_takes_too_long_is_uncertain(self, bench):
        bench.scanner.after_commit = asyncio.Event()
        await bench.runner.start()
        number = await bench.shared(a_share())
        await until(lambda: bench.scanner.waiting == 1)
        stopping = asyncio.create_task(bench.runner.stop())
        await until(lambda: STOP_TIMEOUT_S in bench.clock.naps)

        bench.clock.advance(STOP_TIMEOUT_S)
        await stopping

        assert await bench.state(number) is State.UNCERTAIN

    async def test_some_are_handed_back_while_others_are_waited_for(self, bench):
        bench.scanner.after_commit = asyncio.Event()
        await bench.runner.start()
        done = await bench.shared(a_share())
        await until(lambda: bench.scanner.waiting == 1)
        bench.files.gate = asyncio.Event()
        back = await bench.shared(a_share("F2"))
        await until(lambda: len(bench.files.pulled) == 2)
        stopping = asyncio.create_task(bench.runner.stop())
        await in_state(bench, back, State.RECEIVED)
        bench.scanner.after_commit.set()

        await stopping

        assert await bench.state(done) is State.SUBMITTED
        assert await bench.state(back) is State.RECEIVED

    async def test_what_commits_while_it_is_looked_at_is_finished_or_handed_back_and_never_uncertain(
        self, bench
    ):
        gate = bench.scanner.before_commit = asyncio.Event()
        await bench.runner.start()
        bench.reader.by_name["other.apk"] = replace(SHOP, bundle_id="com.example.other")
        numbers = [await bench.shared(a_share("F1")), await bench.shared(a_share("F2", name="other.apk"))]
        await until(lambda: bench.scanner.waiting == 2)

        class Slow:
            """The scans' rows; between a look at one and its answer, both submissions go on."""

            def __getattr__(self, name):
                return getattr(bench.store.scans, name)

            async def scan(self, number):
                return await self.late(bench.store.scans.scan(number))

            async def requeue(self, number, **about):
                return await self.late(bench.store.scans.requeue(number, **about))

            async def late(self, look):
                seen = await look
                gate.set()
                await until(lambda: bench.scanner.waiting == 0)
                await bench.store.scans.pulls(1)  # what they write then is written
                return seen

        bench.runner.store = copy(bench.store)
        bench.runner.store.scans = Slow()
        await bench.runner.stop()

        assert {await bench.state(number) for number in numbers} == {State.RECEIVED, State.SUBMITTED}

    async def test_nothing_is_taken_up_any_more(self, bench):
        await bench.runner.start()
        await bench.runner.stop()

        number = await bench.shared(a_share())

        assert bench.runner._tasks == {}
        assert await bench.state(number) is State.RECEIVED
