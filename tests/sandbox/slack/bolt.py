"""A real, tiny Bolt app on the stand-in, in Socket Mode or on HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackSandbox


def bolt_app(slack: SlackSandbox) -> AsyncApp:
    """Return a real app without listeners, pointed at the stand-in."""
    web_client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    return AsyncApp(client=web_client, signing_secret=slack.signing_secret)


@asynccontextmanager
async def connected(slack: SlackSandbox, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Run an app in Socket Mode."""
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=app.client, ping_interval=1)
    before = slack.socket.connections
    await handler.connect_async()
    await slack.until(lambda: slack.socket.connections > before)
    try:
        yield handler
    finally:
        client = handler.client
        await handler.close_async()
        running = (client.message_processor, client.current_session_monitor, client.message_receiver)
        await asyncio.gather(*(task for task in running if task), return_exceptions=True)


@asynccontextmanager
async def served(slack: SlackSandbox, app: AsyncApp) -> AsyncIterator[str]:
    """Run an app on HTTP, and tell the stand-in where."""

    async def events(request: web.Request) -> web.Response:
        bolt_request = AsyncBoltRequest(body=await request.text(), headers=dict(request.headers))
        answer = await app.async_dispatch(bolt_request)
        content_type = answer.headers.get("content-type", ["text/plain"])[0].split(";")[0]
        return web.Response(status=answer.status, text=answer.body, content_type=content_type)

    server = web.Application()
    server.router.add_post("/slack/events", events)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield slack.events_url
    finally:
        await runner.cleanup()
