"""The pair of connections: one of them is up whatever becomes of the other, and Slack is not hammered."""

import pytest

from bot.errors import SLACK_REFUSALS, ShutOut
from bot.slack.transport.socket_connection import MAX_UNANSWERED_PINGS, PING_INTERVAL_S
from bot.slack.transport.socket_mode import (
    CONNECT_TIMEOUT_S,
    LINGER_S,
    STABLE_S,
    TOO_MANY_PAUSE_S,
    TOO_MANY_WITH_ANOTHER_PAUSE_S,
)
from sandbox.slack import SlackSandbox
from tests.fakes import HeldClock
from tests.unit.slack.conftest import Line, make

DEAD = '{"ok": true, "url": "ws://127.0.0.1:1/link/?ticket=1"}'


async def test_a_second_connection_follows_once_the_first_is_steady(line: Line):
    await line.live(STABLE_S - PING_INTERVAL_S)
    assert line.asked == 1

    await line.live(PING_INTERVAL_S)
    await line.slack.until(lambda: line.open == 2)

    await line.live(3600)
    assert (line.asked, line.open) == (2, 2)


@pytest.mark.parametrize("which", [0, 1])
async def test_when_one_connection_is_cut_the_other_goes_on_and_it_is_made_anew_at_once(
    line: Line, which: int
):
    await line.pair()
    line.slack.faults.add("socket.connect", hold=True)

    line.slack.socket.cut(which)

    await line.slack.until(lambda: line.asked == 3)
    assert (line.open, line.socket.connected) == (1, True)
    await line.says("over the other one")
    line.slack.faults.clear()
    await line.slack.until(lambda: line.open == 2)


async def test_when_both_are_cut_a_new_one_is_made_at_once_and_the_second_follows(line: Line):
    await line.pair()

    line.slack.socket.cut()

    await line.slack.until(lambda: line.slack.socket.greeted == 3)
    await line.says("back again")
    await line.live(STABLE_S)
    await line.slack.until(lambda: line.open == 2)
    assert line.socket.connected


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "something_new"])
async def test_a_connection_that_slack_will_end_works_until_its_successor_is_up(line: Line, reason: str):
    await line.pair()
    held = line.slack.faults.add("socket.connect", hold=True)

    await line.slack.socket.disconnect(reason, close=False)  # both at once

    await held.reached()
    assert (line.open, line.socket.connected) == (2, True)
    for text in ("over the one", "over the other"):
        await line.says(text)

    held.release()
    await line.slack.until(lambda: line.slack.socket.greeted == 3)
    await line.slack.until(lambda: line.open == 3)
    await line.live(LINGER_S)
    await line.slack.until(lambda: line.open == 1)
    await line.live(STABLE_S)
    await line.slack.until(lambda: line.open == 2)
    assert line.asked == 4


async def test_the_successor_of_one_is_made_at_once_while_the_other_is_up(line: Line):
    await line.pair()

    await line.slack.socket.disconnect("refresh_requested", which=0)  # and closed by Slack

    await line.slack.until(lambda: line.slack.socket.greeted == 3 and line.open == 2)
    assert line.socket.connected


async def test_while_addresses_stay_dead_new_ones_are_asked_for_until_one_is_alive(line: Line):
    dead = line.slack.faults.add(
        "apps.connections.open", body=DEAD, content_type="application/json", times=None
    )
    line.slack.socket.cut()

    await line.wait(lambda: dead.used == 5)
    assert not line.socket.connected

    dead.cancel()
    assert await line.wait(lambda: line.open == 1) <= 60
    await line.up()


async def test_an_hour_of_dead_addresses_is_not_spent_hammering(line: Line):
    dead = line.slack.faults.add(
        "apps.connections.open", body=DEAD, content_type="application/json", times=None
    )
    line.slack.socket.cut()
    await line.wait(lambda: dead.used == 8)
    for _ in range(10):
        before = dead.used
        assert await line.wait(lambda before=before: dead.used > before) >= 59


@pytest.mark.parametrize("point", ["apps.connections.open", "socket.connect", "socket.hello"])
async def test_a_server_that_takes_the_connection_and_stays_silent_is_left_for_another(
    line: Line, point: str
):
    await line.pair()
    silent = line.slack.faults.add(point, hold=True)
    line.slack.socket.cut()
    await silent.reached()
    assert not line.socket.connected

    assert await line.wait(lambda: line.open == 1, hangs=True) <= CONNECT_TIMEOUT_S + 5
    await line.up()


async def test_a_connection_over_which_nothing_comes_any_more_is_noticed_within_a_minute(
    line: Line, caplog: pytest.LogCaptureFixture
):
    await line.pair()
    silence = line.slack.faults.add("socket.ping", drop=True, times=None)
    began = line.clock.now()
    for beat in range(1, MAX_UNANSWERED_PINGS + 1):
        line.clock.advance(PING_INTERVAL_S)
        await line.slack.until(lambda beat=beat: silence.used == 2 * beat)
        await line.rest(hangs=True)  # until both wait for the next ping
        assert line.socket.connected

    line.clock.advance(PING_INTERVAL_S)

    await line.slack.until(lambda: line.slack.socket.greeted == 3)
    assert line.clock.now() - began <= 60
    assert caplog.messages.count("lost a connection to Slack: pings were not answered") == 2
    silence.cancel()
    await line.says("heard again")


