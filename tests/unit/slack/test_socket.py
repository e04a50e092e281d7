"""The watch over the connection asks Slack for a new address where the SDK tries a dead one for ever."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.socket import LOOK_S, PATIENCE_S, SocketMode
from sandbox.slack import SlackSandbox
from tests.fakes import HeldClock, until


@pytest.fixture(autouse=True)
def _quiet_sdk(caplog: pytest.LogCaptureFixture) -> None:
    """The SDK writes a traceback for each try."""
    for name in ("slack_sdk", "slack_bolt"):
        caplog.set_level(logging.CRITICAL, logger=name)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def socket(slack: SlackSandbox, clock: HeldClock) -> AsyncIterator[SocketMode]:
    connection = _socket(slack, clock)
    await connection.start()
    await slack.until(lambda: slack.socket.connections == 1)
    yield connection
    slack.faults.clear()
    await connection.stop()


def _socket(slack: SlackSandbox, clock: HeldClock, app_token: str | None = None) -> SocketMode:
    app = AsyncApp(
        client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url),
        signing_secret=slack.signing_secret,
    )
    return SocketMode(app, app_token or slack.app_token, clock, connect_s=0.2)


def _addresses(slack: SlackSandbox) -> int:
    """Tell how often an address was asked for."""
    return len(slack.called("apps.connections.open"))


async def _advance_until(slack: SlackSandbox, clock: HeldClock, so: Callable[[], bool]) -> None:
    def look() -> bool:
        clock.advance(LOOK_S)
        return so()

    await slack.until(look)


async def test_while_addresses_stay_dead_new_ones_are_asked_for_until_one_is_alive(
    slack: SlackSandbox, clock: HeldClock, socket: SocketMode
):
    assert await socket.connected()
    slack.faults.add("socket.connect", drop=True, times=None)
    before = _addresses(slack)
    slack.socket.cut()
    await _advance_until(slack, clock, lambda: _addresses(slack) >= before + 3)
    assert not await socket.connected()

    slack.faults.clear()
    await _advance_until(slack, clock, lambda: slack.socket.connections == 1)
    await until(socket.connected)


async def test_an_address_that_never_answers_holds_nobody_up(
    slack: SlackSandbox, clock: HeldClock, socket: SocketMode
):
    slack.faults.add("socket.connect", hold=True, times=None)
    before = _addresses(slack)
    slack.socket.cut()

    await _advance_until(slack, clock, lambda: _addresses(slack) >= before + 3)

    assert not await socket.connected()


@pytest.mark.parametrize(
    "garbled",
    [
        {"status": 503, "content_type": "text/plain", "body": "upstream connect error"},
        {"status": 200, "content_type": "application/json", "body": '{"ok": tr'},
        {"error": "internal_error"},
        {"drop": True},
    ],
    ids=["proxy", "cut", "error", "drop"],
)
async def test_the_watch_outlives_whatever_is_answered_to_the_question_for_an_address(
    slack: SlackSandbox, clock: HeldClock, socket: SocketMode, garbled: dict[str, object]
):
    failing = slack.faults.add("apps.connections.open", times=None, **garbled)
    slack.socket.cut()
    await _advance_until(slack, clock, lambda: failing.used >= 3)
    assert slack.socket.connections == 0

    failing.cancel()

    await _advance_until(slack, clock, lambda: slack.socket.connections == 1)


async def test_a_connection_that_comes_back_by_itself_is_not_replaced(
    slack: SlackSandbox, clock: HeldClock, socket: SocketMode
):
    before = _addresses(slack)
    for _ in range(int(2 * PATIENCE_S / LOOK_S)):
        clock.advance(LOOK_S)
        await asyncio.sleep(0)
    assert await socket.connected()
    assert (_addresses(slack), slack.socket.connections) == (before, 1)


async def test_a_token_that_slack_refuses_is_said_at_the_start(slack: SlackSandbox, clock: HeldClock):
    socket = _socket(slack, clock, app_token="xapp-1-not-the-one")
    with pytest.raises(SlackApiError):
        await socket.start()
    assert not await socket.connected()


@pytest.mark.parametrize(
    ("point", "trouble"),
    [
        ("apps.connections.open", {"error": "internal_error"}),
        ("apps.connections.open", {"drop": True}),
        ("socket.connect", {"drop": True}),
    ],
)
async def test_where_slack_is_in_trouble_at_the_start_the_watch_connects_later(
    slack: SlackSandbox, clock: HeldClock, point: str, trouble: dict[str, object]
):
    failing = slack.faults.add(point, times=None, **trouble)
    socket = _socket(slack, clock)
    await socket.start()
    assert not await socket.connected()
    failing.cancel()

    await _advance_until(slack, clock, lambda: slack.socket.connections == 1)

    await socket.stop()
