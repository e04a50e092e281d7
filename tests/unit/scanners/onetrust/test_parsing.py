import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.scan import Platform
from bot.features.results.models import AppScan, OneTrustScanStatus
from bot.scanners.http.json_fields import text, timestamp
from bot.scanners.onetrust import parsing

SCAN = AppScan(id="scan-1", status=OneTrustScanStatus.COMPLETED, version="4.2.0")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("id", "scanId", "name", "os", "platform", "status", "scanDate", "version", "packageId", "category"),
    *("sdkCount", "sdkCategories", "permissionCount", "countTotal", "dataTypes", "purposes", "mismatches"),
)
records = values | st.dictionaries(st.sampled_from(FIELDS), values)


@given(records)
def test_whatever_comes_is_read_or_left_out(value):
    app, scan, sdk = parsing.application(value), parsing.app_scan(value), parsing.sdk(value)
    results = parsing.results(
        value, SCAN, (sdk,) if sdk else (), parsing.permissions([value]), parsing.privacy_manifest(value)
    )

    assert app is None or (app.id and app.name)
    assert scan is None or scan.scanned_at is None or 0 < scan.scanned_at < 4.2e9
    assert 0 <= results.sdk_count <= parsing.MAX_COUNT
    assert results.scan.id == "scan-1"
    repr((app, scan, results)).encode()  # nothing that could not be stored


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2026-11-22T10:00:00Z", 1795341600.0),
        ("2026-11-22T10:00:00.250Z", 1795341600.25),
        ("2026-11-22T12:00:00+02:00", 1795341600.0),
        ("2026-11-22T10:00:00", 1795341600.0),
        ("2026-11-22", 1795305600.0),
        (1795341600, 1795341600.0),
        (1795341600250, 1795341600.25),
        ("1795341600250", 1795341600.25),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        (-5, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_times(told, seconds):
    assert timestamp(told) == seconds


def test_words_that_were_not_published():
    scan = parsing.app_scan({"scanId": " s ", "status": "QUARANTINED", "version": 4})
    assert (scan.id, scan.status, scan.version) == ("s", OneTrustScanStatus.OTHER, "4")
    assert parsing.app_scan({"scanId": "s", "status": " completed "}).status is OneTrustScanStatus.COMPLETED
    assert parsing.app_scan({"scanId": "s", "status": None}).status is OneTrustScanStatus.OTHER


@pytest.mark.parametrize("scan_id", [None, "", " ", True, ["s"], {}, "x" * 201, 10**60])
def test_what_has_no_id_is_no_scan(scan_id):
    assert parsing.app_scan({"scanId": scan_id, "status": "COMPLETED"}) is None


@pytest.mark.parametrize(
    ("record", "platform"),
    [
        ({"os": "IOS"}, Platform.IOS),
        ({"os": "android"}, Platform.ANDROID),
        ({"os": None, "platform": " iOS "}, Platform.IOS),
        ({"os": "WINDOWS"}, None),
        ({}, None),
    ],
)
def test_the_platform_by_either_field_in_any_case(record, platform):
    assert parsing.application({"id": "a", "name": "Shop", **record}).platform is platform


def test_long_texts_are_cut_and_odd_signs_left_out():
    told = parsing.sdk(
        {"packageId": "p", "name": "a\n\x00b\u2028c", "description": "d" * 10_000, "vendor": 7.5}
    )

    assert (told.name, told.vendor, told.category) == ("a b c", None, "Unknown")
    assert len(told.description) == parsing.TEXT_LIMIT
    assert text(json.loads('"\\ud83d"'), 10) == "?"


@pytest.mark.parametrize("told", [-1, 10**9, "3", 1.5, True, None, [], float("inf")])
def test_absurd_counts_give_way_to_what_was_listed(told):
    sdk = parsing.sdk({"packageId": "p", "name": "P", "category": "Targeting"})
    high = parsing.permissions([{"name": "CAMERA", "sensitivity": "HIGH"}, {"name": "CAMERA"}, 5, None])
    names = ("sdkCount", "permissionCount", "permissionCountHighRisk", "sdkCategories")
    results = parsing.results(dict.fromkeys(names, told), SCAN, (sdk,), high, None)

    assert (results.sdk_count, results.permission_count, results.high_risk_count) == (1, 1, 1)
    assert results.sdk_categories == {"Targeting": 1}


def test_what_the_scan_itself_says_comes_first():
    value = {
        "status": "COMPLETED",
        "sdkCount": 12.0,
        "sdkCategories": {"Performance": 8, "Targeting": 4, "Odd": -1, "": 3},
        "engineVersion": "2.1",
        "version": None,
    }
    results = parsing.results(value, SCAN, (), (), None)

    assert (results.sdk_count, results.sdk_categories) == (12, {"Performance": 8, "Targeting": 4})
    assert (results.scan.version, results.scan.engine_version) == ("4.2.0", "2.1")


def test_a_privacy_manifest_in_either_shape():
    types = {
        "DEVICE_ID": {"sdkCount": 2, "purposes": ["ANALYTICS", 3, None], "mismatches": ["DATA_TYPE", "NONE"]}
    }
    told = parsing.privacy_manifest({"countTotal": 1, "countMissing": 1, "dataTypes": types})
    assert (told.total, told.aligned, told.missing) == (1, 0, 1)
    (kind,) = told.data_types
    assert (kind.name, kind.sdk_count, kind.purposes, kind.mismatches) == (
        "DEVICE_ID",
        2,
        ("ANALYTICS", "3"),
        1,
    )

    listed = parsing.privacy_manifest({"dataTypes": [{"dataType": "NAME", "mismatches": 2}, None]})
    assert (listed.total, listed.data_types[0].mismatches) == (1, 2)
    assert parsing.privacy_manifest({"countTotal": None, "dataTypes": None}) is None