async def test_too_many_connections_are_tried_rarely_while_the_one_that_is_up_works(
    line: Line, caplog: pytest.LogCaptureFixture
):
    line.slack.socket.most = 1
    await line.live(STABLE_S)
    await line.slack.until(lambda: line.asked == 2)
    await line.live(3600)
    assert line.asked <= 2 + 3600 / TOO_MANY_WITH_ANOTHER_PAUSE_S
    assert (line.open, line.socket.connected) == (1, True)
    assert "Does another bot use the same SLACK_APP_TOKEN?" in caplog.text
    await line.says("still there")

    line.slack.socket.most = 10
    await line.wait(lambda: line.open == 2)


async def test_the_one_that_is_up_is_replaced_at_once_even_while_there_were_too_many(line: Line):
    line.slack.socket.most = 1
    await line.live(STABLE_S)
    await line.slack.until(lambda: line.asked == 2)
    await line.live(60)

    line.slack.socket.cut()

    await line.slack.until(lambda: line.slack.socket.greeted == 2)
    await line.up()
    assert line.socket.connected


async def test_with_none_up_and_too_many_of_others_it_is_tried_once_a_minute(line: Line):
    line.slack.socket.most = 0
    await line.slack.socket.disconnect("too_many_websockets")
    assert await line.wait(lambda: line.asked == 2) >= TOO_MANY_PAUSE_S - 1
    assert not line.socket.connected
    assert await line.wait(lambda: line.asked == 3) >= TOO_MANY_PAUSE_S - 1

    line.slack.socket.most = 10
    await line.wait(lambda: line.open == 1)


async def test_a_server_that_greets_and_cuts_again_and_again_is_not_hammered(line: Line):
    for count in range(2, 9):
        line.slack.socket.cut()
        await line.wait(lambda count=count: line.slack.socket.greeted == count)
    line.slack.socket.cut()
    assert await line.wait(lambda: line.slack.socket.greeted == 9) >= 59


async def test_slack_is_not_asked_again_before_the_time_it_named(line: Line):
    line.slack.faults.add("apps.connections.open", status=429, retry_after=45)
    line.slack.socket.cut()
    await line.slack.until(lambda: line.asked == 2)
    assert await line.wait(lambda: line.asked == 3) >= 44
    await line.slack.until(lambda: line.open == 1)


async def test_link_disabled_shuts_the_bot_out(line: Line):
    await line.pair()
    await line.slack.socket.disconnect("link_disabled")
    why = await line.socket.shut_out
    assert why.user_message == (
        "Socket Mode is switched off for the Slack app. Switch it on at api.slack.com/apps, under Socket "
        "Mode, and start the bot again."
    )
    assert not line.socket.connected


@pytest.mark.parametrize("code", sorted(SLACK_REFUSALS))
async def test_an_app_token_that_is_refused_while_running_shuts_the_bot_out(line: Line, code: str):
    line.slack.faults.add("apps.connections.open", error=code)
    line.slack.socket.cut()
    why = await line.socket.shut_out
    assert f"Slack refuses SLACK_APP_TOKEN ({code}). Make an app-level token" in why.user_message
    assert not line.socket.connected


@pytest.mark.parametrize(
    ("point", "code", "told"),
    [
        ("apps.connections.open", "invalid_auth", "SLACK_APP_TOKEN"),
        ("apps.connections.open", "socket_mode_not_enabled", "Socket Mode is switched off"),
        ("socket.hello", "link_disabled", "Socket Mode is switched off"),
    ],
)
async def test_being_shut_out_is_said_at_the_start(unconnected: Line, point: str, code: str, told: str):
    unconnected.slack.faults.add(point, error=code)
    with pytest.raises(ShutOut) as no:
        await unconnected.socket.start()
    assert told in no.value.user_message
    assert not unconnected.socket.connected


async def test_a_wrong_app_token_is_said_at_the_start(slack: SlackSandbox, clock: HeldClock, quiet_sdk: None):
    line = make(slack, clock, app_token="xapp-1-not-the-one")
    with pytest.raises(ShutOut) as no:
        await line.socket.start()
    assert "xapp" not in f"{no.value} {no.value.user_message}"


@pytest.mark.parametrize(
    ("point", "trouble"),
    [
        ("apps.connections.open", {"status": 503, "content_type": "text/plain", "body": "upstream error"}),
        ("apps.connections.open", {"content_type": "application/json", "body": '{"ok": tr'}),
        ("apps.connections.open", {"content_type": "application/json", "body": '{"ok": true}'}),
        ("apps.connections.open", {"error": "internal_error"}),
        ("apps.connections.open", {"error": "a_code_of_tomorrow"}),
        ("apps.connections.open", {"drop": True}),
        ("socket.connect", {"drop": True}),
        ("socket.connect", {"status": 503}),
        ("socket.hello", {"drop": True}),
    ],
)
async def test_trouble_at_the_start_and_later_is_outlived(
    unconnected: Line, point: str, trouble: dict[str, object]
):
    line = unconnected
    failing = line.slack.faults.add(point, times=None, **trouble)
    await line.socket.start()
    await line.wait(lambda: failing.used >= 3)
    assert not line.socket.connected

    failing.cancel()

    await line.wait(lambda: line.open == 1)
    await line.says("at last")
