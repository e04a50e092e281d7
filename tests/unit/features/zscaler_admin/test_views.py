"""What administrators are shown of Zscaler."""

from dataclasses import replace

import pytest

from bot.features.verdicts.models import Quota
from bot.features.zscaler_admin import views
from bot.features.zscaler_admin.models import (
    ActivationStatus,
    CallsLeft,
    CloudOverview,
    Overview,
    Unavailable,
)
from bot.features.zscaler_admin.service import NOT_CALLED
from sandbox.slack.blockkit import check_blocks

LEFT = (
    CallsLeft(endpoint="url_lookup", window="hour", left=399, allowed=400, paused_s=0.0),
    CallsLeft(endpoint="url_lookup", window="second", left=1, allowed=1, paused_s=0.0),
    CallsLeft(endpoint="report", window="hour", left=0, allowed=1000, paused_s=60.0),
)
CLOUD = CloudOverview(
    login="signed in by OAuth",
    maintenance_at=None,
    activation=ActivationStatus.PENDING,
    quotas=(Quota(used=12, allowed=1000, scale="DAYS"),),
    calls_left=LEFT,
)
REFUSED = Unavailable(problem="Zscaler does not accept the bot's login (400).")
NOT_REACHED = Unavailable(problem="Zscaler can't be reached right now.")


def test_a_login_that_is_refused_is_told_once():
    cloud = replace(CLOUD, login=f"refused: {REFUSED.problem}", activation=REFUSED, quotas=REFUSED)
    lines = views.overview(Overview(cloud=cloud, sandbox=None, governance=None)).text.split("\n")
    assert lines[1] == "Login: refused: Zscaler does not accept the bot's login (400)."
    assert lines[3:5] == ["Activation: not known", "Quota of reports: not known"]


def test_all_that_is_set_up_is_shown():
    shown = views.overview(Overview(cloud=CLOUD, sandbox=1, governance=985))

    check_blocks(shown.blocks)
    assert shown.text.split("\n") == [
        "*Zscaler's cloud service API*",
        "Login: signed in by OAuth",
        "Maintenance: none known",
        "Activation: saved changes wait to be activated: `/appscan zscaler activate`",
        "Quota of reports: 12 of 1,000 a day used, 988 left",
        "*Calls left, by Zscaler's limits*",
        "URL look-ups: 399 of 400 this hour, 1 of 1 this second",
        "Reports: 0 of 1,000 this hour, paused for 1 min as Zscaler asked",
        "*Sandbox Submission API*",
        "1 file sent in the last 24 hours; Zscaler analyses 100 a day",
        "*3rd-Party App Governance API*",
        "985 calls were left when it was last asked",
    ]


def test_what_is_not_set_up_is_said_so():
    shown = views.overview(Overview(cloud=None, sandbox=None, governance=None))

    assert shown.text.split("\n")[1::2] == ["not set up", "not set up", "not set up"]


def test_calls_of_governance_that_were_not_told_yet_are_said_so():
    shown = views.overview(Overview(cloud=None, sandbox=None, governance=Unavailable(problem=NOT_CALLED)))

    assert "Set up. The number of calls left is known after the first call." in shown.text


def test_figures_that_can_not_be_had_are_said_so_in_place():
    cloud = CloudOverview(
        login="refused: Zscaler does not accept the bot's login (400). Check `ZSCALER_API_KEY`.",
        maintenance_at=1790000000.0,
        activation=NOT_REACHED,
        quotas=NOT_REACHED,
        calls_left=(),
    )

    told = views.overview(Overview(cloud=cloud, sandbox=NOT_REACHED, governance=None)).text

    assert "Login: refused: Zscaler does not accept the bot's login (400). Check `ZSCALER_API_KEY`." in told
    assert "Maintenance: :warning: seen <!date^1790000000^" in told
    assert "when something was last sent: Zscaler answered questions and accepted nothing" in told
    assert "Activation: not known. Zscaler can't be reached right now." in told
    assert "Quota of reports: not known. Zscaler can't be reached right now." in told
    assert "Set up. How many files were sent is not known. Zscaler can't be reached right now." in told


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ActivationStatus.PENDING, "Saved changes wait in Zscaler to be activated."),
        (ActivationStatus.IN_PROGRESS, "In Zscaler, saved changes are being activated."),
        (ActivationStatus.OTHER, "a status that the bot does not know"),
        (NOT_REACHED, "It is not known whether saved changes wait in Zscaler. Zscaler can't be reached"),
    ],
)
def test_activating_is_asked_for_with_what_it_does(status, words):
    shown = views.before_activating(status)

    check_blocks(shown.blocks)
    assert words in shown.text
    assert "This activates all saved changes of all admins, and can't be undone." in shown.text
    (button,) = shown.blocks[1]["elements"]
    assert button["action_id"] == views.ACTIVATE
    assert "all saved changes of all admins, and can't be undone" in button["confirm"]["text"]["text"]


@pytest.mark.parametrize("maintenance_at", [None, 1790000000.0])
def test_where_nothing_can_be_activated_there_is_no_button_and_it_is_said_why(maintenance_at):
    shown = views.before_activating(
        Unavailable(problem="No login.", blocks_activation=True, maintenance_at=maintenance_at)
    )

    check_blocks(shown.blocks)
    assert ":no_entry: Nothing can be activated now. No login." in shown.text
    assert ("Maintenance seen <!date^1790000000^" in shown.text) is (maintenance_at is not None)
    assert "actions" not in [block["type"] for block in shown.blocks]


def test_where_nothing_waits_there_is_no_button():
    shown = views.before_activating(ActivationStatus.ACTIVE)

    assert "all saved changes are active already" in shown.text
    assert [block["type"] for block in shown.blocks] == ["section"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ActivationStatus.ACTIVE, ":white_check_mark: All saved changes are active now."),
        (ActivationStatus.IN_PROGRESS, "Zscaler is activating all saved changes."),
        (ActivationStatus.PENDING, "still says that changes wait"),
        (ActivationStatus.OTHER, "a status that the bot does not know"),
    ],
)
def test_what_became_of_activating_is_told(status, words):
    assert words in views.activated(status).text
