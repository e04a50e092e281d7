"""One connection: what comes over it is answered, whatever comes; a close waits for that."""

import asyncio
import json
import logging

import pytest

from bot.slack.transport.socket_connection import DRAIN_TIMEOUT_S
from tests.fakes import until
from tests.unit.slack.conftest import Line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[]",
        "null",
        "{}",
        '{"type": "events_api"}',
        '{"type": {}, "envelope_id": [], "payload": "words"}',
        '{"type": "slash_commands", "envelope_id": "1", "payload": {"command": 3}}',
        '{"type": "hello"}',
        "[" * 100_000,
        "\u0000\u202e",
    ],
)
async def test_what_makes_no_sense_does_not_end_the_connection(
    line: Line, text: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.CRITICAL, logger="bot.slack.transport.socket_connection")
    await line.slack.socket.say(text)
    await line.says("still there")
    assert line.slack.socket.greeted == 1


async def test_what_no_listener_wants_is_not_acknowledged(line: Line):
    await line.slack.person("ana").slash("builds", "/appscan", "")
    (command,) = (each for each in line.slack.deliveries if each.kind == "slash_commands")
    assert not command.acked


@pytest.mark.parametrize("answer", ["words", {"text": "words"}])
async def test_an_acknowledgement_carries_what_the_listener_gave(line: Line, answer: object):
    async def command(ack):
        await ack(answer)

    line.socket._app.command("/appscan")(command)
    await line.slack.person("ana").slash("builds", "/appscan", "words")
    (told,) = (each for each in line.slack.deliveries if each.kind == "slash_commands")
    assert told.response == {"text": "words"}


async def test_a_stop_waits_for_the_acknowledgement_of_what_is_being_answered(line: Line):
    begun, go = asyncio.Event(), asyncio.Event()

    async def command(ack):
        begun.set()
        await go.wait()
        await ack("in time")

    line.socket._app.command("/appscan")(command)
    typed = asyncio.create_task(line.slack.person("ana").slash("builds", "/appscan", "slow"))
    await begun.wait()
    stopping = asyncio.create_task(line.socket.stop())
    await until(lambda: DRAIN_TIMEOUT_S in line.clock.naps)
    go.set()
    await stopping
    await typed
    (told,) = (each for each in line.slack.deliveries if each.kind == "slash_commands")
    assert told.response == {"text": "in time"}
    assert line.open == 0


async def test_a_stop_does_not_wait_for_ever(line: Line):
    begun = asyncio.Event()

    async def command(ack):
        begun.set()
        await asyncio.Event().wait()

    line.socket._app.command("/appscan")(command)
    typed = asyncio.create_task(line.slack.person("ana").slash("builds", "/appscan", "never"))
    await begun.wait()
    stopping = asyncio.create_task(line.socket.stop())
    await until(lambda: DRAIN_TIMEOUT_S in line.clock.naps)
    line.clock.advance(DRAIN_TIMEOUT_S)
    await stopping
    await typed
    assert line.open == 0


async def test_a_retry_reaches_the_listener_with_its_number(line: Line):
    seen: list[object] = []

    async def hear(request):
        seen.append(request.headers.get("x-slack-retry-num"))

    line.socket._app.event("reaction_added")(hear)
    envelope = {
        "type": "events_api",
        "envelope_id": "7",
        "retry_attempt": 2,
        "retry_reason": "timeout",
        "payload": {"type": "event_callback", "event": {"type": "reaction_added", "user": "U1"}},
    }
    await line.slack.socket.say(json.dumps(envelope))
    await until(lambda: bool(seen))
    assert seen == [["2"]]
