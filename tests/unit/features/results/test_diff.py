"""What changed from one completed scan of an app to the next."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def found(*sdks, permissions=(), manifest=None):
    return Results(
        scan=AppScan(id="1", status=OneTrustScanStatus.COMPLETED),
        sdk_count=len(sdks),
        sdks=sdks,
        permissions=permissions,
        privacy_manifest=manifest,
    )


def sdk(name, category="Functionality", *, package_id="", vendor=None):
    return Sdk(package_id=package_id, name=name, vendor=vendor, category=category)


few = st.sampled_from(["", "a", "A ", "b", "ß"])
categories = st.sampled_from(["Targeting", "targeting", "Performance", "Unknown"])
sdks = st.builds(Sdk, package_id=few, name=few, vendor=st.none() | few, category=categories)
permissions = st.builds(Permission, name=few, sensitivity=st.sampled_from([None, "LOW", "High"]))
manifests = st.none() | st.builds(
    PrivacyManifest, total=st.just(3), aligned=st.integers(0, 1), mismatched=st.just(0), missing=st.just(0)
)
results = st.builds(
    lambda listed, asked, manifest: found(*listed, permissions=tuple(asked), manifest=manifest),
    st.lists(sdks, max_size=6),
    st.lists(permissions, max_size=4),
    manifests,
)


def test_an_sdk_is_the_same_where_its_package_id_is():
    before = found(sdk("Adjust", package_id="com.adjust.sdk"), sdk("Crash", package_id="com.crash"))
    after = found(sdk("Adjust Mobile", package_id="com.adjust.sdk"), sdk("Crash", package_id="com.crash2"))

    difference = changes(before, after)

    assert [each.package_id for each in difference.sdks_added] == ["com.crash2"]
    assert [each.package_id for each in difference.sdks_removed] == ["com.crash"]
    assert difference.sdks_recategorised == ()


@pytest.mark.parametrize("package_id", ["", "com.adjust.sdk"])
def test_without_a_package_id_name_and_vendor_tell_whatever_their_case(package_id):
    before = found(sdk("Adjust", vendor="Adjust GmbH"), sdk("Adjust", vendor="Another"))
    after = found(
        sdk("ADJUST", vendor="adjust gmbh ", package_id=package_id), sdk("Adjust", vendor="Another")
    )

    assert changes(before, after).nothing
    assert changes(after, before).nothing


def test_a_name_that_two_have_is_not_guessed_at():
    before = found(sdk("Core"))
    after = found(sdk("Core", package_id="com.a"), sdk("Core", package_id="com.b"))

    assert [each.package_id for each in changes(before, after).sdks_added] == ["com.a", "com.b"]
    assert changes(before, after).sdks_removed == before.sdks


def test_an_sdk_in_another_category_is_told_with_both():
    before, after = sdk("Maps", "Functionality"), sdk("Maps", "Targeting")

    difference = changes(found(before), found(after))

    assert difference == Changes(sdks_recategorised=((before, after),))
    assert not difference.nothing


def test_an_sdk_listed_in_one_more_category_counts_as_recategorised():
    before, more = sdk("Maps", "Functionality"), sdk("Maps", "Targeting")

    assert changes(found(before), found(before, more)).sdks_recategorised == ((before, more),)


def test_a_new_sdk_listed_twice_is_told_once_and_once_for_each_category():
    new, other = sdk("Maps", "Functionality"), sdk("Maps", "Targeting")

    assert changes(found(), found(new, other, new)).sdks_added == (new, other)


def test_permissions_are_told_by_name_and_where_their_risk_has_risen():
    camera, contacts = Permission(name="CAMERA", sensitivity="HIGH"), Permission(name="CONTACTS")
    before = found(permissions=(contacts, Permission(name="VIBRATE")))
    after = found(permissions=(camera, replace(contacts, sensitivity="High risk"), contacts))

    difference = changes(before, after)

    assert difference.permissions_added == (camera,)
    assert [each.name for each in difference.permissions_removed] == ["VIBRATE"]
    assert [each.name for each in difference.permissions_risen] == ["CONTACTS"]
    assert changes(after, before).permissions_risen == ()


def test_a_privacy_manifest_is_told_where_a_count_is_another():
    manifest = PrivacyManifest(total=4, aligned=3, mismatched=1, missing=0)
    before, after = found(manifest=manifest), found(manifest=replace(manifest, aligned=2, mismatched=2))

    assert changes(before, before).nothing
    assert not changes(before, after).nothing
    assert changes(found(), before).manifest_changed


@given(results)
def test_nothing_changes_from_a_scan_to_itself(one):
    assert changes(one, one).nothing


@given(results, results, st.randoms(use_true_random=False))
def test_the_order_and_repetition_of_lists_change_nothing(one, other, chance: random.Random):
    shuffled = list(one.sdks * 2)
    chance.shuffle(shuffled)
    asked = list(one.permissions * 2)
    chance.shuffle(asked)
    again = replace(one, sdks=tuple(shuffled), permissions=tuple(asked))

    assert changes(one, again).nothing
    assert changes(other, again) == changes(other, one)
    assert changes(again, other) == changes(one, other)


@given(results, results)
def test_what_one_way_adds_the_other_removes(one, other):
    there, back = changes(one, other), changes(other, one)

    assert there.sdks_added == back.sdks_removed
    assert there.permissions_added == back.permissions_removed
    assert {(old, new) for new, old in there.sdks_recategorised} == set(back.sdks_recategorised)


@given(results, results)
def test_all_that_is_told_was_found(one, other):
    difference = changes(one, other)

    assert set(difference.sdks_added) <= set(other.sdks)
    assert set(difference.sdks_removed) <= set(one.sdks)
    assert set(difference.permissions_added + difference.permissions_risen) <= set(other.permissions)
    assert set(difference.permissions_removed) <= set(one.permissions)
    for before, after in difference.sdks_recategorised:
        assert before in one.sdks
        assert after in other.sdks
        assert before.category.casefold() != after.category.casefold()
