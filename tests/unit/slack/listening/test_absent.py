"""Buttons and forms of features that are not set up: answered with a sentence, and only those."""

import json
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.errors import NotFound
from bot.slack.listening import error_handler


async def signed_in(**_: object) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UBOT")


@pytest.fixture
def app() -> AsyncApp:
    return AsyncApp(authorize=signed_in, signing_secret="unused", request_verification_enabled=False)


async def dispatched(app: AsyncApp, **body: Any) -> str:
    """Deliver a payload; return what it was acknowledged with."""
    body = {"user": {"id": "UDANA"}, "team": {"id": "T1"}, **body}
    answer = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    return answer.body


async def test_only_buttons_that_no_feature_registered_are_absent(app: AsyncApp):
    pressed, errors = [], []

    @app.error
    async def failed(error: Exception) -> None:
        errors.append(error)

    @app.action("scan_cancel")
    async def cancel(ack: Any) -> None:
        pressed.append("scan_cancel")
        await ack()

    error_handler.register_absent(app)
    for action_id in ("scan_cancel", "zscaler_activate"):
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": "1"}
        await dispatched(app, type="block_actions", channel={"id": "C1"}, actions=[action])

    assert pressed == ["scan_cancel"]
    assert [(type(error), str(error)) for error in errors] == [(NotFound, error_handler.ABSENT)]


async def test_an_absent_form_is_replaced_by_the_sentence(app: AsyncApp):
    error_handler.register(app)
    error_handler.register_absent(app)

    answer = await dispatched(app, type="view_submission", view={"type": "modal", "callback_id": "gone"})

    assert json.loads(answer)["response_action"] == "update"
    assert error_handler.ABSENT in answer
