"""Paged modals: rows, pages and search, and what modals that were opened by an earlier version carry."""

import json

import pytest

from bot.errors import UsageError
from bot.features.hosts.views import HOSTS
from bot.features.results.modals import FOUND
from bot.features.third_party_apps.views import APP
from bot.features.verdicts.modals import REPORT
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal, no_rows
from sandbox.slack.blockkit import check_view

MODAL = PagedModal(
    name="fruit", title="Fruit", page_size=3, tabs=("fruit_red", "fruit_green"), search_hint="A name"
)
STATE = ModalState(record=12, channel="C1", tab="fruit_red")


def listed(rows, *, note=""):
    return Listing(
        heading=[None],
        tabs={"fruit_red": "Red", "fruit_green": "Green"},
        rows=rows,
        row=str.upper,
        empty="No fruit.",
        note=note,
    )


def lines(view):
    texts = [block for block in view["blocks"] if block["type"] in {"section", "context"}]
    return [block.get("text", block.get("elements", [None])[0])["text"] for block in texts]


def buttons(view):
    rows = [block["elements"] for block in view["blocks"] if block["type"] == "actions"]
    return {each["action_id"]: each["value"] for row in rows for each in row}


def test_paged_modal_shows_one_page_and_the_way_to_others():
    view = MODAL.render(
        MODAL.pressed(STATE, MODAL.next_id, "1"), listed(list("abcdefgh"), note="1 is hidden")
    )

    assert check_view(view) == []
    assert lines(view) == ["D", "E", "F", "4 to 6 of 8 · 1 is hidden"]
    assert buttons(view).items() >= {"fruit_previous": "0", "fruit_next": "2"}.items()


def test_paged_modal_past_the_last_page_shows_the_last():
    view = MODAL.render(MODAL.pressed(STATE, MODAL.next_id, "9"), listed(list("abcd")))

    assert lines(view) == ["D", "4 to 4 of 4"]
    assert "fruit_next" not in buttons(view)
    assert MODAL.read(view).page == 1


def test_paged_modal_renders_only_visible_rows():
    listing = listed(["a", "b", "c", None])  # rendering the last one would raise

    assert lines(MODAL.render(STATE, listing))[:3] == ["A", "B", "C"]


def test_paged_modal_without_rows_says_so():
    assert lines(MODAL.render(STATE, listed([]))) == ["No fruit."]
    searched = MODAL.read(MODAL.render(STATE, listed([])) | {"state": typed("kiwi")})
    assert no_rows("fruit", searched) == "No fruit matches `kiwi`. Clear the search to see all."


def typed(words):
    return {"values": {"fruit_search_block": {"fruit_search": {"value": words}}}}


def test_paged_modal_search_opens_the_first_page_and_a_tab_keeps_it():
    view = MODAL.render(MODAL.pressed(STATE, MODAL.next_id, "1"), listed(list("abcdefgh")))

    found = MODAL.read(view | {"state": typed("red apple")})
    assert (found.page, found.search) == (0, "red apple")
    assert found.matches("Apple", None, "dark RED")
    assert not found.matches("Apple", "green")
    assert MODAL.pressed(found, "fruit_green", "fruit_green").search == "red apple"


@pytest.mark.parametrize(
    ("modal", "callback_id", "actions", "kept"),
    [
        (
            FOUND,
            "found_form",
            ["found_sdks", "found_permissions", "found_manifest", "found_previous", "found_next"],
            {"scan": 12, "channel": "C1", "tab": "found_permissions", "page": 2, "search": ""},
        ),
        (
            HOSTS,
            "hosts_form",
            ["hosts_previous", "hosts_next"],
            {"scan": 12, "channel": "C1", "page": 2, "search": ""},
        ),
        (
            REPORT,
            "opinion_form",
            ["opinion_previous", "opinion_next"],
            {"scan": 12, "channel": "C1", "page": 2},
        ),
        (
            APP,
            "governance_form",
            [
                *("governance_permissions", "governance_risks", "governance_about"),
                *("governance_previous", "governance_next"),
            ],
            {"look": 12, "channel": "C1", "tab": "governance_risks", "page": 2},
        ),
    ],
    ids=["found", "hosts", "report", "app"],
)
def test_paged_modal_of_an_earlier_version_still_works(modal, callback_id, actions, kept):
    assert modal.callback_id == callback_id
    assert [*modal.tabs, modal.previous_id, modal.next_id] == actions

    state = modal.read({"private_metadata": json.dumps(kept)})
    assert state == ModalState(record=12, channel="C1", tab=kept.get("tab", ""), page=2)
    empty = Listing(heading=[], rows=["x"] * 100, row=str, empty="")
    added = {modal.source_key: ""} if modal.source_key else {}
    assert json.loads(modal.render(state, empty)["private_metadata"]) == kept | added


@pytest.mark.parametrize("kept", ["", "[]", '{"scan": 12}', '{"scan": true, "channel": "C1"}'])
def test_paged_modal_with_foreign_metadata_is_rejected(kept):
    with pytest.raises(UsageError):
        MODAL.read({"private_metadata": kept})
