"""HTTP mode: what is signed, how often it comes, and how interactions are answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.clock import HeldClock
from sandbox.slack import SlackSandbox
from sandbox.world import World
from tests.sandbox.slack.bolt import bolt_app, served


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(mode="http", signing_secret="s3cret", retries_s=(0, 0, 0)) as sandbox:
        sandbox.channel("builds", members=["ana", "ben"])
        yield sandbox


async def test_events_commands_and_the_challenge_reach_a_real_app(slack, ana):
    app = bolt_app(slack)
    got = []

    @app.event("message")
    async def take(event):
        got.append(event["text"])

    @app.command("/appscan")
    async def run(ack, respond, command):
        await ack(f"you said {command['text']}")
        await respond("and more")

    async with served(slack, app):
        assert await slack.verify_events_url()
        ana.say("builds", "grüße")
        typed = await ana.slash("builds", "/appscan", "help")
        await slack.until(lambda: got and len(typed.answers) == 2)
        await slack.settled()
    assert got == ["grüße"]
    assert sorted(answer.text for answer in typed.answers) == ["and more", "you said help"]
    with pytest.raises(SlackApiError, match="socket_mode_not_enabled"):
        await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.app_token)


async def test_a_modal_is_answered_in_the_response(slack, ana):
    app = bolt_app(slack)
    text = {"type": "plain_text", "text": "App"}
    entry = {
        "type": "input",
        "block_id": "app",
        "label": text,
        "element": {"type": "plain_text_input", "action_id": "id"},
    }

    @app.shortcut("scan")
    async def scan(ack, shortcut, client):
        await ack()
        view = {"type": "modal", "callback_id": "ask", "title": text, "submit": text, "blocks": [entry]}
        await client.views_open(trigger_id=shortcut["trigger_id"], view=view)

    @app.view("ask")
    async def submit(ack):
        await ack(response_action="errors", errors={"app": "no"})

    async with served(slack, app):
        await ana.shortcut("builds", ana.say("builds", "x").ts, "scan")
        await slack.until(ana.open_view)
        assert (await ana.submit_view({"id": "x"})).errors == {"app": "no"}


async def test_a_wrong_secret_is_refused_and_the_event_comes_four_times(slack, ana):
    app = bolt_app(slack)
    slack.app.signing_secret = "another"
    async with served(slack, app):
        ana.say("builds", "hello")
        await slack.settled()
    assert (slack.deliveries[0].attempts, slack.deliveries[0].error) == (4, "http_error")


async def test_retries_are_numbered_and_can_be_declined(slack, ana):
    seen = []

    async def events(request):
        seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        headers = {"X-Slack-No-Retry": "1"} if len(seen) == 3 else {}
        return web.Response(status=500, headers=headers)

    server = web.Application()
    server.router.add_post("/", events)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    ana.say("builds", "hello")
    await slack.settled()
    await runner.cleanup()
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]


async def test_an_answer_after_three_seconds_is_too_late():
    clock, late = HeldClock(), asyncio.Event()
    async with SlackSandbox(World(clock=clock), mode="http", retries_s=()) as slack:
        slack.channel("builds", members=["ana"])
        app = bolt_app(slack)

        @app.middleware
        async def wait(next_):
            await late.wait()

        async with served(slack, app):
            typing = asyncio.ensure_future(slack.person("ana").slash("builds", "/appscan"))
            await clock.asleep()
            clock.advance(3)
            assert (await typing).error == "operation_timeout"
            late.set()


async def test_a_bot_that_is_down_fails_a_command(slack, ana):
    slack.events_url = "http://127.0.0.1:1/slack/events"
    assert (await ana.slash("builds", "/appscan")).error == "dispatch_failed"
