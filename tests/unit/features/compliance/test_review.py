"""Acknowledging a breach of the policy: who may, from where, and that the first counts."""

import pytest

from bot.core.access import REVIEWS_ADMINS_ONLY, USER_NOT_LISTED, Access
from bot.core.scan import State
from bot.errors import NotAllowed, NotFound, Superseded
from bot.features.compliance.review import ViolationReview
from bot.features.compliance.rules import Rule, judge_by
from bot.features.compliance.views import violations_of
from bot.features.results.models import AppScan, OneTrustScanStatus, Results, Sdk, results_of
from tests.bench import Bench
from tests.fakes import FakePeople, FakeWorkspace, a_share
from tests.unit.features.scenes import a_scan

FOUND = Results(
    scan=AppScan(id="scan-1", status=OneTrustScanStatus.COMPLETED),
    sdk_count=1,
    sdks=(Sdk(package_id="com.ads", name="Ads", category="Targeting"),),
)


def reviews(bench: Bench) -> ViolationReview:
    return ViolationReview(store=bench.store, refresh=bench.announcer.changed, access=bench.policy)


async def a_breach(bench: Bench, file: str = "F1"):
    scan = await a_scan(bench.store, State.SUBMITTED, a_share(file))
    await bench.store.results.keep(scan.number, FOUND, judge_by([Rule(name="No ads", no_sdks=("Ads",))]))
    (breach,) = violations_of(await bench.cards.card(scan.number))
    return scan, breach


async def test_whoever_is_served_acknowledges_and_the_thread_is_told(bench):
    scan, breach = await a_breach(bench)
    services = reviews(bench)

    assert await services.violation(breach.number, "UDANA", scan.channel) == (
        await bench.store.scans.scan(scan.number),
        breach,
    )
    await services.acknowledge(breach.number, "UDANA", "agreed")

    assert (await bench.store.violations.violation(breach.number)).reason == "agreed"
    assert scan.number in bench.announcer.told
    card = await bench.cards.card(scan.number)
    assert [each.acknowledged_by for each in violations_of(card)] == ["UDANA"]


async def test_the_second_is_told_and_changes_nothing(bench):
    scan, breach = await a_breach(bench)
    services = reviews(bench)
    await services.acknowledge(breach.number, "UDANA", "agreed")

    with pytest.raises(Superseded, match="That is already acknowledged"):
        await services.acknowledge(breach.number, "UELI", "mine")
    with pytest.raises(Superseded, match="That is already acknowledged"):
        await services.violation(breach.number, "UELI", scan.channel)

    assert (await bench.store.violations.violation(breach.number)).acknowledged_by == "UDANA"


async def test_a_breach_is_acknowledged_in_its_own_conversation(bench):
    scan, breach = await a_breach(bench)

    with pytest.raises(NotFound, match=f"Scan #{scan.number} belongs to another conversation"):
        await reviews(bench).violation(breach.number, "UDANA", "CELSEWHERE")
    with pytest.raises(NotFound, match="no longer stored"):
        await reviews(bench).violation(99, "UDANA", scan.channel)


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({"admins": frozenset({"UADA"})}, REVIEWS_ADMINS_ONLY),
        ({"users": frozenset({"UADA"})}, USER_NOT_LISTED),
    ],
)
async def test_admins_alone_acknowledge_where_there_are_any(database, tmp_path, lists, said):
    bench = Bench(
        database, tmp_path / "builds", policy=Access(people=FakePeople(), workspace=FakeWorkspace(), **lists)
    )
    _, breach = await a_breach(bench)

    with pytest.raises(NotAllowed) as raised:
        await reviews(bench).acknowledge(breach.number, "UDANA", "agreed")
    assert raised.value.user_message == said
    await reviews(bench).acknowledge(breach.number, "UADA", "agreed")

    assert (await bench.store.violations.violation(breach.number)).acknowledged_by == "UADA"


async def test_a_card_tells_what_changed_since_the_last_completed_scan_of_its_app(bench):
    first, _ = await a_breach(bench)
    bench.clock.advance(1)
    second, _ = await a_breach(bench, "F2")

    assert results_of(await bench.cards.card(first.number)).changes is None
    part = results_of(await bench.cards.card(second.number))
    assert (part.previous.number, part.changes.nothing) == (first.number, True)
    assert part.previous_link == f"https://slack.example/{first.channel}/{first.number}"
