"""What a person reads of a third-party app."""

from dataclasses import replace

import pytest

from bot.errors import UsageError
from bot.features.third_party_apps import views
from bot.features.third_party_apps.models import (
    AppAnswer,
    AppLookup,
    AppLookupState,
    AppPermission,
    AppQuestion,
    AppRef,
    AppRisk,
    Level,
    RefKind,
    ThirdPartyApp,
)
from bot.features.third_party_apps.views import APP as MODAL
from bot.features.third_party_apps.views import AppTab, governance_modal
from sandbox.reading import Reader
from sandbox.slack.blockkit import check_blocks, check_view
from sandbox.world import World
from tests.fakes import START

GUID = "22c49a0d-d21c-4792-aed1-8f163c982546"
REF = AppRef(kind=RefKind.APP_ID, value=GUID)
APP = ThirdPartyApp(
    name="OneDrive Free Client",
    publisher="Skilion",
    platform="Azure AD",
    risk=Level.HIGH,
    risk_score=9.030265,
    permission_level=10.0,
    permissions=tuple(
        AppPermission(scope=f"Files.{n}", service="OneDrive", access_type="Broad", level=level)
        for n, level in enumerate([Level.HIGH] * 5 + [Level.MEDIUM, None])
    ),
    risks=(
        AppRisk(name="Unmanaged Data Storage", category="Overprivileged", severity=Level.MEDIUM),
        AppRisk(name="Open-Source App", severity=Level.LOW, evidence="https://github.com/x"),
    ),
    risks_left_out=3,
    compliance=("SOC 2", "ISO 27001"),
    stars=4.5,
    downloads=1200,
    platform_verified=False,
    privacy_url="https://example.com/privacy",
)


def a_look(app=APP, state=AppLookupState.KNOWN):
    return AppLookup(
        number=7, ref=REF, state=state, began_at=START, due_at=START + 86400, answered_at=START, app=app
    )


def read(message):
    assert check_blocks(message.blocks) == []
    return "\n".join(Reader(World()).blocks(message.blocks))


def test_all_that_matters_is_said_and_the_worst_comes_first():
    told = read(views.answer(AppAnswer(lookup=a_look(), remaining=3), "C1"))

    for line in (
        "OneDrive Free Client by Skilion · Azure AD",
        "High risk · risk score 9.0 · permission level 10.0 · not verified by its platform",
        "7 permissions: 5 high, 1 medium, 1 of no known level",
        "`Files.0` · OneDrive · Broad · high",
        "5 risks: 1 medium, 1 low, 3 more",
        "Unmanaged Data Storage · Overprivileged · medium",
        "Compliance: SOC 2, ISO 27001",
        "In its marketplace: 4.5 stars, 1,200 downloads",
        "3 of today's questions left",
        "[ All that is known ]",
    ):
        assert line in told, told
    assert "Files.5" not in told  # that is in the form
    assert "review" not in told
    assert "known since" not in told


def test_what_is_not_known_is_left_out():
    told = read(views.answer(AppAnswer(lookup=a_look(ThirdPartyApp(client_id="x1")), cached=True), "C1"))

    assert "None" not in told
    assert "risk*" not in told
    assert "score" not in told
    assert "known since" in told
    assert "asked again after a day" in told


def test_what_is_analysed_is_promised():
    look = a_look(None, AppLookupState.ANALYSING)
    told = read(views.answer(AppAnswer(lookup=look), "C1"))
    assert f"does not know `{GUID}` yet, and has taken it for analysis" in told
    assert "send you a direct message when it is known" in told


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (AppLookupState.KNOWN, "Zscaler has analysed"),
        (AppLookupState.UNKNOWN, "it knows no such app"),
        (AppLookupState.GIVEN_UP, "I have stopped asking"),
    ],
)
def test_each_end_of_an_analysis_is_told(state, said):
    look = a_look(APP if state is AppLookupState.KNOWN else None, state)
    told = read(views.later(AppQuestion(number=1, lookup=look, user="UANA", channel="C1")))
    assert said in told
    assert GUID in told
    assert ("OneDrive Free Client" in told) == (state is AppLookupState.KNOWN)


@pytest.mark.parametrize(
    ("tab", "lines"),
    [
        (AppTab.PERMISSIONS, ["`Files.6` · OneDrive · Broad"]),
        (
            AppTab.RISKS,
            ["Open-Source App · low", "Evidence: `https://github.com/x`", "3 more are not stored"],
        ),
        (
            AppTab.ABOUT,
            ["Privacy policy: `https://example.com/privacy`", "Compliance: SOC 2", "1,200 downloads"],
        ),
    ],
)
def test_the_form_shows_all(tab, lines):
    view = governance_modal(APP, replace(MODAL.opened(7, "C1"), tab=tab))
    assert check_view(view) == []
    told = read_view(view)
    for line in lines:
        assert line in told, told
    assert MODAL.read(view) == replace(MODAL.opened(7, "C1"), tab=tab)


def read_view(view):
    return "\n".join(Reader(World()).blocks(view["blocks"]))


def test_long_lists_are_paged():
    app = ThirdPartyApp(name="x", permissions=tuple(AppPermission(scope=f"s{n}") for n in range(45)))
    state = replace(MODAL.opened(7, "C1"), page=99)
    last = MODAL.read(governance_modal(app, state))
    assert last.page == 2
    before = MODAL.pressed(last, MODAL.previous_id, "1")
    told = read_view(governance_modal(app, before))
    assert "21 to 40 of 45" in told
    assert "[ Previous ]" in told
    assert "[ Next ]" in told
    other = MODAL.pressed(before, AppTab.ABOUT.value, "")
    assert "Nothing is known about this." in read_view(governance_modal(app, other))


@pytest.mark.parametrize("value", ["", "7", "x C1", "7 C1 2", "1" * 16 + " C1", "7 <!here>"])
def test_a_button_of_another_time_is_told(value):
    with pytest.raises(UsageError):
        views.read_button_value(value)
    with pytest.raises(UsageError):
        MODAL.read({"private_metadata": f'{{"look": "{value}"}}'})


def test_a_button_names_its_look_and_where_it_was_asked():
    message = views.answer(AppAnswer(lookup=a_look()), "C0123")
    values = [
        each["value"] for block in message.blocks if block["type"] == "actions" for each in block["elements"]
    ]
    assert [views.read_button_value(value) for value in values] == [(7, "C0123")]
