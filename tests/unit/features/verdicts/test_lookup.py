"""``/appscan verdict``: from the history within what a person may see, else from Zscaler within its quota."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.core.scan import ChannelKind, Kind, Reason, Scan, State
from bot.errors import Maintenance, NotFound, Refused, TryLater, UsageError
from bot.features.hosts.lookup import BUSY, MAINTAINED
from bot.features.submission.card import Card
from bot.features.submission.decision import Decision, VerdictRequest
from bot.features.verdicts import lookup
from bot.features.verdicts.lookup import VerdictLookup
from bot.features.verdicts.models import (
    HashAnswer,
    NoAnswer,
    Quota,
    Report,
    ReportStatus,
    SandboxVerdict,
    Threat,
    VerdictState,
)
from bot.features.verdicts.side_scanner import ReportApi
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.bench import Bench
from tests.fakes import SHOP, FakeSandbox, a_share
from tests.unit.features import samples
from tests.unit.features.verdicts.bench import a_scanner

MD5 = "0123456789abcdef0123456789abcdef"
BENIGN = SandboxVerdict(threat=Threat.BENIGN, is_full=True)
GOES = Decision(
    state=State.SUBMITTING,
    why="",
    kind=Kind.NEW,
    reason=Reason.FIRST,
    route="webhook",
    requests=(VerdictRequest(scanner="zscaler"),),
)


FOUND = Report(status=ReportStatus.COMPLETED, verdict=samples.WHOLE_VERDICT)


@dataclass
class FakeReports:
    """Zscaler's reports: the same answer for every file, until told otherwise."""

    answer: Report = FOUND
    quotas: tuple[Quota, ...] = (Quota(used=958, allowed=1000),)
    trouble: Exception | None = None
    asked: list[str] = field(default_factory=list)
    wedged: asyncio.Event | None = None

    async def report(self, md5: str, *, full: bool = False) -> Report:
        assert full  # its risks come with it, for the same place in the quota
        self.asked.append(md5)
        await asyncio.sleep(0)
        if self.wedged is not None:
            await self.wedged.wait()
        if self.trouble is not None:
            raise self.trouble
        return self.answer

    async def quota(self) -> tuple[Quota, ...]:
        return self.quotas


def inquiry(bench: Bench, reports: ReportApi | None, *, sends: bool = True, **more: Any) -> VerdictLookup:
    return VerdictLookup(
        store=bench.store,
        card_for=bench.records.status,
        access=bench.policy,
        scanners=[a_scanner(FakeSandbox() if sends else None, reports)],
        clock=bench.clock,
        **more,
    )


async def a_scan(bench: Bench, file_id: str = "F1", *, body: str = "a", **share: Any) -> Scan:
    """Record a scan about which Zscaler is asked."""
    scan, _ = await bench.store.scans.record(a_share(file_id, ts=f"1790000000.{file_id[1:]:0>6}", **share))
    await bench.store.scans.begin(scan.number)
    pulled = {"sha256": body * 64, "size_bytes": 1000}
    await bench.store.scans.move(scan.number, State.CHECKING, why="", scan=pulled)
    return await bench.store.scans.decide(scan.number, SHOP, "Shop", lambda *_: GOES)


async def judged(bench: Bench, file_id: str = "F1", verdict: SandboxVerdict = BENIGN, **share: Any) -> Scan:
    scan = await a_scan(bench, file_id, **share)
    await bench.store.verdicts.keep("zscaler", scan.number, state=VerdictState.KNOWN, result=verdict, md5=MD5)
    return scan


async def ask(asking: VerdictLookup, typed: str) -> Card | list[HashAnswer | NoAnswer]:
    return await asking.ask("UBEN", "C1", typed)


async def shown(asking: VerdictLookup, typed: str) -> int:
    """Return the number of the scan that is shown."""
    told = await ask(asking, typed)
    assert isinstance(told, Card)
    return told.scan.number


async def live(asking: VerdictLookup, typed: str = MD5) -> HashAnswer:
    told = await ask(asking, typed)
    assert isinstance(told, list)
    [answer] = told
    assert isinstance(answer, HashAnswer)
    return answer


async def test_what_the_history_knows_is_told_from_there(bench: Bench):
    reports = FakeReports()
    asking = inquiry(bench, reports)
    scan = await judged(bench)

    for typed in (str(scan.number), f"#{scan.number}", "a" * 64, "a" * 12, MD5, f" `{MD5.upper()}`"):
        assert await shown(asking, typed) == scan.number
    assert reports.asked == []


async def test_of_several_scans_of_a_file_the_newest_with_a_verdict_is_told(bench: Bench):
    asking = inquiry(bench, None)
    await judged(bench, "F1")
    newest = await judged(bench, "F2")
    waiting = await a_scan(bench, "F3")
    await bench.store.verdicts.keep("zscaler", waiting.number, state=VerdictState.ANALYSING, md5=MD5)

    assert await shown(asking, MD5) == newest.number
    assert await shown(asking, "a" * 64) == newest.number


async def test_what_is_being_analysed_costs_no_report(bench: Bench):
    reports = FakeReports()
    scan = await a_scan(bench)
    await bench.store.verdicts.keep("zscaler", scan.number, state=VerdictState.ANALYSING, md5=MD5)
    assert await shown(inquiry(bench, reports), MD5) == scan.number
    assert reports.asked == []

    await bench.store.verdicts.keep("zscaler", scan.number, state=VerdictState.FAILED)
    assert (await live(inquiry(bench, reports))).report == reports.answer


