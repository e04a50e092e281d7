"""Reading what is told of a third-party app: whatever comes, a bounded record or nothing comes of it."""

import dataclasses

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.features.third_party_apps.models import ENTRIES, WORDS, AppPermission, Level
from bot.scanners.http.responses import Response
from bot.scanners.zscaler.third_party_apps import calls_left
from bot.scanners.zscaler.third_party_parsing import TEXT_LIMIT, third_party_app
from sandbox.zscaler.governance import ONEDRIVE_FREE_CLIENT

fields = st.sampled_from(
    sorted({*ONEDRIVE_FREE_CLIENT, "scope", "level", "severity", "evidence", "siteUrl", "stars", "downloads"})
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(fields, each, max_size=6),
    max_leaves=12,
)


def test_zscalers_own_example():
    app = third_party_app(ONEDRIVE_FREE_CLIENT)

    assert (app.name, app.publisher, app.platform) == ("OneDrive Free Client", "Skilion", "Azure AD")
    assert (app.risk, app.risk_score, app.permission_level) == (Level.HIGH, 9.030265, 10.0)
    assert [each.level for each in app.permissions] == [Level.HIGH] * 3 + [Level.MEDIUM]
    assert app.permissions[0] == AppPermission(
        scope="Files.ReadWrite.All",
        service="OneDrive",
        description="Allows the app to read, create, update and delete all files that you can access.",
        access_type="Broad Data Access",
        level=Level.HIGH,
    )
    assert [each.severity for each in app.risks] == [Level.MEDIUM] * 3 + [Level.LOW] * 2
    assert {each.category for each in app.risks} == {"Overprivileged", "Potentially Harmful"}
    assert (app.stars, app.downloads, app.reviews, app.platform_verified) == (0.0, 0, 0, False)
    assert (app.categories, app.compliance, app.tags[0]) == (("Productivity",), (), "Application")
    assert (app.marketplace_url, app.support_email) == (None, None)
    assert app.website_urls == ("https://skilion.github.io/onedrive/",)


@given(anything | st.dictionaries(fields, anything, max_size=6).map(lambda told: {"name": "x"} | told))
@settings(max_examples=60)
def test_whatever_comes_something_bounded_comes_of_it(value):
    app = third_party_app(value)
    if app is not None:
        assert len(repr(dataclasses.asdict(app))) < 100_000


def test_what_is_too_much_is_cut_and_the_worst_is_kept():
    many = [{"scope": f"s{n}" * 3000, "level": "LOW"} for n in range(ENTRIES + 7)]
    told = {
        "name": "n" * 5000,
        "permissions": [*many, {"scope": "worst", "level": "CRITICAL"}],
        "risks": [{"name": "r", "description": "d" * 9000, "severity": "odd"}] * 1500,
        "tags": [f"t{n}" for n in range(999)],
    }
    app = third_party_app(told)

    assert (app.permissions[0].scope, len(app.permissions)) == ("worst", ENTRIES)
    assert app.permissions_left_out == 8
    assert (len(app.risks), app.risks_left_out) == (ENTRIES, 1500 - ENTRIES)
    assert (app.risks[0].severity, len(app.risks[0].description)) == (Level.OTHER, TEXT_LIMIT)
    assert len(app.tags) == WORDS


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("985", 985),
        (" 0 ", 0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("9" * 50, None),
        ("٣", None),
    ],
)
def test_how_many_calls_are_left(value, left):
    headers = {} if value is None else {"X-Rate-Limit-Remaining": value.encode()}
    assert calls_left(Response(status=200, headers=httpx.Headers(headers))) == left
