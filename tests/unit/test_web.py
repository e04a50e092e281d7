"""The web server: health, readiness, Slack's door in HTTP mode, and nothing else."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.web import BODY_LIMIT_BYTES, METRICS_TYPE, WebServer, build_web


async def all_well():
    return {"slack": True, "database": True}


async def one_ill():
    return {"slack": False, "database": True}


async def none_looked_at():
    return {}


async def broken():
    raise RuntimeError("secret words")


async def echo(request):
    return web.Response(text=str(len(await request.text())))


async def figures():
    return b"appscan_queue_length 0.0\n"


@asynccontextmanager
async def serving(ready=all_well, slack_handler=None, metrics=None):
    async with on_a_port(build_web(ready=ready, slack_handler=slack_handler, metrics=metrics)) as client:
        yield client


@asynccontextmanager
async def on_a_port(pages):
    server = WebServer(pages, port=0, host="127.0.0.1")
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
            yield client
    finally:
        await server.stop()


async def test_healthy_while_not_ready():
    async with serving(one_ill) as client, client.get("/healthz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("ready", "status", "body"),
    [
        (all_well, 200, {"ready": True, "checks": {"slack": True, "database": True}}),
        (one_ill, 503, {"ready": False, "checks": {"slack": False, "database": True}}),
        (none_looked_at, 503, {"ready": False, "checks": {}}),
        (broken, 503, {"ready": False, "checks": {}}),
    ],
)
async def test_readiness(ready, status, body):
    async with serving(ready) as client, client.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (status, body)


async def test_readiness_is_awaited_anew_each_time():
    answers = [all_well, one_ill, all_well]

    async def changing():
        return await answers.pop(0)()

    async with serving(changing) as client:
        statuses = [(await client.get("/readyz")).status for _ in range(3)]

    assert statuses == [200, 503, 200]


async def test_slack_is_heard_in_http_mode_only():
    async with serving(slack_handler=echo) as client:
        assert await (await client.post("/slack/events", data=b"four")).text() == "4"
        assert (await client.get("/slack/events")).status == 405
    async with serving() as client:
        assert (await client.post("/slack/events", data=b"four")).status == 404


async def test_a_body_over_the_limit_is_refused():
    async with serving(slack_handler=echo) as client:
        assert (await client.post("/slack/events", data=bytes(BODY_LIMIT_BYTES + 1))).status == 413
        assert (await client.post("/slack/events", data=bytes(BODY_LIMIT_BYTES))).status == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/slack", "/slack/install", "/healthz/", "/../etc/passwd"])
async def test_there_is_nothing_else(path):
    async with serving(slack_handler=echo) as client:
        assert (await client.get(path)).status == 404


async def test_metrics_are_plain_text_as_prometheus_reads_it():
    async with serving(metrics=figures) as client, client.get("/metrics") as answer:
        assert (answer.status, await answer.read()) == (200, b"appscan_queue_length 0.0\n")
        assert answer.headers.getall("Content-Type") == [METRICS_TYPE]


async def test_metrics_are_never_on_slacks_port():
    with pytest.raises(ValueError, match="public port"):
        build_web(ready=all_well, slack_handler=echo, metrics=figures)


async def test_a_port_for_metrics_has_nothing_else():
    async with on_a_port(build_web(metrics=figures)) as client:
        paths = ["/metrics", "/healthz", "/readyz", "/slack/events", "/"]
        assert [(await client.get(path)).status for path in paths] == [200, 404, 404, 404, 404]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nothing"])
async def test_no_answer_names_the_software(path):
    async with serving() as client, client.get(path) as answer:
        assert "Server" not in answer.headers


async def test_a_stopped_server_lets_its_port_go():
    server = WebServer(build_web(ready=all_well, slack_handler=None), port=0, host="127.0.0.1")
    await server.stop()
    await server.start()
    port = server.port
    await server.stop()

    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_told():
    first = WebServer(build_web(ready=all_well, slack_handler=None), port=0, host="127.0.0.1")
    await first.start()
    second = WebServer(build_web(ready=all_well, slack_handler=None), port=first.port, host="127.0.0.1")
    try:
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
    finally:
        await second.stop()
        await first.stop()
