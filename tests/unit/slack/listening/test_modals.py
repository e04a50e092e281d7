"""Modals: what submitting a form or a search is answered with."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.errors import AppscanError, NotFound, UsageError
from bot.slack.blocks.elements import Block
from bot.slack.blocks.paged_modal import Listing, ModalState, PagedModal
from bot.slack.listening.modals import open_paged, take_form

MODAL = PagedModal(name="fruit", title="Fruit", page_size=2, search_hint="A name")


async def signed_in(**_: object) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UBOT")


@pytest.fixture
def app() -> AsyncApp:
    return AsyncApp(authorize=signed_in, signing_secret="unused", request_verification_enabled=False)


async def submitted(app: AsyncApp, callback_id: str, **view: Any) -> dict[str, Any]:
    """Submit a modal; return what it was acknowledged with."""
    body = {
        "type": "view_submission",
        "user": {"id": "UDANA"},
        "team": {"id": "T1"},
        "view": {"type": "modal", "callback_id": callback_id, **view},
    }
    answer = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    assert answer.status == 200
    return json.loads(answer.body) if answer.body else {}


def words(modal: Block) -> str:
    return json.dumps(modal["blocks"])


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (None, {}),
        (UsageError("Use `a.b`."), {"response_action": "errors", "errors": {"id_block": "Use a.b."}}),
    ],
)
async def test_form_closes_or_shows_an_error_beside_its_input(
    app: AsyncApp, outcome: UsageError | None, answer: dict[str, Any]
):
    seen = []

    async def submit(user: str, view: Mapping[str, Any]) -> None:
        seen.append((user, view["callback_id"]))
        if outcome is not None:
            raise outcome

    take_form(app, "id_form", submit, error_block="id_block")

    assert await submitted(app, "id_form") == answer
    assert seen == [("UDANA", "id_form")]


@pytest.mark.parametrize("outcome", ["It is linked twice.", NotFound("It is linked twice.")])
async def test_form_is_replaced_by_a_sentence(app: AsyncApp, outcome: str | AppscanError):
    async def submit(_: str, __: Mapping[str, Any]) -> str:
        if isinstance(outcome, str):
            return outcome
        raise outcome

    take_form(app, "id_form", submit, error_block="id_block")
    answer = await submitted(app, "id_form")

    assert answer["response_action"] == "update"
    assert "It is linked twice." in words(answer["view"])


async def test_paged_modal_shows_what_a_search_finds_or_why_it_is_gone(app: AsyncApp):
    fruit = ["apple", "pear"]

    async def load(user: str, state: ModalState) -> Block:
        assert (user, state.record, state.channel) == ("UDANA", 12, "C1")
        if not fruit:
            raise NotFound("There is no such scan.")
        rows = [each for each in fruit if state.matches(each)]
        return MODAL.render(state, Listing(heading=[], rows=rows, row=str, empty="None."))

    open_paged(app, MODAL, load, button="fruit_all")
    kept = {"scan": 12, "channel": "C1", "page": 0, "search": ""}
    typed = {"values": {"fruit_search_block": {"fruit_search": {"value": "pe"}}}}
    view = {"private_metadata": json.dumps(kept), "state": typed}

    found = await submitted(app, "fruit_form", **view)
    assert found["response_action"] == "update"
    assert "pear" in words(found["view"])
    assert "apple" not in words(found["view"])

    fruit.clear()
    gone = await submitted(app, "fruit_form", **view)
    assert "There is no such scan." in words(gone["view"])

    outdated = await submitted(app, "fruit_form", private_metadata="{}")
    assert "out of date" in words(outdated["view"])
