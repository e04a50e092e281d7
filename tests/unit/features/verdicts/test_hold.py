"""A build waits for Zscaler's verdict where that is wanted: once, not for long, and in nobody's way."""

from dataclasses import replace

import pytest

from bot.core.scan import Build, Source, State
from bot.errors import Refused, TryLater
from bot.features.submission.decision import Decision, DecisionFacts
from bot.features.verdicts.models import Quota, SandboxReceipt, VerdictState
from tests.bench import Bench
from tests.fakes import SHOP_IOS, START, a_share
from tests.unit.features.verdicts.bench import BAD, FIRST_S, GOOD, Second, done, holding

HOLD_S = 1800.0


@pytest.fixture
def zscaler(bench: Bench) -> Second:
    return Second(bench)


async def test_a_held_build_waits_and_says_so(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted(hold_s=HOLD_S)

    assert (scan.state, scan.submission.due_at) == (State.QUEUED, START + HOLD_S)
    assert (
        scan.problem == "This build waits for Zscaler's verdict, 30 min at most. Then it is sent to OneTrust."
    )
    assert bench.scanner.orders == []
    assert (await bench.store.verdicts.due("zscaler", 5)).now == [scan.number]
    assert (await bench.store.queue.poll(5, busy=())).due == []


@pytest.mark.parametrize("verdict", [GOOD, BAD])
async def test_a_verdict_lets_it_go_on(bench: Bench, zscaler: Second, verdict: object) -> None:
    scan = await zscaler.analysing(hold_s=HOLD_S)
    zscaler.reports.always = done(verdict)  # type: ignore[arg-type]
    bench.clock.advance(FIRST_S)
    woken = zscaler.woken
    await zscaler.reporter.turn()

    assert zscaler.woken > woken
    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]
    await bench.pipeline.run(scan.number)
    assert await bench.state(scan.number) is State.SUBMITTED
    assert (await zscaler.verdict()).went_on_after_s is None


@pytest.mark.parametrize(
    "outcome",
    [Refused("No."), SandboxReceipt(is_covered=False), SandboxReceipt(verdict=BAD)],
)
async def test_whatever_ends_the_verdict_lets_it_go_on(
    bench: Bench, zscaler: Second, outcome: Exception | SandboxReceipt
) -> None:
    scan = await zscaler.submitted(hold_s=HOLD_S)
    zscaler.sandbox.outcomes = [outcome]

    await zscaler.turn()

    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]


async def test_a_used_up_quota_of_reports_lets_it_go_on(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.analysing(hold_s=HOLD_S)
    zscaler.reports.quotas = [(Quota(used=1000, allowed=1000, started_at=START),)]
    bench.clock.advance(FIRST_S)

    await zscaler.reporter.turn()

    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]


async def test_when_the_time_is_up_it_goes_on_by_itself_and_says_so(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted(hold_s=HOLD_S)
    zscaler.sandbox.always = TryLater("Away.")
    await zscaler.turn()
    bench.clock.advance(HOLD_S)
    assert (await bench.store.queue.poll(5, busy=())).due == [scan.number]

    await bench.new_pipeline(bench.breaker, holding=None).run(scan.number)

    assert await bench.state(scan.number) is State.SUBMITTED
    told = [event.why for event in await bench.store.scans.events(scan.number)]
    assert "went on without Zscaler's verdict after 30 min" in told
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.went_on_after_s) == (VerdictState.WAITING, HOLD_S)


async def test_a_later_try_is_never_held(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted(hold_s=HOLD_S)
    bench.scanner.outcomes = [TryLater("Later.")]

    pipeline = bench.new_pipeline(bench.breaker, holding=holding(HOLD_S))
    bench.clock.advance(HOLD_S)
    await pipeline.run(scan.number)
    assert await bench.state(scan.number) is State.QUEUED
    bench.clock.advance(60)

    await pipeline.run(scan.number)

    assert await bench.state(scan.number) is State.SUBMITTED


async def test_a_held_build_can_be_taken_back(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted(hold_s=HOLD_S)

    await bench.store.scans.cancel(scan.number, why="taken back", who="UANA")

    assert await bench.state(scan.number) is State.CANCELLED
    assert (await bench.store.verdicts.of("zscaler", scan.number))[1] is None


@pytest.mark.parametrize(
    ("build", "size_bytes"), [(SHOP_IOS, 1000), (None, 400_000_001)], ids=["ios", "too large"]
)
async def test_what_the_sandbox_does_not_take_is_not_held(
    bench: Bench, zscaler: Second, build: Build | None, size_bytes: int
) -> None:

    scan, _ = await bench.store.scans.record(a_share())
    verdict = Decision(state=State.SUBMITTING, why="")
    given = build or bench.reader.build

    applied = holding(HOLD_S).applied(
        verdict, given, replace(scan, size_bytes=size_bytes), DecisionFacts(), now=START
    )

    assert (applied.state, len(applied.requests), applied.held_until) == (State.SUBMITTING, 1, None)


async def test_zscaler_is_not_asked_about_the_shells_scans(bench: Bench) -> None:

    scan, _ = await bench.store.scans.record(a_share(), source=Source.SHELL)
    verdict = Decision(state=State.SUBMITTING, why="")

    assert holding(1.0).applied(verdict, bench.reader.build, scan, DecisionFacts(), now=START) == verdict
