"""Judging a build's results by the rules of the policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.build import Build, FileType, Platform
from bot.features.compliance.rules import (
    EVIDENCE_LIMIT,
    Evidence,
    EvidenceKind,
    Rule,
    unknown_categories,
    violations,
)
from bot.features.results.diff import changes
from bot.features.results.models import (
    AppScan,
    Changes,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    Sdk,
)

ANDROID = Build(file_type=FileType.APK, bundle_id="com.example.shop")
IOS = Build(file_type=FileType.IPA, bundle_id="com.example.shop")
CAMERA = Permission(name="android.permission.CAMERA", sensitivity="HIGH")
NETWORK = Permission(name="android.permission.INTERNET", sensitivity="LOW")
ADJUST = Sdk(package_id="com.adjust.sdk", name="Adjust", category="Targeting")
CRASH = Sdk(package_id="com.crash", name="Crash", category="Performance")


def results(*sdks, permissions=(), high_risk_count=0, manifest=None, categories=None):
    return Results(
        scan=AppScan(id="1", status=OneTrustScanStatus.COMPLETED),
        sdk_count=len(sdks),
        sdks=sdks,
        sdk_categories=categories or {},
        permissions=permissions,
        high_risk_count=high_risk_count,
        privacy_manifest=manifest,
    )


def found(rule, what, difference=None, build=ANDROID):
    """Return what breaks the one rule."""
    broken = violations([rule], build, what, difference)
    return [finding for breach in broken for finding in breach.found]


def test_a_breach_names_its_rule_what_broke_it_and_whom_to_tell():
    rule = Rule(name="No trackers", no_sdk_categories=("targeting",), tell=("U0123ABCD", "S0456PRIV"))

    (breach,) = violations(
        [rule, Rule(name="None", no_sdks=("Other",))], ANDROID, results(ADJUST, CRASH), None
    )

    assert (breach.rule, breach.tell) == ("No trackers", ("U0123ABCD", "S0456PRIV"))
    assert breach.found == (Evidence(what=EvidenceKind.SDK, name="Adjust", category="Targeting"),)
    assert (breach.acknowledged_by, breach.more) == (None, 0)


@pytest.mark.parametrize("banned", ["Adjust", "adjust", "ADJ*", "com.adjust.*", "Adjus?"])
def test_an_sdk_is_named_by_its_name_or_package_id(banned):
    assert [each.name for each in found(Rule(name="a", no_sdks=(banned,)), results(ADJUST, CRASH))] == [
        "Adjust"
    ]


def test_an_sdk_is_told_once_though_two_lists_name_it():
    rule = Rule(name="a", no_sdks=("Adjust", "com.adjust.sdk"), no_sdk_categories=("Targeting",))

    assert len(found(rule, results(ADJUST, ADJUST))) == 1


def test_what_onetrust_counts_of_a_category_and_does_not_list_breaks_the_rule_too():
    rule = Rule(name="a", no_sdk_categories=("Targeting",))
    what = results(ADJUST, categories={"Targeting": 3, "Performance": 9})

    assert found(rule, what)[1:] == [Evidence(what=EvidenceKind.UNNAMED_SDKS, category="Targeting", count=2)]
    assert len(found(rule, results(ADJUST, categories={"Targeting": 1}))) == 1


def test_only_what_was_not_there_is_new():
    rule = Rule(name="a", no_new_sdk_categories=("Targeting",), no_new_permissions=True)
    before = results(CRASH, permissions=(NETWORK,))
    after = results(CRASH, ADJUST, permissions=(NETWORK, CAMERA))

    assert [(each.what, each.name) for each in found(rule, after, changes(before, after))] == [
        (EvidenceKind.NEW_SDK, "Adjust"),
        (EvidenceKind.NEW_PERMISSION, CAMERA.name),
    ]
    assert found(rule, after, changes(after, after)) == []


def test_an_sdk_that_moves_into_a_category_is_new_in_it():
    rule = Rule(name="a", no_new_sdk_categories=("Targeting",))
    moved = Sdk(package_id="com.crash", name="Crash", category="Targeting")

    assert found(rule, results(moved), changes(results(CRASH), results(moved))) == [
        Evidence(what=EvidenceKind.MOVED_SDK, name="Crash", category="Targeting")
    ]
    assert (
        found(Rule(name="a", no_new_sdks=True), results(moved), changes(results(CRASH), results(moved))) == []
    )


def test_the_first_completed_scan_of_an_app_holds_nothing_new():
    rule = Rule(name="a", no_new_sdks=True, no_new_sdk_categories=("*",), no_new_permissions=True)

    assert found(rule, results(ADJUST, permissions=(CAMERA,)), None) == []
    assert len(found(rule, results(ADJUST), changes(results(), results(ADJUST)))) == 1


@pytest.mark.parametrize(
    ("allowed", "broken"),
    [
        ((), [CAMERA.name]),
        (("android.permission.CAMERA",), []),
        (("*.camera",), []),
        (("*.SMS",), [CAMERA.name]),
    ],
)
def test_permissions_of_high_risk_have_to_be_on_the_list(allowed, broken):
    rule = Rule(name="a", high_risk_permissions_allowed=allowed)
    what = results(permissions=(CAMERA, NETWORK), high_risk_count=1)

    assert [each.name for each in found(rule, what)] == broken


@pytest.mark.parametrize(
    ("count", "allowed", "told"),
    [
        (1, ("*.CAMERA",), []),  # as many as are marked
        (2, ("*.CAMERA",), [1]),  # the second could be INTERNET, which is not on the list
        (2, ("*.CAMERA", "*.INTERNET"), []),  # whichever it is, it is on the list
        (4, ("*.CAMERA", "*.INTERNET"), [3]),  # more than there are names
    ],
)
def test_what_onetrust_counts_as_high_risk_and_does_not_mark_is_not_let_pass(count, allowed, told):
    rule = Rule(name="a", high_risk_permissions_allowed=allowed)
    what = results(permissions=(CAMERA, NETWORK), high_risk_count=count)

    assert [each.count for each in found(rule, what) if each.what is EvidenceKind.UNMARKED_HIGH_RISK] == told


def test_a_permission_can_be_barred_whatever_its_risk():
    assert [
        each.what
        for each in found(Rule(name="a", no_permissions=("*INTERNET",)), results(permissions=(NETWORK,)))
    ] == [EvidenceKind.PERMISSION]


@pytest.mark.parametrize(("most", "broken"), [(0, True), (2, True), (3, False)])
def test_a_privacy_manifest_may_have_so_many_mismatches(most, broken):
    manifest = PrivacyManifest(total=9, aligned=1, mismatched=3, missing=5)
    rule = Rule(name="a", privacy_manifest_mismatches=most)

    assert found(rule, results(manifest=manifest), build=IOS) == (
        [Evidence(what=EvidenceKind.MISMATCHED, count=3)] if broken else []
    )
    assert found(rule, results(), build=IOS) == []
    assert found(Rule(name="a", privacy_manifest_missing=4), results(manifest=manifest), build=IOS) == [
        Evidence(what=EvidenceKind.MISSING, count=5)
    ]


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({}, True),
        ({"apps": ("com.example.*",)}, True),
        ({"apps": ("COM.EXAMPLE.SHOP",)}, True),
        ({"apps": ("com.other.*", "org.*")}, False),
        ({"platforms": frozenset({Platform.ANDROID})}, True),
        ({"platforms": frozenset({Platform.IOS})}, False),
        ({"apps": ("com.example.*",), "platforms": frozenset({Platform.IOS})}, False),
    ],
)
def test_a_rule_is_for_the_apps_and_platforms_it_names(scope, covered):
    rule = Rule(name="a", no_sdks=("*",), **scope)

    assert bool(found(rule, results(ADJUST))) is covered


def test_of_very_many_findings_the_first_are_kept_and_the_rest_counted():
    sdks = [
        Sdk(package_id=str(number), name=f"n{number}" + "x" * 500) for number in range(EVIDENCE_LIMIT + 7)
    ]

    (breach,) = violations([Rule(name="a", no_sdks=("*",))], ANDROID, results(*sdks), None)

    assert (len(breach.found), breach.more) == (EVIDENCE_LIMIT, 7)
    assert all(len(each.name) <= 200 for each in breach.found)


names = st.text("ab*?", max_size=4)
sdks = st.lists(st.builds(Sdk, package_id=names, name=names, category=names), max_size=4)
rules = st.builds(
    Rule,
    name=st.just("a"),
    no_sdks=st.lists(names, max_size=2).map(tuple),
    no_sdk_categories=st.lists(names, max_size=2).map(tuple),
    no_new_sdks=st.booleans(),
    no_new_sdk_categories=st.lists(names, max_size=2).map(tuple),
)


@given(rules, sdks, sdks)
def test_a_rule_that_asks_for_more_lets_less_pass(rule, before, after):
    was, now = results(*before), results(*after)
    difference = changes(was, now)

    known = found(rule, now, difference)

    assert set(found(rule, now, None)) <= set(known)
    assert {each.name for each in known} <= {sdk.name or sdk.package_id for sdk in after}
    assert found(rule, now, Changes()) == found(rule, now, None)
    assert len(known) == len(set(known))


def test_categories_that_onetrust_is_not_known_to_use_are_told():
    rule = Rule(
        name="a",
        no_sdk_categories=("targeting", "Trackers", "*necessary", "Ad*"),
        no_new_sdk_categories=("Trackers", "UNKNOWN", "Target?"),
    )

    assert unknown_categories(rule) == ("Trackers", "Ad*", "Target?")
