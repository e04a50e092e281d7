"""The rows of breaches: judged once, with the results, and acknowledged once."""

import asyncio
import threading
from dataclasses import replace

import pytest

from bot.core.scan import FORGOTTEN, State
from bot.errors import NotFound, Superseded
from bot.features.compliance import repository
from bot.features.compliance.rules import Evidence, EvidenceKind, Rule, Violation, judge_by
from bot.features.results.models import AppScan, OneTrustScanStatus, Results, Sdk
from bot.features.retention.repository import PrivacyRepository
from tests.fakes import a_share, until
from tests.unit.features.scenes import a_scan

ADS = Sdk(package_id="com.ads", name="Ads", category="Targeting")
CLEAN = Results(scan=AppScan(id="scan-1", status=OneTrustScanStatus.COMPLETED), sdk_count=0)
WITH_ADS = replace(CLEAN, sdk_count=1, sdks=(ADS,))
JUDGE = judge_by(
    [
        Rule(name="No ads", no_sdks=("Ads",), tell=("UANNA", "S0PRIVACY")),
        Rule(name="Nothing new", no_new_sdks=True),
    ]
)


async def judged(database, store, results=WITH_ADS, file="F1", judge=JUDGE):
    """Bring a scan to its results; return it with its breaches."""
    scan = await a_scan(store, State.SUBMITTED, a_share(file))
    await store.results.keep(scan.number, results, judge)
    return scan, await database.read(lambda db: repository.read(db, scan.number))


async def timeline(store, scan):
    return [(event.why, event.who) for event in await store.scans.events(scan.number)]


async def test_what_breaks_the_policy_is_written_with_the_results(database, store):
    scan, violations = await judged(database, store)

    assert violations == (
        Violation(
            rule="No ads",
            found=(Evidence(what=EvidenceKind.SDK, name="Ads", category="Targeting"),),
            tell=("UANNA", "S0PRIVACY"),
            number=1,
            scan=scan.number,
        ),
    )
    assert (await timeline(store, scan))[-1] == ('violates compliance rule "No ads"', None)
    assert (await store.scans.scan(scan.number)).revision == scan.revision + 2  # results, and the breach


async def test_new_is_what_the_last_completed_scan_of_the_app_did_not_find(database, store, clock):
    _, first = await judged(database, store, CLEAN, "F1")
    clock.advance(1)
    _, second = await judged(database, store, WITH_ADS, "F2")
    clock.advance(1)
    _, third = await judged(database, store, WITH_ADS, "F3")

    assert [[each.rule for each in violations] for violations in (first, second, third)] == [
        [],
        ["No ads", "Nothing new"],
        ["No ads"],
    ]


async def test_what_was_judged_stays_as_it_was_judged(database, store):
    scan, before = await judged(database, store)

    await store.results.keep(scan.number, WITH_ADS, judge_by([Rule(name="No ads", no_sdks=("*",))]))

    assert await database.read(lambda db: repository.read(db, scan.number)) == before


async def test_names_are_kept_as_valid_unicode(database, store):
    half = replace(WITH_ADS, sdks=(replace(ADS, name="Ads\ud83d", category="\ud83d"),))
    _, (breach,) = await judged(
        database, store, half, judge=judge_by([Rule(name="No ads", no_sdks=("Ads*",))])
    )

    assert [(each.name, each.category) for each in breach.found] == [("Ads?", "?")]


async def test_the_store_answers_others_while_a_long_policy_is_judged(database, store):
    begun, may_end = threading.Event(), threading.Event()

    def slow(*_: object) -> tuple[Violation, ...]:
        begun.set()
        assert may_end.wait(30)
        return ()

    judging = asyncio.create_task(judged(database, store, judge=slow))
    await until(begun.is_set)
    scan, _ = await asyncio.wait_for(store.scans.record(a_share("F9")), 10)
    may_end.set()

    assert (await judging)[1] == ()
    assert (await store.scans.scan(scan.number)).file_id == "F9"


async def test_without_a_policy_nothing_is_judged(database, store):
    scan, violations = await judged(database, store, judge=None)

    assert violations == ()
    assert (await timeline(store, scan))[-1][0] == "OneTrust completed its scan: 1 SDK"


async def test_the_first_to_acknowledge_counts_and_the_second_is_told(database, store, clock):
    scan, (breach,) = await judged(database, store)
    clock.advance(60)

    tries = await asyncio.gather(
        store.violations.acknowledge(breach.number, who="UANNA", reason="agreed <!here> \ud83d"),
        store.violations.acknowledge(breach.number, who="UDANA", reason="mine"),
        return_exceptions=True,
    )

    assert isinstance(tries[1], Superseded)
    assert tries[1].user_message == "That is already acknowledged. The thread shows who did it, and why."
    (known,) = await database.read(lambda db: repository.read(db, scan.number))
    assert known == tries[0]
    assert (known.acknowledged_by, known.acknowledged_at) == ("UANNA", clock.now())
    assert known.reason == "agreed <!here> ?"
    assert (await timeline(store, scan))[-1] == ('acknowledged violation of "No ads"', "UANNA")
    assert (await store.scans.scan(scan.number)).revision == scan.revision + 3


async def test_a_breach_that_is_not_kept_can_not_be_acknowledged(database, store):
    with pytest.raises(NotFound, match="no longer stored"):
        await store.violations.acknowledge(7, who="UANNA", reason="why")
    with pytest.raises(NotFound, match="no longer stored"):
        await store.violations.violation(7)


async def test_breaches_go_with_their_scan_and_no_number_is_given_twice(database, store, clock):
    _, (breach,) = await judged(database, store)
    clock.advance(100)

    assert await PrivacyRepository(database, clock).purge(clock.now()) == 1

    with pytest.raises(NotFound):
        await store.violations.violation(breach.number)
    _, (later,) = await judged(database, store, file="F2")
    assert later.number > breach.number


async def test_a_forgotten_person_is_in_no_breach(database, store, clock):
    scan, (breach,) = await judged(database, store)
    await store.violations.acknowledge(breach.number, who="UANNA", reason="I know")
    _, (other,) = await judged(database, store, file="F2")
    await store.violations.acknowledge(other.number, who="UDANA", reason="<@UANNA> knows")

    await PrivacyRepository(database, clock).forget("UANNA")

    (known,) = await database.read(lambda db: repository.read(db, scan.number))
    assert (known.tell, known.acknowledged_by, known.reason) == (("S0PRIVACY",), FORGOTTEN, "")
    of_other = await store.violations.violation(other.number)
    assert (of_other.acknowledged_by, of_other.reason) == ("UDANA", "")
    assert "UANNA" not in str(await timeline(store, scan))
