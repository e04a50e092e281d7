"""What could make Zscaler's part cost more than it should, or get in OneTrust's way."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.circuit_breaker import PROBE_BACKOFF
from bot.core.scan import State
from bot.core.work_dir import WorkDir
from bot.errors import NoRoom, PullFailed, TryLater
from bot.features.verdicts import report_poller, submitter, worker
from bot.features.verdicts.models import VerdictState
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.bench import Bench
from tests.fakes import a_share, until
from tests.unit.features.verdicts.bench import BAD, FIRST_S, GOOD, Second, done, holding

SAME = b"the very same bytes"


@pytest.fixture
def zscaler(bench: Bench) -> Second:
    return Second(bench)


async def _same_in(bench: Bench, zscaler: Second, count: int) -> None:
    for number in range(1, count + 1):
        bench.files.content[f"F{number}"] = SAME
        await zscaler.submitted(
            a_share(
                f"F{number}", ts=f"1790000000.{number:06d}", channel=f"C{number}", occasion="x", insist=True
            )
        )


async def test_the_same_file_in_five_channels_at_once_is_sent_once(bench: Bench, zscaler: Second) -> None:
    await _same_in(bench, zscaler, 5)
    zscaler.sandbox.gate = asyncio.Event()
    await zscaler.worker.turn()
    await until(lambda: zscaler.sandbox.sent != [])
    await zscaler.worker.turn()
    zscaler.sandbox.gate.set()
    await zscaler.turn()

    assert len(zscaler.sandbox.sent) == 1
    assert {(await zscaler.verdict(number)).state for number in range(1, 6)} == {VerdictState.ANALYSING}
    bench.clock.advance(FIRST_S)
    zscaler.reports.always = done(BAD)
    await zscaler.reporter.turn()
    assert len(zscaler.reports.asked) == 2  # the summary, and the whole
    assert sorted(zscaler.bad) == [1, 2, 3, 4, 5]


async def test_no_room_for_zscalers_pull_keeps_no_other_build_from_being_pulled(
    bench: Bench, zscaler: Second
) -> None:
    await zscaler.submitted()
    bench.files.troubles = [NoRoom()]
    await zscaler.turn()
    assert zscaler.work_dir.closed_until is None


class _Narrow(WorkDir):
    """A disk that takes 2 kB more."""

    def free_bytes(self) -> int:
        return 2000


@pytest.mark.parametrize(("size_bytes", "pulled"), [(1000, 1), (1001, 0)])
async def test_a_build_is_not_pulled_again_where_that_takes_the_room_of_another(
    bench: Bench, zscaler: Second, size_bytes: int, pulled: int
) -> None:
    await zscaler.submitted()
    bench.files.pulled.clear()
    await bench.database.write(lambda db: db.execute("UPDATE scans SET size_bytes = ?", [size_bytes]))
    zscaler.work_dir = _Narrow(bench.work_dir, bench.clock)

    await zscaler.turn(zscaler.new_worker())

    assert len(bench.files.pulled) == pulled
    verdict = await zscaler.verdict()
    assert verdict.state is (VerdictState.ANALYSING if pulled else VerdictState.WAITING)


async def test_while_a_probe_hangs_the_others_wait_in_peace(bench: Bench, zscaler: Second) -> None:
    for number in range(1, 9):
        bench.files.content[f"F{number}"] = f"build {number}".encode()
        await zscaler.submitted(a_share(f"F{number}", ts=f"1790000000.{number:06d}"))
    zscaler.sandbox.always = TryLater("Away.")
    await zscaler.turn()
    bench.clock.advance(31)
    zscaler.sandbox.gate = asyncio.Event()

    while (await bench.store.verdicts.due("zscaler", 1, busy=zscaler.worker.busy)).now:
        await zscaler.worker.turn()
        await until(lambda: len(zscaler.worker.busy) <= 1)

    waits = [await zscaler.verdict(number) for number in range(1, 9) if number not in zscaler.worker.busy]
    assert len(waits) == 7
    assert all(verdict.due_at >= bench.clock.now() + PROBE_BACKOFF.first_s for verdict in waits)
    await zscaler.worker.stop()


async def test_what_is_days_old_is_not_sent_by_surprise(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    bench.clock.advance(submitter.GIVE_UP_S + 1)  # Zscaler was not set up meanwhile

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, ZSCALER.fill(submitter.GAVE_UP))
    assert zscaler.sandbox.sent == []


async def test_where_builds_are_held_no_more_those_that_were_go_on_at_once(
    bench: Bench, zscaler: Second
) -> None:
    scan = await zscaler.submitted(hold_s=1800)
    await bench.store.queue.release(hasten=True)
    assert (await bench.store.queue.poll(5, busy=())).due == []

    await bench.store.verdicts.release_all(other_than=())

    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]
    await bench.new_pipeline(bench.breaker).run(scan.number)
    assert await bench.state(scan.number) is State.SUBMITTED


async def test_what_waits_for_slack_by_now_is_not_hastened(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted(hold_s=1800)
    bench.clock.advance(1800)
    bench.files.troubles = [PullFailed("Slack is slow.", retry_after_s=60)]
    await bench.new_pipeline(bench.breaker).run(scan.number)

    await bench.store.verdicts.release_all(other_than=())

    assert (await bench.store.queue.poll(5, busy=())).due == []


async def test_a_report_that_nobody_foresaw_keeps_no_other_waiting(bench: Bench, zscaler: Second) -> None:
    for number in (1, 2):
        await zscaler.analysing(a_share(f"F{number}", ts=f"1790000000.{number:06d}"))
    bench.clock.advance(FIRST_S)
    zscaler.reports.answers = [ZeroDivisionError()]
    zscaler.reports.always = done(BAD)

    await zscaler.reporter.turn()

    odd, other = await zscaler.verdict(1), await zscaler.verdict(2)
    assert (odd.state, odd.problem) == (VerdictState.ANALYSING, worker.INSIDE)
    assert odd.due_at > bench.clock.now()
    assert other.state is VerdictState.KNOWN


async def test_what_waits_behind_a_held_build_goes_on_when_that_one_is_taken_back(
    bench: Bench, zscaler: Second
) -> None:
    held = await zscaler.submitted(hold_s=1800)
    bench.files.content["F3"] = b"the bytes of F1"
    behind = await zscaler.submitted(a_share("F2", ts="1790000000.000002"), hold_s=1800)
    copy = await zscaler.submitted(a_share("F3", ts="1790000000.000003"), hold_s=1800)
    assert [each.state for each in (held, behind, copy)] == [State.QUEUED, State.WAITING, State.DUPLICATE]
    assert (await bench.store.verdicts.of("zscaler", copy.number))[1] is None

    await bench.store.scans.cancel(held.number, why="taken back", who="UANA")
    assert await bench.store.queue.wake_waiting() == [behind.number]
    pipeline = bench.new_pipeline(bench.breaker, holding=holding(1800))
    await pipeline.run(behind.number)
    assert await bench.state(behind.number) is State.QUEUED  # its own verdict is waited for
    await zscaler.turn()
    bench.clock.advance(FIRST_S)
    zscaler.reports.always = done(BAD)
    await zscaler.reporter.turn()

    assert (await bench.store.queue.poll(5, busy=())).due == [behind.number]
    await pipeline.run(behind.number)
    assert await bench.state(behind.number) is State.SUBMITTED
    assert len(zscaler.sandbox.sent) == 1


async def test_a_held_build_whose_time_is_up_while_onetrust_is_away_goes_when_that_is_back(
    bench: Bench, zscaler: Second
) -> None:
    scan = await zscaler.submitted(hold_s=60)
    bench.clock.advance(60)
    assert await bench.store.queue.park("Away.", busy=()) == [scan.number]
    await bench.store.queue.release(hasten=True)

    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]
    await bench.new_pipeline(bench.breaker, holding=holding(60)).run(scan.number)
    assert await bench.state(scan.number) is State.SUBMITTED
    assert (await zscaler.verdict()).went_on_after_s == 60


async def test_what_is_on_its_way_to_zscaler_makes_room_when_the_disk_is_full(
    bench: Bench, zscaler: Second
) -> None:
    await zscaler.submitted()
    zscaler.sandbox.gate = asyncio.Event()
    await zscaler.worker.turn()
    await until(lambda: zscaler.sandbox.sent != [])
    assert any(bench.work_dir.iterdir())

    assert zscaler.work_dir.mark_full() == bench.clock.now()  # kept builds go first
    until_s = zscaler.work_dir.mark_full()  # a build on its way to OneTrust found it so still
    assert await zscaler.worker.turn() == until_s
    assert not any(bench.work_dir.iterdir())

    bench.clock.advance(until_s - bench.clock.now())
    zscaler.sandbox.gate = None
    await zscaler.turn()
    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def test_a_verdict_that_is_known_while_the_same_file_is_pulled_is_taken_over(
    bench: Bench, zscaler: Second
) -> None:
    await zscaler.analysing()
    bench.files.content["F2"] = b"the bytes of F1"
    await zscaler.submitted(a_share("F2", ts="1790000000.000002", occasion="again", insist=True))
    zscaler.forget_builds()
    bench.files.gate = asyncio.Event()
    await zscaler.worker.turn()
    await until(lambda: bench.files.pulled == [1, 2, 2])
    bench.clock.advance(FIRST_S)
    zscaler.reports.always = done(BAD)
    await zscaler.reporter.turn()

    bench.files.gate.set()
    await until(lambda: not zscaler.worker.busy)

    assert len(zscaler.sandbox.sent) == 1
    assert ((await zscaler.verdict(2)).state, (await zscaler.verdict(2)).known_from) == (
        VerdictState.KNOWN,
        1,
    )


async def test_a_build_is_not_held_for_what_comes_after_that(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted(hold_s=1800)
    zscaler.sandbox.always = TryLater("Enough for today.", retry_after_s=40_000, status=429)

    await zscaler.turn()

    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]
    bench.clock.advance(5)
    await bench.new_pipeline(bench.breaker, holding=holding(1800)).run(scan.number)
    assert await bench.state(scan.number) is State.SUBMITTED
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.went_on_after_s) == (VerdictState.WAITING, 5)


async def test_a_report_about_another_file_of_the_same_md5_is_no_verdict(
    bench: Bench, zscaler: Second
) -> None:
    scan = await zscaler.analysing(hold_s=1800)
    zscaler.reports.always = replace(done(GOOD), sha256="0" * 64)
    bench.clock.advance(FIRST_S)

    await zscaler.reporter.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, ZSCALER.fill(report_poller.ANOTHER_FILE))
    assert verdict.result is None
    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]
