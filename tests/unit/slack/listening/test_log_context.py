"""Which scan a request is about, whatever stands in the request."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.listening.log_context import scan_in

BUTTONS = frozenset({"scan_cancel", "opinion_ask_again"})


def press(action_id, value):
    return {"type": "block_actions", "actions": [{"action_id": action_id, "value": value}]}


def form(kept):
    return {"type": "view_submission", "view": {"private_metadata": kept}}


@pytest.mark.parametrize(
    ("body", "scan"),
    [
        (press("scan_cancel", "12"), 12),
        (press("opinion_ask_again:acme", "12"), 12),  # of a side scanner
        (press("opinion_ask_again", "12"), 12),
        (press("rescan_scan_latest", "12"), None),  # a number of something else
        (form(json.dumps({"scan": 12, "purpose": "link"})), 12),
        (form("[]"), None),
        (form("[" * 100_000), None),
        (form(json.dumps({"scan": 1e400})), None),
        (press("scan_cancel", "9" * 5000), None),
        (press("scan_cancel", "-1"), None),
        ({"type": "block_actions", "actions": []}, None),
        ({"type": "event_callback", "event": {"type": "message"}}, None),
        ({}, None),
    ],
)
def test_a_request_names_a_scan_or_none(body, scan):
    assert scan_in(body, BUTTONS) == scan


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(_json, _json)
def test_no_payload_breaks_it(value, kept):
    for body in (press("scan_cancel", value), form(kept), {"type": "block_actions", "actions": value}):
        found = scan_in(body, BUTTONS)
        assert found is None or found > 0
