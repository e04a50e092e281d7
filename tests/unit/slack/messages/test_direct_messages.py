"""Telling people of apps: in a direct message, in the channel where only they see it, or later."""

import logging

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.features.third_party_apps.direct_messages import MESSAGE_BACKOFF, send_answer
from bot.features.third_party_apps.models import AppLookup, AppLookupState, AppQuestion, AppRef, RefKind
from sandbox.slack import SlackSandbox
from tests.fakes import START

LOOK = AppLookup(
    number=1,
    ref=AppRef(kind=RefKind.APP_ID, value="x1"),
    state=AppLookupState.GIVEN_UP,
    began_at=START,
    due_at=START,
)


class Scene:
    """Somebody who asked in a channel."""

    def __init__(self, slack: SlackSandbox) -> None:
        self.slack, self.ana = slack, slack.person("ana")
        self.channel = slack.channel("builds", members=["ana"])
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        client.retry_handlers = []
        self.client = client

    async def tell(self, tries: int = 0) -> float | None:
        ask = AppQuestion(number=1, lookup=LOOK, user=self.ana.id, channel=self.channel.id, tries=tries)
        return await send_answer(self.client, ask)

    @property
    def seen(self) -> tuple[int, int, int]:
        """How many messages there are: in their direct messages, for them alone, in the channel."""
        alone = len(self.ana.ephemerals(self.channel))
        return len(self.ana.messages(self.ana.im())), alone, len(self.ana.messages(self.channel)) - alone


@pytest.fixture
def scene(slack: SlackSandbox, caplog: pytest.LogCaptureFixture) -> Scene:
    caplog.set_level(logging.INFO, logger="bot")
    return Scene(slack)


async def test_a_person_is_told_in_a_direct_message(scene: Scene):
    assert await scene.tell() is None
    assert scene.seen == (1, 0, 0)


async def test_where_there_are_none_only_they_see_it_where_they_asked(scene: Scene):
    scene.slack.faults.add("chat.postMessage", error="messages_tab_disabled")
    assert await scene.tell() is None
    assert scene.seen == (0, 1, 0)


async def test_who_can_not_be_told_at_all_is_let_be(scene: Scene, caplog: pytest.LogCaptureFixture):
    scene.slack.faults.add("chat.postMessage", error="cannot_dm_bot")
    scene.slack.faults.add("chat.postEphemeral", error="user_not_in_channel")
    assert await scene.tell() is None
    assert scene.seen == (0, 0, 0)
    assert "could not be sent" in caplog.text
    assert scene.ana.id not in caplog.text


@pytest.mark.parametrize(
    ("fault", "tries", "wait_s"),
    [
        ({"error": "internal_error"}, 0, MESSAGE_BACKOFF.first_s),
        ({"error": "internal_error"}, 1, 4 * MESSAGE_BACKOFF.first_s),
        ({"error": "token_revoked"}, 99, MESSAGE_BACKOFF.maximum_s),
        ({"status": 429, "retry_after": 300}, 0, 300),
        ({"drop": True}, 0, MESSAGE_BACKOFF.first_s),
    ],
)
async def test_trouble_of_slack_is_waited_out(scene: Scene, fault, tries: int, wait_s: float):
    scene.slack.faults.add("chat.postMessage", **fault, times=None)
    assert await scene.tell(tries) == wait_s
    assert scene.seen == (0, 0, 0)
