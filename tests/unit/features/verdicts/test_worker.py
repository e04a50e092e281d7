"""The second scanner's part: which builds are sent to the Sandbox, which are not, and when."""

import asyncio
import hashlib
from dataclasses import replace

import pytest
import sqlite_utils

from bot.core.scan import State
from bot.core.work_dir import FULL_BACKOFF
from bot.errors import (
    AppscanError,
    BuildRejected,
    FileUnavailable,
    Maintenance,
    NoRoom,
    PullFailed,
    Refused,
    TryLater,
)
from bot.features.hosts.models import HostsState
from bot.features.verdicts import submitter, worker
from bot.features.verdicts.models import SandboxReceipt, VerdictState, verdicts_of
from bot.scanners.zscaler import sandbox
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.bench import Bench
from tests.fakes import SHOP, SHOP_IOS, START, FakeHosts, a_share, until
from tests.unit.features.verdicts.bench import BAD, FIRST_S, GOOD, Second

BYTES = b"the bytes of F1"
MD5 = hashlib.md5(BYTES, usedforsecurity=False).hexdigest()


@pytest.fixture
def zscaler(bench: Bench) -> Second:
    return Second(bench)


async def test_an_apk_is_sent_for_analysis_after_it_went_to_onetrust(bench: Bench, zscaler: Second) -> None:
    scan = await zscaler.submitted()
    assert scan.state is State.SUBMITTED

    await zscaler.turn()

    assert zscaler.sandbox.sent == [(MD5, BYTES)]
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.md5) == (VerdictState.ANALYSING, MD5)
    assert (verdict.since, verdict.due_at, verdict.problem) == (START, START + FIRST_S, None)
    assert bench.announcer.told[-1] == scan.number
    assert await bench.state(scan.number) is State.SUBMITTED
    assert not any(bench.work_dir.iterdir())


