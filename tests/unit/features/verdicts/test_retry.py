"""Asking Zscaler again: what goes on from where, once, and what does not."""

import asyncio

import pytest

from bot.core.scan import State
from bot.errors import FileUnavailable, NotFound, Refused, Superseded
from bot.features.verdicts import worker
from bot.features.verdicts.models import Report, ReportStatus, SandboxReceipt, VerdictState
from bot.features.verdicts.report_poller import WITHIN_S
from bot.features.verdicts.retry import VerdictRetry
from bot.features.verdicts.submitter import GIVE_UP_S
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.bench import Bench
from tests.fakes import a_share
from tests.unit.features.verdicts.bench import FIRST_S, GOOD, NOT_THERE, TOO_LATE, Second, a_scanner, done


def again(zscaler: Second, *, sends: bool = True, reads: bool = True) -> VerdictRetry:
    bench = zscaler.bench
    return VerdictRetry(
        store=bench.store,
        announcer=bench.announcer,
        clock=bench.clock,
        wake=zscaler._wake,
        scanners={
            "zscaler": a_scanner(zscaler.sandbox if sends else None, zscaler.reports if reads else None)
        },
    )


async def missed(zscaler: Second, status: ReportStatus = ReportStatus.IN_PROGRESS) -> None:
    """Have a build sent, and its report asked for until that is given up."""
    await zscaler.analysing()
    zscaler.reports.always = Report(status=status)
    while (verdict := await zscaler.verdict()).state is VerdictState.ANALYSING:
        zscaler.bench.clock.advance(max(0.0, verdict.due_at - zscaler.bench.clock.now()))
        await zscaler.reporter.turn()


@pytest.fixture
def zscaler(bench: Bench) -> Second:
    return Second(bench)


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (Refused("Mend the token.", status=401), "Mend the token."),
        (SandboxReceipt(is_covered=False), ZSCALER.not_covered),
        (ZeroDivisionError(), worker.INSIDE),
    ],
)
async def test_what_was_not_taken_is_sent_again_and_onetrusts_part_stays(
    zscaler: Second, outcome: Exception | SandboxReceipt, problem: str
) -> None:
    zscaler.sandbox.outcomes = [outcome]
    before = await zscaler.analysing()
    assert (await zscaler.verdict()).problem == problem
    zscaler.bench.clock.advance(GIVE_UP_S + 1)
    zscaler.bench.announcer.told.clear()
    woken = zscaler.woken

    await again(zscaler).ask("zscaler", 1, "UDANA")

    verdict, now = await zscaler.verdict(), zscaler.bench.clock.now()
    assert (verdict.state, verdict.problem, verdict.attempts) == (VerdictState.WAITING, None, 0)
    assert (verdict.due_at, verdict.begun_at, verdict.ended_at) == (now, now, None)
    assert (zscaler.bench.announcer.told, zscaler.woken) == ([1], woken + 1)
    last = (await zscaler.bench.store.scans.events(1))[-1]
    assert (last.why, last.who) == ("ask Zscaler again", "UDANA")

    await zscaler.turn()

    assert (await zscaler.verdict()).state is VerdictState.ANALYSING
    assert len(zscaler.sandbox.sent) == 2
    after = await zscaler.bench.scan(1)
    assert (after.state, after.submission) == (State.SUBMITTED, before.submission)


