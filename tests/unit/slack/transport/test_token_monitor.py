"""A bot token that was revoked while the bot runs is noticed; trouble of Slack's is no reason to end."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scheduler import Scheduler
from bot.errors import SLACK_REFUSALS
from bot.slack.transport.token_monitor import CHECK_INTERVAL_S, TokenMonitor
from sandbox.slack import SlackSandbox
from tests.fakes import HeldClock, until


@pytest.fixture
async def standing(slack: SlackSandbox, clock: HeldClock) -> AsyncIterator[TokenMonitor]:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    watch = TokenMonitor(client)
    scheduler = Scheduler(clock)
    scheduler.start(watch.job)
    yield watch
    await scheduler.stop()


async def look(slack: SlackSandbox, clock: HeldClock) -> None:
    seen = len(slack.called("auth.test"))
    await until(lambda: CHECK_INTERVAL_S in clock.naps)
    clock.advance(CHECK_INTERVAL_S)
    await slack.until(lambda: len(slack.called("auth.test")) > seen)


@pytest.mark.parametrize("code", sorted(SLACK_REFUSALS))
async def test_a_token_that_is_refused_shuts_the_bot_out(
    slack: SlackSandbox, clock: HeldClock, standing: TokenMonitor, code: str
):
    await look(slack, clock)
    assert standing.good
    slack.faults.add("auth.test", error=code)

    await look(slack, clock)

    why = await standing.shut_out
    assert f"Slack refuses SLACK_BOT_TOKEN ({code}). Install the app again" in why.user_message
    assert not standing.good


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 503, "content_type": "text/plain", "body": "upstream error"},
        {"content_type": "application/json", "body": '{"ok": tr'},
        {"content_type": "application/json", "body": "[]"},
        {"error": "internal_error"},
        {"error": "team_added_to_org"},
        {"status": 429, "retry_after": 30},
        {"drop": True},
    ],
)
async def test_trouble_is_outlived(
    slack: SlackSandbox, clock: HeldClock, standing: TokenMonitor, trouble: dict[str, object]
):
    slack.faults.add("auth.test", **trouble)
    await look(slack, clock)
    await look(slack, clock)
    await until(lambda: CHECK_INTERVAL_S in clock.naps)
    assert standing.good
