"""The web server, for health checks, metrics and, in HTTP mode, Slack's requests.

``/healthz`` says that the process runs (restart it if not), ``/readyz`` that it can do its work (route
requests to it only if so). ``/metrics`` is for Prometheus, and never on the same port as Slack's requests,
which is public.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.core.clock import cancel_all

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 1_000_000
"""Of a request; Slack's payloads are far smaller."""

READY_TIMEOUT_S = 5.0
"""For all checks; later, the bot counts as not ready."""

KEEPALIVE_TIMEOUT_S = 75.0
"""Longer than that of the load balancers in front (60 s)."""

FIRST_REQUEST_TIMEOUT_S = 15.0
"""From a new connection to the headers of its first request."""

LINGER_S = 2.0
"""The rest of a rejected request is read and discarded for this long."""

ALL_INTERFACES = "0.0.0.0"  # noqa: S104  # must be reachable from outside a container

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Source: https://prometheus.io/docs/instrumenting/exposition_formats/"""

Checks = Mapping[str, bool]
"""By part (``slack``, ``database``, ``runner``, ``lock``, ``disk``): whether it works."""
MetricsPage = Callable[[], Awaitable[bytes]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_web(
    *,
    ready: Callable[[], Awaitable[Checks]] | None = None,
    slack_handler: Handler | None = None,
    metrics: MetricsPage | None = None,
) -> web.Application:
    """Build an application with the pages that are given; ``ready`` adds both health checks.

    Raises:
        ValueError: both ``slack_handler`` and ``metrics`` are given.
    """
    if slack_handler is not None and metrics is not None:
        raise ValueError("metrics must not be on the public port")

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        checks: Checks = {}
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                checks = await ready() if ready else {}
        except Exception:  # any error means not ready
            logger.exception("the readiness checks failed")
        is_ready = bool(checks) and all(checks.values())
        body = {"ready": is_ready, "checks": dict(checks)}
        return web.json_response(body, status=200 if is_ready else 503)

    async def metrics_page(_: web.Request) -> web.Response:
        body = await metrics() if metrics else b""
        return web.Response(body=body, headers={"Content-Type": METRICS_TYPE})

    app = web.Application(client_max_size=BODY_LIMIT_BYTES)
    if ready is not None:
        app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    if slack_handler is not None:
        app.router.add_post("/slack/events", slack_handler)
    if metrics is not None:
        app.router.add_get("/metrics", metrics_page)
    app.on_response_prepare.append(_without_banner)
    return app


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    # aiohttp puts its own and Python's version there. Invalid HTTP it answers itself.
    response.headers.popall("Server", None)


class FirstRequestTimeout:
    """Closes connections without a complete first request within ``timeout_s``.

    aiohttp has no such timeout. Clients that send headers byte by byte could otherwise use up the process's
    file descriptors.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._opened_at: dict[object, float] = {}
        self._served: set[object] = set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note that the connection has had a request."""
        self._served.add(request.protocol)
        return await handler(request)

    async def watch(self, runner: web.AppRunner) -> None:
        """Watch the connections of a server that listens, until it stops."""
        now = asyncio.get_running_loop().time
        while runner.server is not None:
            open_ = set(runner.server.connections)
            self._served &= open_
            self._opened_at = {each: self._opened_at.get(each, now()) for each in open_ - self._served}
            for connection in open_ - self._served:
                if now() - self._opened_at[connection] >= self._timeout_s:
                    connection.force_close()
            await asyncio.sleep(self._timeout_s / 4)


class WebServer:
    """Serves an application on a port until it is stopped."""

    def __init__(
        self,
        app: web.Application,
        *,
        port: int,
        host: str = ALL_INTERFACES,
        first_request_timeout_s: float = FIRST_REQUEST_TIMEOUT_S,
    ) -> None:
        self._first_request = FirstRequestTimeout(first_request_timeout_s)
        app.middlewares.insert(0, self._first_request.middleware)
        self._runner = web.AppRunner(
            app,
            access_log_format='%a "%r" %s %b',
            shutdown_timeout=5.0,
            auto_decompress=False,  # protects from decompression bombs
            keepalive_timeout=KEEPALIVE_TIMEOUT_S,
            lingering_time=LINGER_S,
        )
        self._host, self._port = host, port
        self._watching: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port; after the start also if the system chose it (0)."""
        addresses = self._runner.addresses
        return int(addresses[0][1]) if addresses else self._port

    async def start(self) -> None:
        """Start listening.

        Raises:
            OSError: the port is taken or not allowed.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._watching = asyncio.create_task(self._first_request.watch(self._runner))
        logger.info("listening on port %d", self.port)

    async def stop(self) -> None:
        """Stop listening, and let current requests finish for a few seconds; safe before ``start``."""
        await cancel_all(self._watching)
        await self._runner.cleanup()
