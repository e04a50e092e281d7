"""Answers that are none of Slack's are errors that name no code."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState

from bot.errors import slack_code, slack_wait_s
from bot.slack.api.client import SlackRetries
from tests.fakes import HeldClock

REQUEST = HttpRequest(method="GET", url="https://slack.com/api/auth.test", headers={})


def response(status: int = 200, **what: object) -> HttpResponse:
    return HttpResponse(status_code=status, headers={}, **what)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "what", [{"body": []}, {"body": {}}, {"body": {"ok": False}}, {"body": None}, {"data": ""}]
)
async def test_an_answer_that_the_sdk_can_judge_is_left_to_it(what: dict[str, object]):
    assert not await SlackRetries(HeldClock()).can_retry_async(
        state=RetryState(), request=REQUEST, response=response(**what)
    )


@pytest.mark.parametrize("what", [{"body": [1]}, {"body": "ok"}, {"body": 7}, {"data": "a page"}])
async def test_an_answer_that_is_no_object_is_an_error_without_a_code(what: dict[str, object]):
    with pytest.raises(SlackApiError) as raised:
        await SlackRetries(HeldClock()).can_retry_async(
            state=RetryState(), request=REQUEST, response=response(**what)
        )

    assert slack_code(raised.value) is None
    assert slack_wait_s(raised.value) is None


@pytest.mark.parametrize("status", [500, 503])
async def test_a_status_that_tells_of_trouble_keeps_its_meaning(status: int):
    assert not await SlackRetries(HeldClock()).can_retry_async(
        state=RetryState(), request=REQUEST, response=response(status, data="a page")
    )
