"""Following what was sent: reports are asked for late and seldom, within their quota, and not for ever."""

import pytest

from bot.core.scan import State
from bot.errors import Maintenance, NotFound, Refused, TryLater
from bot.features.verdicts import report_poller
from bot.features.verdicts.models import (
    Quota,
    Report,
    ReportStatus,
    Risk,
    SandboxVerdict,
    Threat,
    VerdictState,
)
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.bench import Bench
from tests.fakes import START, a_share
from tests.unit.features.verdicts.bench import BAD, FIRST_S, GOOD, NOT_THERE, TOO_LATE, Second, done

UNREADY = Report(status=ReportStatus.IN_PROGRESS)
MISSING = Report(status=ReportStatus.NOT_FOUND)


@pytest.fixture
async def zscaler(bench: Bench) -> Second:
    joined = Second(bench)
    await joined.analysing()
    return joined


async def later(zscaler: Second, seconds: float) -> None:
    zscaler.bench.clock.advance(seconds)
    await zscaler.reporter.turn()


async def test_nothing_is_asked_before_the_first_look_is_due(zscaler: Second) -> None:
    assert await zscaler.reporter.turn() == START + FIRST_S
    assert zscaler.reports.asked == []


async def test_a_verdict_is_kept_with_the_risks_of_the_full_report(zscaler: Second) -> None:
    full = SandboxVerdict(
        threat=Threat.MALICIOUS, risks=(Risk(level="HIGH", signature="Sends texts"),), is_full=True
    )
    zscaler.reports.answers = [done(BAD), done(full)]

    await later(zscaler, FIRST_S)

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.result, verdict.ended_at) == (VerdictState.KNOWN, full, START + FIRST_S)
    assert [asked[1] for asked in zscaler.reports.asked] == [False, True]
    assert zscaler.bad == [1]
    assert (await zscaler.bench.store.scans.events(1))[-1].why == "Zscaler's verdict: malicious"
    assert zscaler.bench.announcer.told[-1] == 1


@pytest.mark.parametrize("answer", [TryLater("Later."), NotFound("None."), done(GOOD)])
async def test_without_the_full_report_the_verdict_stands(
    zscaler: Second, answer: Exception | Report
) -> None:
    zscaler.reports.answers = [done(BAD, ReportStatus.NO_DYNAMIC), answer]

    await later(zscaler, FIRST_S)

    assert (await zscaler.verdict()).result == BAD


@pytest.mark.parametrize("answer", [UNREADY, NotFound("None.")])
async def test_what_is_not_ready_is_asked_for_again_ever_later(
    zscaler: Second, answer: Exception | Report
) -> None:
    zscaler.reports.always = answer
    waits = []
    for _ in range(8):
        due_at = (await zscaler.verdict()).due_at
        await later(zscaler, due_at - zscaler.bench.clock.now())
        waits.append((await zscaler.verdict()).due_at - zscaler.bench.clock.now())

    assert waits == [900, 1350, 2025, 3037.5, 3600, 3600, 3600, 3600]
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem, verdict.polls) == (VerdictState.ANALYSING, None, 8)


@pytest.mark.parametrize(("answer", "sentence"), [(UNREADY, TOO_LATE), (MISSING, NOT_THERE)])
async def test_after_two_days_there_is_no_verdict_and_its_thread_says_so(
    zscaler: Second, answer: Report, sentence: str
) -> None:
    zscaler.reports.always = answer

    await later(zscaler, report_poller.WITHIN_S - 10)

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, sentence)


async def test_a_bot_that_was_away_for_days_asks_for_nothing_that_old(zscaler: Second) -> None:
    await later(zscaler, report_poller.WITHIN_S + 1)

    assert zscaler.reports.asked == []
    assert (await zscaler.verdict()).problem == TOO_LATE


async def test_scans_of_one_file_share_a_look(bench: Bench, zscaler: Second) -> None:
    bench.files.content["F2"] = b"the bytes of F1"
    await zscaler.analysing(a_share("F2", ts="1790000000.000002", occasion="again", insist=True))
    zscaler.reports.answers = [done(BAD), done(BAD)]

    await later(zscaler, FIRST_S)

    assert len(zscaler.reports.asked) == 2
    for number in (1, 2):
        assert (await zscaler.verdict(number)).result == BAD
    assert sorted(zscaler.bad) == [1, 2]


