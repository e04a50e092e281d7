"""The page for Prometheus: true, bounded, and with nothing from outside in a label."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.scan import Platform, Pulled, State
from bot.core.stats import Move, StatsSnapshot
from bot.metrics import OTHER, SLACK_METHODS, STATUSES, CountedClient, CountedFiles, Metrics
from bot.web import WebServer
from tests.fakes import FakeFiles

BOT = Path(__file__).parents[2] / "bot"
NOTHING = StatsSnapshot(scans={}, queued=0, oldest_s=0.0, moves=())


class Rows:
    """Figures as a test wants them."""

    def __init__(self, *looks: StatsSnapshot) -> None:
        self.looks = list(looks)
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def __call__(self) -> StatsSnapshot:
        self.asked += 1
        await self.gate.wait()
        if self.broken:
            raise OSError("/a/path and a secret")
        return self.looks.pop(0) if self.looks else NOTHING


def read(page: bytes) -> dict[str, float]:
    """Return each sample by its name and labels as they are written."""
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    pages = web.Application()
    pages.router.add_route("*", "/{path:.*}", answer)
    server = WebServer(pages, port=0, host="127.0.0.1")
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


async def test_the_rows_are_told_with_every_state_there_is():
    metrics = Metrics()
    metrics.figures = Rows(
        StatsSnapshot(
            scans={(State.SUBMITTED, Platform.IOS): 3, (State.REJECTED, None): 2},
            queued=4,
            oldest_s=90.5,
            moves=(),
        )
    )
    told = read(await metrics.page())

    assert told["appscan_scans ios submitted"] == 3
    assert told["appscan_scans other rejected"] == 2
    assert told["appscan_scans android failed"] == 0
    assert len([name for name in told if name.startswith("appscan_scans ")]) == len(State) * 3
    assert (told["appscan_queue_length"], told["appscan_queue_oldest_seconds"]) == (4, 90.5)
    assert told["appscan_database_up"] == 1
    assert told["process_open_fds"] > 0


async def test_steps_retries_and_the_whole_way_are_counted_from_what_happened():
    def move(before: State, after: State, seconds: float, total_s: float = 0.0) -> Move:
        return Move(before=before, after=after, seconds=seconds, total_s=total_s)

    metrics = Metrics(fresh_s=0)
    metrics.figures = Rows(
        replace(
            NOTHING, moves=(move(State.PULLING, State.QUEUED, 2.0), move(State.QUEUED, State.PULLING, 30.0))
        ),
        replace(
            NOTHING,
            moves=(
                move(State.PULLING, State.CHECKING, 0.2),
                move(State.SUBMITTING, State.SUBMITTED, 4.0, 50.0),
            ),
        ),
    )
    await metrics.page()
    told = read(await metrics.page())

    assert told["appscan_retries_total pulling"] == 1
    assert told["appscan_step_seconds_count pulling"] == 2
    assert told["appscan_step_seconds_sum pulling"] == 2.2
    assert told["appscan_step_seconds_sum submitting"] == 4.0
    assert told["appscan_step_seconds_sum total"] == 50.0
    assert told["appscan_step_seconds_count checking"] == 0


async def test_rows_that_can_not_be_read_are_told_and_the_last_look_stays(caplog):
    metrics = Metrics(fresh_s=0)
    rows = metrics.figures = Rows(replace(NOTHING, queued=7))
    await metrics.page()
    rows.broken = True
    told = read(await metrics.page())

    assert (told["appscan_database_up"], told["appscan_queue_length"]) == (0, 7)
    assert "secret" not in caplog.text
    rows.broken = False
    assert read(await metrics.page())["appscan_database_up"] == 1


async def test_a_database_that_hangs_holds_up_no_page_and_is_asked_once():
    metrics = Metrics(fresh_s=0, read_s=0.01)
    rows = metrics.figures = Rows()
    rows.gate.clear()
    pages = [read(await metrics.page()) for _ in range(3)]

    assert [page["appscan_database_up"] for page in pages] == [0, 0, 0]
    assert rows.asked == 1
    rows.gate.set()
    assert read(await metrics.page())["appscan_database_up"] == 1
    await metrics.stop()


async def test_many_questions_at_once_are_one_look():
    metrics = Metrics(fresh_s=60)
    rows = metrics.figures = Rows()
    await metrics.page()
    pages = await asyncio.gather(*(metrics.page() for _ in range(50)))

    assert rows.asked == 1
    assert len(set(pages)) == 1


async def test_before_anything_is_open_the_page_says_so(tmp_path: Path):
    metrics = Metrics(fresh_s=0)
    assert read(await metrics.page())["appscan_database_up"] == 0

    (tmp_path / "scan-1-x").mkdir()
    (tmp_path / "scan-1-x" / "build").write_bytes(bytes(1000))
    metrics.work_dir, metrics.breaker_open, metrics.socket = tmp_path, lambda: True, lambda: (2, 5)
    told = read(await metrics.page())
    assert told["appscan_workroom_bytes"] == 1000
    assert told["appscan_breaker_open"] == 1
    assert (told["appscan_socket_connections"], told["appscan_socket_connects_total"]) == (2, 5)


async def test_slacks_calls_are_counted_by_method_and_what_came_of_them():
    metrics = Metrics(fresh_s=0)

    async def answer(request: web.Request) -> web.Response:
        method = request.path.rpartition("/")[2]
        if method == "chat.update":
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429)
        if method == "users.info":
            return web.Response(text="<html>a proxy")
        if method == "files.info":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"ok": method != "chat.delete", "error": "no"})

    async with (
        serving(answer) as url,
        aiohttp.ClientSession(trace_configs=[metrics.slack_calls()]) as session,
    ):
        methods = [
            "auth.test",
            "auth.test",
            "chat.delete",
            "chat.update",
            "users.info",
            "xoxb-made-up-1",
            "status",
        ]
        for method in methods:
            async with session.post(f"{url}/api/{method}") as response:
                await response.read()
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"{url}/api/files.info")
    told = read(await metrics.page())

    assert {name: value for name, value in told.items() if name.startswith("appscan_slack_calls_total")} == {
        "appscan_slack_calls_total auth.test ok": 2,
        "appscan_slack_calls_total chat.delete refused": 1,
        "appscan_slack_calls_total chat.update 429": 1,
        "appscan_slack_calls_total users.info other": 1,
        "appscan_slack_calls_total files.info none": 1,
        "appscan_slack_calls_total other ok": 2,
    }


async def test_onetrusts_calls_and_bytes_are_counted():
    metrics = Metrics(fresh_s=0)

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202 if request.path == "/ok" else 599)

    async with serving(answer) as url:
        async with aiohttp.ClientSession(trace_configs=[metrics.onetrust_calls("webhook")]) as session:
            await session.post(f"{url}/ok", data=bytes(70_000))
        async with CountedClient(metrics.onetrust_called) as client:
            token = {"endpoint": "token"}
            await client.post(f"{url}/token", extensions=token)
            async with client.stream("POST", f"{url}/ok", extensions=token):
                pass
            with pytest.raises(httpx.HTTPError):
                await client.get("http://127.0.0.1:1/", extensions=token)
    told = read(await metrics.page())

    assert told["appscan_bytes_total sent"] == 70_000
    assert {
        name: value for name, value in told.items() if name.startswith("appscan_onetrust_calls_total")
    } == {
        "appscan_onetrust_calls_total webhook 202": 1,
        "appscan_onetrust_calls_total token other": 1,
        "appscan_onetrust_calls_total token 202": 1,
        "appscan_onetrust_calls_total token none": 1,
    }


async def test_zscalers_calls_are_counted_where_it_is_asked():
    metrics = Metrics(fresh_s=0)
    assert "zscaler" not in (await metrics.page()).decode()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=503 if request.method == "GET" else 200)

    async with serving(answer) as url:
        for called in (metrics.zscaler_calls(), metrics.zscaler_calls()):  # one client each
            async with CountedClient(called) as client:
                await client.get(url, extensions={"endpoint": "status"})
                await client.post(f"{url}/as/token", extensions={"endpoint": "token"})
    told = read(await metrics.page())

    assert {
        name: value for name, value in told.items() if name.startswith("appscan_zscaler_calls_total")
    } == {
        "appscan_zscaler_calls_total status 503": 2,
        "appscan_zscaler_calls_total token 200": 2,
    }


async def test_bytes_are_counted_as_they_come_also_those_of_a_pull_that_fails(tmp_path: Path):
    metrics, told = Metrics(fresh_s=0), []

    class Files(FakeFiles):
        async def pull(self, scan, to, *, limit_bytes, progress):
            progress(400, 1000)
            progress(1000, 1000)
            return Pulled(size_bytes=1000, sha256="0" * 64)

    files = CountedFiles(Files(), metrics.pulled)
    for _ in range(2):
        await files.pull(
            None, tmp_path, limit_bytes=2000, progress=lambda done, total: told.append((done, total))
        )

    assert read(await metrics.page())["appscan_bytes_total pulled"] == 2000
    assert told == [(400, 1000), (1000, 1000)] * 2


@given(st.integers())
def test_labels_are_of_fixed_sets_whatever_comes(status):
    metrics = Metrics()
    metrics.onetrust_called("webhook", status)
    (sample,) = [
        sample
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "appscan_onetrust_calls_total"
    ]
    assert sample.labels["status"] in {str(known) for known in STATUSES} | {OTHER}


def test_every_method_that_the_bot_calls_has_a_label():
    called = set()
    for path in BOT.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        called |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    families = tuple({method.partition(".")[0] + "_" for method in SLACK_METHODS})
    methods = {name for name in called if name.startswith(families) and hasattr(AsyncWebClient, name)}

    assert methods <= {method.replace(".", "_") for method in SLACK_METHODS}
    assert len(methods) > 5
