"""The web server: what a host asks about the bot's health and, in HTTP mode, what Slack sends.

``/healthz`` says that the process runs, ``/readyz`` that it can do its work: restart on the first, route by
the second. ``/metrics`` is for Prometheus, and never stands beside Slack's door, which is open to all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.core.clock import cancel_all

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 1_000_000
"""Of a request to this server; Slack's payloads are far smaller."""

READY_TIMEOUT_S = 5.0
"""How long the checks may take before the answer is no."""

KEEP_S = 75.0
"""How long a connection is kept for a next request; longer than the routers in front keep theirs (60 s)."""

HEAD_S = 15.0
"""How long a new connection may take to its first request."""

LINGER_S = 2.0
"""How long what a refused request still sends is read and thrown away."""

ALL_INTERFACES = "0.0.0.0"  # noqa: S104  # a container's or a host's router must reach it

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Source: https://prometheus.io/docs/instrumenting/exposition_formats/"""

SlackHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MetricsPage = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What was found when the parts of the bot were looked at."""

    checks: Mapping[str, bool]
    """Name of a part (``slack``, ``database``, ``runner``, ``lock``) to whether it works."""

    @property
    def ready(self) -> bool:
        """Whether every part works; an empty look proves nothing and is a no."""
        return bool(self.checks) and all(self.checks.values())


def build_web(
    *,
    ready: Callable[[], Awaitable[Readiness]],
    slack_handler: SlackHandler | None,
    metrics: MetricsPage | None = None,
) -> web.Application:
    """Build the application; ``/slack/events`` is there only with a handler, so never in Socket Mode.

    Raises:
        ValueError: both Slack's handler and the metrics are given.
    """
    if slack_handler is not None and metrics is not None:
        raise ValueError("metrics are not for the port that is open to all")
    app = web.Application(client_max_size=BODY_LIMIT_BYTES)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        readiness = Readiness(checks={})
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                readiness = await ready()
        except Exception:  # whatever it was, the answer is no
            logger.exception("the readiness checks did not come to an end")
        return web.json_response(
            {"ready": readiness.ready, "checks": dict(readiness.checks)},
            status=200 if readiness.ready else 503,
        )

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    if slack_handler is not None:
        app.router.add_post("/slack/events", slack_handler)
    if metrics is not None:
        app.router.add_get("/metrics", _metrics_handler(metrics))
    app.on_response_prepare.append(_without_banner)
    return app


def build_metrics_web(metrics: MetricsPage) -> web.Application:
    """Build the application of a port that serves ``/metrics`` and nothing else."""
    app = web.Application(client_max_size=BODY_LIMIT_BYTES)
    app.router.add_get("/metrics", _metrics_handler(metrics))
    app.on_response_prepare.append(_without_banner)
    return app


def _metrics_handler(metrics: MetricsPage) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": METRICS_TYPE})

    return page


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    # aiohttp puts its own and Python's version there. What is no HTTP at all it answers itself.
    response.headers.popall("Server", None)


class Newcomers:
    """Closes connections on which no whole request came within ``head_s``.

    aiohttp waits for ever for the first one. A crowd that sends its headers byte by byte would otherwise use
    up the open files of the process.
    """

    def __init__(self, head_s: float) -> None:
        self._head_s = head_s
        self._since: dict[object, float] = {}
        self._known: set[object] = set()
        self._watching: asyncio.Task[None] | None = None

    @web.middleware
    async def greet(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Note that a request has come on its connection."""
        self._known.add(request.protocol)
        return await handler(request)

    def watch(self, runner: web.AppRunner) -> None:
        """Begin to look after a server that listens."""
        self._watching = asyncio.create_task(self._watch(runner), name="newcomers")

    async def stop(self) -> None:
        """End it; safe before ``watch``."""
        await cancel_all(self._watching)

    async def _watch(self, runner: web.AppRunner) -> None:
        now = asyncio.get_running_loop().time
        while runner.server is not None:
            open_ = set(runner.server.connections)
            self._known &= open_
            self._since = {each: self._since.get(each, now()) for each in open_ - self._known}
            for connection in open_ - self._known:
                if now() - self._since[connection] >= self._head_s:
                    connection.force_close()
            await asyncio.sleep(self._head_s / 4)


class WebServer:
    """Serves an application on a port until it is stopped."""

    def __init__(
        self, app: web.Application, *, port: int, host: str = ALL_INTERFACES, head_s: float = HEAD_S
    ) -> None:
        self._newcomers = Newcomers(head_s)
        app.middlewares.insert(0, self._newcomers.greet)
        self._runner = web.AppRunner(
            app,
            access_log_format='%a "%r" %s %b',
            shutdown_timeout=5.0,
            auto_decompress=False,  # nothing that is sent here may grow
            keepalive_timeout=KEEP_S,
            lingering_time=LINGER_S,
        )
        self._host = host
        self._port = port

    @property
    def port(self) -> int:
        """The port that is listened on: where 0 was asked for, the one that was given once started."""
        addresses = self._runner.addresses
        return int(addresses[0][1]) if addresses else self._port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken or not allowed.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._newcomers.watch(self._runner)
        logger.info("listening on port %d", self.port)

    async def stop(self) -> None:
        """Stop listening, and give requests under way a few seconds to end; safe before a start."""
        await self._newcomers.stop()
        await self._runner.cleanup()
