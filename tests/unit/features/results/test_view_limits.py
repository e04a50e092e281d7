"""Whatever OneTrust names, what tells of results stays within Slack's limits and does nothing of its own."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.scan import Platform
from bot.features.compliance.modals import acknowledge_modal
from bot.features.compliance.rules import Evidence, EvidenceKind, Violation
from bot.features.history.compare import Comparison, SdkPage
from bot.features.history.diff_views import diff
from bot.features.history.models import SdkRow
from bot.features.history.sdk_views import sdk as sdk_message
from bot.features.results.diff import changes
from bot.features.results.modals import ResultTab, found_modal
from bot.features.results.models import (
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    Sdk,
)
from bot.features.submission.card import Card
from bot.slack.blocks.chart import pie
from bot.slack.blocks.paged_modal import ModalState
from tests.unit.features import samples
from tests.unit.features.test_view_limits import check, check_blocks, check_modal, hostile, sometimes

counts = st.integers(0, 1_000_000)
named = st.dictionaries(hostile, counts, max_size=9)
sdks = st.builds(
    Sdk, package_id=hostile, name=hostile, vendor=sometimes, category=hostile, description=sometimes
)
permissions = st.builds(
    Permission,
    name=hostile,
    category=sometimes,
    description=sometimes,
    status=sometimes,
    sensitivity=st.sampled_from([None, "HIGH", "LOW"]) | hostile,
)
data_types = st.builds(
    DataType,
    name=hostile,
    sdk_count=counts,
    purposes=st.lists(hostile, max_size=9).map(tuple),
    mismatches=counts,
)
manifests = st.builds(
    PrivacyManifest,
    **dict.fromkeys(("total", "aligned", "mismatched", "missing"), counts),
    data_types=st.lists(data_types, max_size=3).map(tuple),
)
found = st.builds(
    Results,
    scan=st.builds(
        AppScan,
        id=hostile,
        status=st.just(OneTrustScanStatus.COMPLETED),
        scanned_at=st.none() | st.floats(1, 4e9),
        version=sometimes,
        engine_version=sometimes,
    ),
    sdk_count=counts,
    sdk_categories=named,
    permission_count=counts,
    high_risk_count=counts,
    permission_categories=named,
    sdks=st.lists(sdks, max_size=12).map(tuple),
    permissions=st.lists(permissions, max_size=12).map(tuple),
    privacy_manifest=st.none() | manifests,
)
violations = st.builds(
    Violation,
    rule=hostile,
    found=st.lists(
        st.builds(Evidence, what=st.sampled_from(EvidenceKind), name=hostile, category=hostile, count=counts),
        max_size=9,
    ).map(tuple),
    more=counts,
    tell=st.lists(st.just("U0ANA") | hostile, max_size=3).map(tuple),
    number=st.integers(1, 2**40),
    scan=st.just(12),
    acknowledged_by=st.sampled_from([None, "U0BEN", "forgotten"]),
    acknowledged_at=st.none() | st.floats(1, 4e9),
    reason=hostile,
)


def check_result(card: Card) -> None:
    """Check the announcement; of its chart, what Slack takes."""
    message = samples.announcement(card, mention=True)
    charts = [block for block in message.blocks if block["type"] == "data_visualization"]
    check(replace(message, blocks=[block for block in message.blocks if block not in charts]))
    for chart in charts:
        check_chart(chart)


def check_chart(chart: dict[str, Any]) -> None:
    assert 0 < len(chart["title"]) <= 50
    assert 0 < len(chart["chart"]["segments"]) <= 6
    for segment in chart["chart"]["segments"]:
        assert 0 < len(segment["label"]) <= 20
        assert segment["value"] > 0


@settings(max_examples=60)
@given(before=found, after=found, broken=st.lists(violations, max_size=4))
def test_announcements_replies_and_comparisons(
    before: Results, after: Results, broken: list[Violation]
) -> None:
    changed = changes(before, after)
    first = samples.card(results=after, violations=tuple(broken))

    for card in (first, samples.changed(first, previous=samples.BEFORE, changes=changed)):
        check_result(card)
        check(samples.reply(card))
    check(diff(Comparison(before=samples.BEFORE, after=samples.DONE, changes=changed)))
    for breach in broken:
        check_blocks(acknowledge_modal(samples.DONE, breach)["blocks"][:1], 100)


@settings(max_examples=60)
@given(results=found, tab=st.sampled_from(ResultTab), search=st.just("") | hostile)
def test_the_full_lists(results: Results, tab: ResultTab, search: str) -> None:
    view = found_modal(
        samples.DONE,
        results,
        ModalState(record=12, channel="C0CHANNEL", tab=tab, page=3, search=search[:100]),
    )
    check_modal({**view, "blocks": [block for block in view["blocks"] if block["type"] != "input"]})


@settings(max_examples=40)
@given(name=hostile, of=st.lists(sdks, max_size=6), version=sometimes, app=hostile)
def test_where_an_sdk_is(name: str, of: list[Sdk], version: str | None, app: str) -> None:
    row = SdkRow(
        bundle_id=app,
        platform=Platform.IOS,
        name=version,
        sdks=tuple(of),
        versions=((version, 12),) * 12,
        has_more=True,
        newest=replace(samples.DONE, version=version),
        still=False,
    )
    check(sdk_message(SdkPage(name=name, rows=(row,) * 5, offset=5, has_more=True)))


@given(named)
def test_charts(counted: dict[str, int]) -> None:
    chart = pie("SDKs by category", counted)
    assert (chart is None) is not any(counted.values())
    if chart is not None:
        check_chart(chart)