@pytest.mark.parametrize("error", [TryLater("Not now."), Maintenance("Not now.")])
async def test_what_can_t_be_asked_now_is_asked_later_and_says_so(zscaler: Second, error: TryLater) -> None:
    zscaler.reports.answers = [error]

    await later(zscaler, FIRST_S)

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem, verdict.polls) == (VerdictState.ANALYSING, "Not now.", 0)
    assert verdict.due_at == START + FIRST_S + 900
    zscaler.reports.answers = [UNREADY]
    await later(zscaler, 900)
    assert (await zscaler.verdict()).problem is None


async def test_after_a_clear_no_nothing_is_asked_for_an_hour(bench: Bench, zscaler: Second) -> None:
    bench.clock.advance(300)
    await zscaler.analysing(a_share("F2", ts="1790000000.000002", occasion="again", insist=True))
    zscaler.reports.answers = [Refused("The role may not.", status=403)]
    await later(zscaler, 300)
    await later(zscaler, 300)

    assert len(zscaler.reports.asked) == 1
    for number in (1, 2):
        verdict = await zscaler.verdict(number)
        assert (verdict.problem, verdict.due_at) == ("The role may not.", START + FIRST_S + 3600)


async def test_a_used_up_quota_is_waited_for_and_said(zscaler: Second) -> None:
    used_up = (Quota(used=1000, allowed=1000, started_at=START - 3600),)
    zscaler.reports.quotas = [used_up, used_up]

    await later(zscaler, FIRST_S)

    verdict = await zscaler.verdict()
    assert zscaler.reports.asked == []
    assert (verdict.state, verdict.problem) == (
        VerdictState.ANALYSING,
        ZSCALER.fill(report_poller.QUOTA_USED),
    )
    assert verdict.due_at == START + FIRST_S + report_poller.USED_UP_S
    await later(zscaler, report_poller.USED_UP_S)  # nobody raised it yet
    assert (zscaler.reports.asked, zscaler.reports.quota_asked) == ([], 2)
    zscaler.reports.answers = [done(GOOD), done(GOOD)]
    await later(zscaler, report_poller.USED_UP_S)
    assert (await zscaler.verdict()).result == GOOD


async def test_a_quota_that_is_used_up_is_looked_at_no_later_than_its_window_ends(zscaler: Second) -> None:
    ends_at = START + FIRST_S + 400
    zscaler.reports.quotas = [(Quota(used=1000, allowed=1000, started_at=ends_at - 86_400),)]

    await later(zscaler, FIRST_S)

    assert (await zscaler.verdict()).due_at == ends_at


async def test_the_last_call_of_the_quota_goes_to_a_verdict(zscaler: Second) -> None:
    zscaler.reports.quotas = [(Quota(used=999, allowed=1000, started_at=START),)]
    zscaler.reports.answers = [done(BAD)]

    await later(zscaler, FIRST_S)

    assert (await zscaler.verdict()).result == BAD
    assert len(zscaler.reports.asked) == 1


@pytest.mark.parametrize("error", [TryLater("Not now."), Refused("No.")])
async def test_a_quota_that_can_t_be_told_is_no_reason_to_ask(
    zscaler: Second, error: TryLater | Refused
) -> None:
    zscaler.reports.quotas = [error]

    await later(zscaler, FIRST_S)

    assert zscaler.reports.asked == []
    verdict = await zscaler.verdict()
    assert verdict.problem == error.user_message
    assert verdict.due_at > START + FIRST_S


async def test_the_quota_is_not_asked_for_with_each_report(bench: Bench, zscaler: Second) -> None:
    bench.clock.advance(10)
    bench.files.content["F2"] = b"another"
    await zscaler.analysing(a_share("F2", ts="1790000000.000002", occasion="again", insist=True))
    await later(zscaler, FIRST_S - 10)
    await later(zscaler, 10)

    assert (len(zscaler.reports.asked), zscaler.reports.quota_asked) == (2, 1)


async def test_without_the_cloud_service_api_what_was_sent_before_ends(zscaler: Second) -> None:
    zscaler.bench.clock.advance(FIRST_S)
    await zscaler.new_reporter(None).turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.EXCLUDED, ZSCALER.no_reports)


async def test_a_purged_scan_is_asked_for_no_more(bench: Bench, zscaler: Second) -> None:
    assert await bench.store.privacy.purge(START + 1) == 1

    assert await zscaler.reporter.turn() is None


async def test_a_verdict_changes_nothing_in_onetrusts_part(bench: Bench, zscaler: Second) -> None:
    before = await bench.scan(1)
    zscaler.reports.always = done(BAD)

    await later(zscaler, FIRST_S)

    after = await bench.scan(1)
    assert (after.state, after.submission, after.problem) == (State.SUBMITTED, before.submission, None)