async def test_the_build_that_was_pulled_for_onetrust_is_read_and_sent(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    hosts = FakeHosts()

    await zscaler.turn(zscaler.new_worker(hosts=hosts))

    assert (hosts.read, zscaler.sandbox.sent) == ([BYTES], [(MD5, BYTES)])
    assert bench.files.pulled == [1]


async def test_a_build_that_is_not_kept_is_pulled_again(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.forget_builds()

    await zscaler.turn()

    assert zscaler.sandbox.sent == [(MD5, BYTES)]
    assert bench.files.pulled == [1, 1]
    assert not any(bench.work_dir.iterdir())


async def test_a_stop_leaves_no_kept_build(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    assert any(bench.work_dir.iterdir())

    await zscaler.worker.stop()

    assert not any(bench.work_dir.iterdir())


async def test_no_build_is_kept_where_no_side_scanner_sees_it(bench: Bench) -> None:
    await bench.submitted(a_share())

    assert not any(bench.work_dir.iterdir())


async def test_kept_builds_make_room_for_a_build_on_its_way_to_onetrust(
    bench: Bench, zscaler: Second
) -> None:
    await zscaler.submitted()
    bench.files.troubles = [NoRoom()]
    bench.reader.by_name["news.apk"] = replace(SHOP, bundle_id="com.example.news")
    other = await bench.shared(a_share("F2", ts="1790000000.000002", name="news.apk"))
    await bench.pipeline.run(other)
    assert not any(bench.work_dir.iterdir())
    assert (await bench.scan(other)).submission.due_at == bench.clock.now()  # it does not wait

    await bench.pipeline.run(other)
    await zscaler.turn()

    assert await bench.state(other) is State.SUBMITTED
    assert zscaler.sandbox.sent == [(MD5, BYTES)]
    assert bench.files.pulled == [1, other, other, 1]


async def test_no_build_is_pulled_for_a_sandbox_that_does_not_answer(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    pulled = len(bench.files.pulled)
    zscaler.sandbox.away = TryLater("It can't be reached.")

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem, verdict.attempts) == (
        VerdictState.WAITING,
        "It can't be reached.",
        0,
    )
    assert (len(bench.files.pulled), zscaler.sandbox.sent) == (pulled, [])
    zscaler.sandbox.away = None
    bench.clock.advance(verdict.due_at - START)
    await zscaler.turn()
    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def test_no_build_is_pulled_for_hosts_that_nobody_can_look_up(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    pulled, asked = len(bench.files.pulled), 0
    answer: Exception | None = TryLater("Zscaler is away.")

    async def ask() -> None:
        nonlocal asked
        asked += 1
        if answer is not None:
            raise answer

    verdicts = zscaler.new_worker(alone=True, hosts=FakeHosts(), ask=ask)
    await zscaler.turn(verdicts)
    waits = await zscaler.verdict()
    assert (waits.state, waits.problem) == (VerdictState.WAITING, ZSCALER.fill(worker.LOOKUP_AWAY))
    assert (len(bench.files.pulled), asked) == (pulled, 1)

    answer = Refused("The login is refused.")  # an answer: what is wrong is said where hosts are looked up
    bench.clock.advance(60.0)
    await zscaler.turn(verdicts)
    found = await bench.store.hosts.of(1)
    assert found is not None
    assert found.state is HostsState.LOOKING
    assert (await zscaler.verdict()).state is VerdictState.EXCLUDED


async def test_hosts_that_could_not_be_looked_up_for_days_are_let_be(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()

    async def ask() -> None:
        raise TryLater("Zscaler is away.")

    verdicts = zscaler.new_worker(alone=True, hosts=FakeHosts(), ask=ask)
    await zscaler.turn(verdicts)
    assert (await zscaler.verdict()).state is VerdictState.WAITING
    bench.clock.advance(submitter.GIVE_UP_S - 600.0)
    await zscaler.turn(verdicts)

    assert (await zscaler.verdict()).state is VerdictState.EXCLUDED
    assert await bench.store.hosts.of(1) is None


async def test_a_build_that_waits_for_a_person_is_judged_meanwhile(bench: Bench, zscaler: Second) -> None:
    await bench.submitted(a_share("F7", ts="1790000000.000007"))
    scan = await zscaler.submitted()
    assert scan.state is State.ASKING

    await zscaler.turn()

    assert (await zscaler.verdict(scan.number)).state is VerdictState.ANALYSING


async def test_an_instant_verdict_is_one(bench: Bench, zscaler: Second) -> None:
    await _sized(bench, zscaler, 20_000_001)
    zscaler.sandbox.outcomes = [SandboxReceipt(verdict=GOOD)]

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.result, verdict.since) == (VerdictState.KNOWN, GOOD, START)


async def test_what_is_too_large_is_not_even_pulled(bench: Bench, zscaler: Second) -> None:
    await _sized(bench, zscaler, 400_000_001)

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.EXCLUDED, sandbox.TOO_LARGE)
    assert bench.files.pulled == [1]


async def test_an_ios_app_is_not_sent_and_its_thread_says_why(bench: Bench, zscaler: Second) -> None:
    bench.reader.build = SHOP_IOS
    await zscaler.submitted(a_share(name="shop.ipa"))

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.EXCLUDED, sandbox.ONLY_APKS)
    assert zscaler.sandbox.sent == []


async def test_hosts_are_read_whatever_the_sandbox_takes(bench: Bench, zscaler: Second) -> None:
    bench.reader.build = SHOP_IOS
    await zscaler.submitted(a_share(name="shop.ipa"))
    hosts = FakeHosts()

    await zscaler.turn(zscaler.new_worker(hosts=hosts, alone=True))

    assert hosts.read == [BYTES]
    found = await bench.store.hosts.of(1)
    assert found is not None
    assert [host.url for host in found.hosts] == ["api.example.com"]
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.EXCLUDED, None)


@pytest.mark.parametrize("trouble", [BuildRejected("It is no build."), OSError(11, "no process")])
async def test_hosts_that_can_t_be_read_keep_no_build_from_the_sandbox(
    bench: Bench, zscaler: Second, trouble: Exception
) -> None:
    await zscaler.submitted()
    hosts = FakeHosts()
    hosts.outcomes = [trouble]

    await zscaler.turn(zscaler.new_worker(hosts=hosts))

    found = await bench.store.hosts.of(1)
    assert found is not None
    assert found.state is HostsState.FAILED
    assert found.problem in {"It is no build.", worker.INSIDE}
    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def test_hosts_are_read_once_however_often_sending_is_tried(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    hosts = FakeHosts()
    verdicts = zscaler.new_worker(hosts=hosts)
    zscaler.sandbox.outcomes = [TryLater("Later.")]
    await zscaler.turn(verdicts)
    bench.clock.advance(10)

    await zscaler.turn(verdicts)

    assert (len(hosts.read), len(zscaler.sandbox.sent)) == (1, 2)


async def test_a_verdict_on_the_very_same_file_is_taken_over(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [SandboxReceipt(verdict=BAD)]
    await zscaler.turn()
    bench.files.content["F2"] = BYTES
    share = a_share("F2", ts="1790000000.000002", occasion="again", insist=True)
    scan = await zscaler.submitted(share, hold_s=1800)
    assert scan.state is not State.QUEUED

    await zscaler.turn()

    verdict = await zscaler.verdict(2)
    assert (verdict.state, verdict.result, verdict.known_from) == (VerdictState.KNOWN, BAD, 1)
    assert verdict.md5 == MD5
    assert (len(zscaler.sandbox.sent), zscaler.bad) == (1, [1, 2])


async def test_whoever_shares_a_bad_build_again_reads_that_it_is_bad(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [SandboxReceipt(verdict=BAD)]
    await zscaler.turn()
    bench.files.content["F2"] = BYTES
    scan = await zscaler.submitted(a_share("F2", ts="1790000000.000002", occasion="again"))

    assert scan.state is State.DUPLICATE
    [shown] = verdicts_of(await bench.cards.card(scan.number))
    verdict = shown.verdict
    assert (verdict.scan, verdict.result, verdict.known_from) == (1, BAD, 1)
    assert (await bench.store.verdicts.of("zscaler", scan.number))[1] is None  # nothing is asked about it
    page = await bench.records.history("UBEN", "C1", "")
    assert page.threats == {1: {"zscaler": BAD.threat}}


async def test_known_malware_is_known_at_once_and_told(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [SandboxReceipt(verdict=BAD)]

    await zscaler.turn()

    assert (await zscaler.verdict()).result == BAD
    assert zscaler.bad == [1]


async def test_what_no_rule_covers_is_told(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [SandboxReceipt(is_covered=False)]

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.EXCLUDED, ZSCALER.not_covered)


async def test_where_no_report_can_be_read_the_settings_are_named(zscaler: Second) -> None:
    await zscaler.submitted()

    await zscaler.turn(zscaler.new_worker(reads=False))

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.EXCLUDED, ZSCALER.no_reports)
    assert "ZSCALER_CLIENT_ID" in ZSCALER.no_reports
    assert verdict.since == START


async def test_the_report_on_what_was_analysed_before_is_asked_for_soon(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [SandboxReceipt(is_analysed=False)]

    await zscaler.turn()

    assert (await zscaler.verdict()).due_at == START + submitter.KNOWN_REPORT_S


async def test_a_clear_no_is_told_and_final(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [Refused("Mend the token.", status=401)]

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, "Mend the token.")


@pytest.mark.parametrize("error", [TryLater("Later."), Maintenance("Later.")])
async def test_later_is_tried_again_and_said(bench: Bench, zscaler: Second, error: TryLater) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [error]

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem, verdict.attempts) == (VerdictState.WAITING, "Later.", 1)
    assert START < verdict.due_at <= START + 5
    bench.clock.advance(5)
    await zscaler.turn()
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem, verdict.attempts) == (VerdictState.ANALYSING, None, 2)


async def test_a_pause_that_is_asked_for_is_kept_to(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [TryLater("Later.", retry_after_s=500, status=429)]

    await zscaler.turn()

    assert (await zscaler.verdict()).due_at == START + 500
    assert zscaler.sending.breaker.is_open


async def test_sending_is_given_up_after_a_day_and_more(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.always = TryLater("Later.")
    await zscaler.turn()
    bench.clock.advance(submitter.GIVE_UP_S - 2)
    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, ZSCALER.fill(submitter.GAVE_UP))


async def test_a_dead_sandbox_is_not_tried_for_each_of_many(bench: Bench, zscaler: Second) -> None:
    for number in range(1, 9):
        bench.files.content[f"F{number}"] = f"build {number}".encode()
        await zscaler.submitted(a_share(f"F{number}", ts=f"1790000000.{number:06d}"))
    zscaler.sandbox.always = TryLater("Away.")

    await zscaler.turn()

    tried = len(zscaler.sandbox.sent)
    assert tried <= 6
    assert bench.files.pulled == list(range(1, 9))  # each once, for OneTrust
    problems = {(await zscaler.verdict(number)).problem for number in range(1, 9)}
    assert problems == {"Away.", ZSCALER.fill(submitter.AWAY)}


@pytest.mark.parametrize("trouble", [FileUnavailable("Gone."), BuildRejected("Another one.")])
async def test_a_file_that_is_gone_from_slack_ends_it_quietly(
    bench: Bench, zscaler: Second, trouble: AppscanError
) -> None:
    await zscaler.submitted()
    zscaler.forget_builds()
    bench.files.troubles = [trouble]

    await zscaler.turn(zscaler.new_worker(hosts=FakeHosts()))

    verdict, hosts = await zscaler.verdict(), await bench.store.hosts.of(1)
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, ZSCALER.fill(worker.GONE))
    assert hosts is not None
    assert (hosts.state, hosts.problem) == (HostsState.FAILED, worker.HOSTS_GONE)


async def test_a_file_that_is_another_one_now_is_not_sent(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.forget_builds()
    bench.files.content["F1"] = b"something else"

    await zscaler.turn()

    assert zscaler.sandbox.sent == []
    assert (await zscaler.verdict()).problem == ZSCALER.fill(worker.GONE)


async def test_a_pull_that_fails_is_tried_again_for_a_day_and_more(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.forget_builds()
    for passed_s, wait_s in ((0, 5), (100, 50), (10_000, 900)):
        bench.clock.advance(START + passed_s - bench.clock.now())
        bench.files.troubles = [PullFailed("Slack is slow.")]
        await zscaler.turn()
        verdict = await zscaler.verdict()
        assert (verdict.state, verdict.problem) == (VerdictState.WAITING, "Slack is slow.")
        assert verdict.due_at == START + passed_s + wait_s

    bench.clock.advance(submitter.GIVE_UP_S - 10_600)
    bench.files.troubles = [PullFailed("Slack is slow.")]
    await zscaler.turn()

    assert (await zscaler.verdict()).problem == ZSCALER.fill(worker.GONE)


async def test_a_full_disk_only_puts_off(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.forget_builds()
    bench.files.troubles = [NoRoom()]
    await zscaler.turn()
    waits = await zscaler.verdict()
    assert (waits.state, waits.attempts) == (VerdictState.WAITING, 0)
    assert waits.due_at == START + FULL_BACKOFF.maximum_s
    assert zscaler.work_dir.closed_until is None  # for builds on their way to OneTrust

    bench.clock.advance(waits.due_at - bench.clock.now())
    await zscaler.turn()

    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def test_a_hundred_files_a_day_are_sent_and_the_next_one_waits_and_says_so(
    bench: Bench, zscaler: Second
) -> None:
    await zscaler.submitted()
    await _sent_before(bench, 100)
    await zscaler.turn()
    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.WAITING, ZSCALER.fill(submitter.QUOTA_USED))
    assert verdict.due_at == START - 100 + submitter.DAY_S
    assert zscaler.sandbox.sent == []

    bench.clock.advance(verdict.due_at - bench.clock.now())
    await zscaler.turn()

    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def test_the_same_file_of_two_scans_is_sent_once(bench: Bench, zscaler: Second) -> None:
    await zscaler.analysing()
    bench.files.content["F2"] = BYTES
    share = a_share("F2", ts="1790000000.000002", occasion="again", insist=True)
    bench.clock.advance(60)
    await zscaler.submitted(share)

    await zscaler.turn()

    first, other = await zscaler.verdict(1), await zscaler.verdict(2)
    assert len(zscaler.sandbox.sent) == 1
    assert (other.state, other.md5, other.since, other.due_at) == (
        VerdictState.ANALYSING,
        MD5,
        first.since,
        first.due_at,
    )
    assert await bench.store.verdicts.sent_since("zscaler", START) == 1


async def test_one_that_is_taken_back_is_not_sent(bench: Bench, zscaler: Second) -> None:
    await bench.submitted(a_share("F7", ts="1790000000.000007"))
    scan = await zscaler.submitted()
    await bench.store.scans.cancel(scan.number, why="taken back", who="UANA")

    await zscaler.turn()

    assert zscaler.sandbox.sent == []


async def test_two_are_sent_at_a_time_and_the_rest_waits_for_its_turn(bench: Bench, zscaler: Second) -> None:
    zscaler.sandbox.gate = asyncio.Event()
    for number in range(1, 4):
        bench.files.content[f"F{number}"] = f"build {number}".encode()
        share = a_share(f"F{number}", ts=f"1790000000.{number:06d}", occasion=str(number), insist=True)
        await zscaler.submitted(share)
    await zscaler.worker.turn()
    await until(lambda: len(zscaler.sandbox.sent) == 2)
    await zscaler.worker.turn()
    assert len(zscaler.worker.busy) == 2

    zscaler.sandbox.gate.set()
    await until(lambda: not zscaler.worker.busy)
    await zscaler.turn()

    assert len(zscaler.sandbox.sent) == 3


async def test_what_a_stop_interrupts_is_sent_by_the_next_start(bench: Bench, zscaler: Second) -> None:
    zscaler.sandbox.gate = asyncio.Event()
    await zscaler.submitted()
    await zscaler.worker.turn()
    await until(lambda: zscaler.sandbox.sent != [])
    await zscaler.worker.stop()
    assert (await zscaler.verdict()).state is VerdictState.WAITING
    zscaler.sandbox.gate = None

    await zscaler.turn(zscaler.new_worker())

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.attempts) == (VerdictState.ANALYSING, 2)
    assert not any(bench.work_dir.iterdir())


async def test_an_error_that_nobody_foresaw_ends_this_one_alone(zscaler: Second) -> None:
    await zscaler.submitted()
    zscaler.sandbox.outcomes = [ZeroDivisionError()]

    await zscaler.turn()

    verdict = await zscaler.verdict()
    assert (verdict.state, verdict.problem) == (VerdictState.FAILED, worker.INSIDE)


async def test_a_store_that_fails_leaves_it_due(bench: Bench, zscaler: Second) -> None:
    await zscaler.submitted()
    await bench.fill_disk()

    await zscaler.worker.turn()
    await until(lambda: not zscaler.worker.busy)

    assert (await zscaler.verdict()).state is VerdictState.WAITING
    await bench.clear_disk()
    await zscaler.turn()
    assert (await zscaler.verdict()).state is VerdictState.ANALYSING


async def _sized(bench: Bench, zscaler: Second, size_bytes: int) -> None:
    """Submit a build and let it be of a size, as the row says."""
    scan = await zscaler.submitted()
    await bench.database.write(
        lambda db: db.execute("UPDATE scans SET size_bytes = ? WHERE number = ?", [size_bytes, scan.number])
    )


async def _sent_before(bench: Bench, count: int) -> None:
    """Have so many builds sent a while ago, as by an earlier process."""

    def work(db: sqlite_utils.Database) -> None:
        for number in range(100, 100 + count):
            db.execute(
                "INSERT INTO scans (number, state, source, created_at, updated_at, file_name) "
                "VALUES (?, 'submitted', 'slack', 0, 0, 'x.apk')",
                [number],
            )
            db.execute(
                "INSERT INTO submissions (scan, scanner, state, attempts) "
                "VALUES (?, 'zscaler', 'accepted', 1)",
                [number],
            )
            db.execute(
                "INSERT INTO opinions (scan, scanner, state, begun_at, since) "
                "VALUES (?, 'zscaler', 'known', 0, ?)",
                [number, START - 100],
            )

    await bench.database.write(work)
