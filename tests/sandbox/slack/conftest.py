"""Fixtures: the Slack stand-in with a channel and two people, and a real client on it."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Person, SlackSandbox


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox() as sandbox:
        sandbox.channel("builds", members=["ana", "ben"])
        yield sandbox


@pytest.fixture
def ana(slack: SlackSandbox) -> Person:
    return slack.person("ana")


@pytest.fixture
def client(slack: SlackSandbox) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