async def test_a_private_scan_of_somebody_else_is_as_if_it_were_not_there(bench: Bench):
    reports = FakeReports()
    asking = inquiry(bench, reports)
    scan = await judged(bench, channel="G1", channel_kind=ChannelKind.PRIVATE)

    assert await live(asking) == HashAnswer(
        scanner=ZSCALER, md5=MD5, at=bench.clock.now(), report=reports.answer, left=41
    )
    with pytest.raises(NotFound, match="build with that SHA-256 that you can see"):
        await ask(asking, "a" * 64)
    with pytest.raises(NotFound, match="no scan with that number or request ID that you can see"):
        await ask(asking, str(scan.number))
    assert isinstance(await asking.ask("UBEN", "G1", MD5), Card)  # whoever asks there is in it


async def test_what_has_a_verdict_is_never_asked_again(bench: Bench):
    reports = FakeReports()
    first = await live(inquiry(bench, reports))
    bench.clock.advance(300 * 86_400)
    again = await live(inquiry(bench, reports), MD5.upper())

    assert reports.asked == [MD5]
    assert again == replace(first, left=None)
    assert await live(inquiry(bench, None)) == again


@pytest.mark.parametrize(
    ("status", "kept_s"),
    [(ReportStatus.NOT_FOUND, 86_400), (ReportStatus.OTHER, 86_400), (ReportStatus.IN_PROGRESS, 600)],
)
async def test_what_has_none_yet_is_asked_again_after_a_while(
    bench: Bench, status: ReportStatus, kept_s: float
):
    reports = FakeReports(answer=Report(status=status))
    asking = inquiry(bench, reports)
    await live(asking)
    bench.clock.advance(kept_s - 1)
    assert (await live(asking)).report.status is status
    assert reports.asked == [MD5]

    bench.clock.advance(1)
    await live(asking)
    assert reports.asked == [MD5, MD5]


async def test_two_who_ask_at_once_are_told_by_one_report(bench: Bench):
    reports = FakeReports()
    asking = inquiry(bench, reports)
    told = await asyncio.gather(*(ask(asking, MD5) for _ in range(5)))

    assert len(told) == 5
    assert reports.asked == [MD5]


async def test_without_quota_nothing_is_asked(bench: Bench):
    reports = FakeReports(quotas=(Quota(used=0, allowed=50), Quota(used=1000, allowed=1000)))
    with pytest.raises(TryLater, match="used up") as refused:
        await ask(inquiry(bench, reports), MD5)

    assert refused.value.user_message == ZSCALER.fill(lookup.USED_UP)
    assert reports.asked == []


async def test_trouble_is_told_plainly_and_asked_again_next_time(bench: Bench):
    reports = FakeReports()
    asking = inquiry(bench, reports)
    for trouble, told in (
        (TryLater("Zscaler can't be reached."), "Zscaler can't be reached. Ask again in a few minutes."),
        (TryLater("Zscaler is busy.", retry_after_s=3000), "Zscaler is busy. Ask again in 50 minutes."),
        (Maintenance("x"), ZSCALER.fill(MAINTAINED)),
        (Refused("Zscaler takes no login."), "Zscaler takes no login."),
    ):
        reports.trouble = trouble
        with pytest.raises((Refused, TryLater)) as refused:
            await ask(asking, MD5)
        assert refused.value.user_message == told

    reports.trouble = None
    assert (await live(asking)).report == reports.answer


async def test_nobody_waits_for_ever(bench: Bench):
    reports = FakeReports(wedged=asyncio.Event())
    with pytest.raises(TryLater) as late:
        await ask(inquiry(bench, reports, answer_s=0.01), MD5)
    assert late.value.user_message == ZSCALER.fill(BUSY)


async def test_where_no_reports_can_be_read_that_is_told(bench: Bench):
    with pytest.raises(NotFound, match="no login to its cloud service API"):
        await ask(inquiry(bench, None), MD5)


async def test_a_scan_that_zscaler_was_not_asked_about_says_so(bench: Bench):
    scan, _ = await bench.store.scans.record(a_share())
    with pytest.raises(NotFound, match=f"not asked about scan #{scan.number}"):
        await ask(inquiry(bench, None), str(scan.number))


async def test_what_is_no_number_or_hash_is_told(bench: Bench):
    asking = inquiry(bench, None)
    for typed in ("", "shop", "a" * 13, "a" * 31, "g" * 32, "1" * 16, "1 2", "<http://evil.example|x>", "٣"):
        with pytest.raises(UsageError) as wrong:
            await ask(asking, typed)
        assert wrong.value.user_message == lookup.USAGE
    with pytest.raises(UsageError, match="a SHA-1"):
        await ask(asking, "a" * 40)


async def test_old_answers_go_with_the_history(bench: Bench):
    reports = FakeReports()
    asking = inquiry(bench, reports)
    await live(asking)
    await bench.store.privacy.purge(bench.clock.now())
    await live(asking)
    assert reports.asked == [MD5]

    await bench.store.privacy.purge(bench.clock.now() + 1)
    await live(asking)
    assert reports.asked == [MD5, MD5]
