"""Payloads that are malformed or forged: each is refused in a sentence, and nothing happens to a scan."""

import json

import pytest

from bot.errors import NotFound, UsageError
from bot.features.history import apps_views, sdk_views
from bot.features.history import views as history
from bot.features.onetrust_apps import views
from bot.features.rescan_requests import views as waiting
from bot.features.results import status_views
from bot.features.submission import modals
from bot.features.submission import views as reply
from bot.features.submission.listeners import SCAN_THIS_BUILD
from bot.slack.listening.payload import UNSIGNED
from tests.fakes import APP_ID, a_share

DECIDING = (
    *(reply.CANCEL, reply.DISMISS, reply.NEW_APP, reply.RESCAN_ANYWAY, reply.SCAN_AGAIN, reply.TRY_AGAIN),
    *(reply.SUBMIT_AGAIN, status_views.SCAN_ONCE_MORE),
)
NUMBERED = (*DECIDING, reply.RESCAN_AS, reply.LINK_APP, reply.ARRIVED, reply.DETAILS, waiting.SCAN_LATEST)
OUT_OF_DATE = "That button is out of date."
NO_NUMBERS = ["", "x", "-1", "1.0", " 1", "\uff11", "9" * 16, "1\n", None, 1, ["1"], {"value": "1"}]


def press(action_id, value="1", **changes):
    return {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "UDANA"},
        "channel": {"id": "C1"},
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
    } | changes


def sent(callback_id, kept, values=None, **changes):
    view = {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": kept,
        "state": {"values": values or {}},
    }
    return {"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "UDANA"}, "view": view} | changes


async def refusals(slack, bodies):
    """Deliver payloads; return what each was refused with, in a sentence."""
    errors = [await slack.refused(body) for body in bodies]
    assert {type(error) for error in errors} == {UsageError}
    return {error.user_message for error in errors}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=ascii)
async def test_button_with_no_number_is_out_of_date(slack, value):
    number = await slack.bench.shared(a_share())
    assert await refusals(slack, [press(action_id, value) for action_id in NUMBERED]) == {OUT_OF_DATE}
    assert await slack.unchanged(number)


@pytest.mark.parametrize(
    "changes",
    [
        {"user": None},
        {"user": {"id": 7}},
        {"user": ["UDANA"]},
        {"channel": None},
        {"channel": {"id": ["C1"]}},
        {"channel": None, "container": {"channel_id": 1}},
    ],
    ids=ascii,
)
async def test_button_that_does_not_say_who_or_where_is_refused(slack, changes):
    number = await slack.bench.shared(a_share())
    assert await refusals(slack, [press(action_id, **changes) for action_id in NUMBERED]) == {UNSIGNED}
    assert await slack.unchanged(number)


@pytest.mark.parametrize(("value", "channel"), [("1", "CELSEWHERE"), ("999", "C1")])
async def test_button_for_a_scan_of_elsewhere_or_none_finds_nothing(slack, value, channel):
    number = await slack.bench.shared(a_share())
    about_scans = [
        action_id for action_id in NUMBERED if action_id not in {reply.DETAILS, waiting.SCAN_LATEST}
    ]
    bodies = [press(action_id, value, channel={"id": channel}) for action_id in about_scans]
    assert {type(await slack.refused(body)) for body in bodies} == {NotFound}
    assert await slack.unchanged(number)


@pytest.mark.parametrize("action_id", [history.NEWER, history.OLDER, sdk_views.NEXT, views.PREVIOUS])
async def test_page_button_with_a_forged_value_is_out_of_date(slack, action_id):
    values = [
        "",
        "x",
        "null",
        "{}",
        "[]",
        "[1, 2]",
        '["a", -1]',
        '["a", 1e400, true]',
        '["a", "1"]',
        "[" * 10**5,
    ]
    assert await refusals(slack, [press(action_id, value) for value in values]) == {OUT_OF_DATE}


async def test_page_of_apps_with_a_forged_offset_is_out_of_date(slack):
    values = ["", "-5", "x", "100000", "\u0663"]
    assert await refusals(slack, [press(apps_views.NEXT, value) for value in values]) == {OUT_OF_DATE}


async def test_menu_of_apps_with_a_forged_app_id_waits_for_no_build(slack):
    menu = {"type": "static_select", "action_id": views.RESCAN, "block_id": "b"}
    values = ["", "not-an-id", "<!channel>", "0b51dc1e?", "x" * 5000]
    chosen = [menu | {"selected_option": {"value": value}} for value in values]
    await refusals(slack, [press(views.RESCAN, actions=[each]) for each in chosen])
    assert slack.bench.board.posted == []


async def test_shortcut_without_a_message_scans_nothing(slack):
    shortcut = press(SCAN_THIS_BUILD) | {"type": "message_action", "callback_id": SCAN_THIS_BUILD}
    messages = [None, {}, {"ts": 5}, {"ts": ""}, ["ts"], "1790000000.000100"]
    assert await refusals(slack, [shortcut | {"message": message} for message in messages]) == {UNSIGNED}


FORGED_FORMS = [
    *("", "x", "[]", "null", "5", "[" * 100_000, json.dumps({"scan": 1, "purpose": "own"})),
    *(json.dumps({"scan": scan, "purpose": "link"}) for scan in (None, "1", True, -1, 1.5, 2**53, [1])),
]


async def test_app_id_form_that_is_not_ours_changes_nothing(slack):
    number = await slack.bench.shared(a_share())
    typed = {modals.APP_ID_BLOCK: {"app_id": {"value": APP_ID}}}
    for kept in FORGED_FORMS:
        status, answer = await slack.deliver(sent(modals.APP_ID_FORM, kept, typed))
        assert (status, list(answer["errors"])) == (200, [modals.APP_ID_BLOCK]), kept[:99]
    assert await slack.unchanged(number)


async def test_request_id_form_without_an_input_says_so_in_the_form(slack):
    number = await slack.bench.shared(a_share())
    for typed in ({}, [], {modals.REQUEST_ID_BLOCK: 5}, {modals.REQUEST_ID_BLOCK: {"a": []}}):
        status, answer = await slack.deliver(sent(modals.REQUEST_ID_FORM, '{"scan": 1}', typed))
        assert (status, list(answer["errors"])) == (200, [modals.REQUEST_ID_BLOCK]), typed
    assert await slack.unchanged(number)


NAMING_NOTHING = [
    {"type": "file_shared"},
    {"type": "file_shared", "file_id": 5, "channel_id": "C1"},
    {"type": "file_shared", "file_id": "F1", "channel_id": ["C1"]},
    {"type": "message", "subtype": "message_deleted"},
    {"type": "message", "subtype": "message_deleted", "deleted_ts": {"ts": "1"}, "channel": "C1"},
    {"type": "message", "subtype": "message_changed", "message": "tombstone"},
    {"type": "message", "subtype": "message_changed", "message": {"subtype": "tombstone"}},
    {"type": "message", "channel": "C1", "text": "no file", "files": []},
]


async def test_event_that_names_nothing_is_acknowledged_and_changes_nothing(slack):
    number = await slack.bench.shared(a_share())
    for event in NAMING_NOTHING:
        status, _ = await slack.deliver({"type": "event_callback", "team_id": "T1", "event": event})
        assert (status, slack.errors) == (200, []), event
    assert slack.bench.workspace.looks == []
    assert await slack.unchanged(number)