async def test_a_file_that_came_back_is_sent(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.forget_builds()
    zscaler.bench.files.troubles = [FileUnavailable("Gone.")]
    await zscaler.turn()
    assert (await zscaler.verdict()).problem == ZSCALER.fill(worker.GONE)

    await again(zscaler).ask("zscaler", 1, "UDANA")
    await zscaler.turn()

    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def test_where_only_the_report_was_missing_it_is_asked_for_now_and_for_two_more_days(
    zscaler: Second,
) -> None:
    await missed(zscaler)
    before = await zscaler.verdict()
    assert (before.state, before.problem) == (VerdictState.FAILED, TOO_LATE)
    asked = len(zscaler.reports.asked)

    await again(zscaler).ask("zscaler", 1, "UDANA")

    verdict, now = await zscaler.verdict(), zscaler.bench.clock.now()
    assert (verdict.state, verdict.due_at, verdict.polls) == (VerdictState.ANALYSING, now, 0)
    assert (verdict.since, verdict.attempts) == (before.since, 1)  # as the day's quota counts it
    await zscaler.reporter.turn()
    assert len(zscaler.reports.asked) == asked + 1
    zscaler.bench.clock.advance(WITHIN_S - FIRST_S)
    zscaler.reports.always = done(GOOD)
    await zscaler.reporter.turn()
    assert (await zscaler.verdict()).result == GOOD
    assert len(zscaler.sandbox.sent) == 1


async def test_what_the_sandbox_knew_nothing_of_is_sent_again(zscaler: Second) -> None:
    await missed(zscaler, ReportStatus.NOT_FOUND)
    assert (await zscaler.verdict()).problem == NOT_THERE

    await again(zscaler).ask("zscaler", 1, "UDANA")
    await zscaler.turn()

    assert len(zscaler.sandbox.sent) == 2


async def test_a_verdict_that_could_not_be_read_is_read_once_that_is_set_up(zscaler: Second) -> None:
    await zscaler.submitted()
    await zscaler.turn(zscaler.new_worker(reads=False))

    with pytest.raises(NotFound) as still:
        await again(zscaler, reads=False).ask("zscaler", 1, "UDANA")
    assert still.value.user_message == ZSCALER.no_reports
    assert (await zscaler.verdict()).state is VerdictState.EXCLUDED

    zscaler.reports.always = done(GOOD)
    await again(zscaler).ask("zscaler", 1, "UDANA")
    await zscaler.reporter.turn()
    assert (await zscaler.verdict()).result == GOOD
    assert len(zscaler.sandbox.sent) == 1


async def test_what_is_known_of_the_very_same_file_by_now_is_not_asked_for(zscaler: Second) -> None:
    await missed(zscaler)
    zscaler.bench.files.content["F2"] = b"the bytes of F1"
    zscaler.sandbox.outcomes = [SandboxReceipt(verdict=GOOD)]
    await zscaler.analysing(a_share("F2", ts="1790000200.000001", insist=True))
    assert (await zscaler.verdict(2)).result == GOOD
    asked = len(zscaler.reports.asked)

    await again(zscaler).ask("zscaler", 1, "UDANA")
    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.result, verdict.known_from) == (VerdictState.KNOWN, GOOD, 2)
    assert (len(zscaler.sandbox.sent), len(zscaler.reports.asked)) == (2, asked)


async def test_pressed_twice_it_is_done_once(zscaler: Second) -> None:
    zscaler.sandbox.outcomes = [Refused("Mend the token.", status=401)]
    await zscaler.analysing()
    services = again(zscaler)

    both = await asyncio.gather(
        services.ask("zscaler", 1, "UDANA"), services.ask("zscaler", 1, "UELI"), return_exceptions=True
    )

    assert [type(each) for each in both if each is not None] == [Superseded]
    lines = [event.why for event in await zscaler.bench.store.scans.events(1)]
    assert lines.count("ask Zscaler again") == 1


async def test_without_the_sandbox_it_says_so_and_changes_nothing(zscaler: Second) -> None:
    zscaler.sandbox.outcomes = [Refused("Mend the token.", status=401)]
    await zscaler.analysing()

    with pytest.raises(NotFound) as refused:
        await again(zscaler, sends=False).ask("zscaler", 1, "UDANA")

    assert refused.value.user_message == ZSCALER.fill(ZSCALER.not_set_up)
    assert (await zscaler.verdict()).problem == "Mend the token."


async def test_what_has_a_verdict_or_does_not_exist_is_not_asked_again(zscaler: Second) -> None:
    zscaler.sandbox.outcomes = [SandboxReceipt(verdict=GOOD)]
    await zscaler.analysing()

    with pytest.raises(Superseded, match="there is nothing to retry"):
        await again(zscaler).ask("zscaler", 1, "UDANA")
    with pytest.raises(NotFound):
        await again(zscaler).ask("zscaler", 99, "UDANA")
