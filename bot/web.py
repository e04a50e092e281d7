"""The web server: what a host asks about the bot's health and, in HTTP mode, what Slack sends.

``/healthz`` says that the process runs, ``/readyz`` that it can do its work: restart on the first, route by
the second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 1_000_000
"""Of a request to this server; Slack's payloads are far smaller."""

READY_TIMEOUT_S = 5.0
"""How long the checks may take before the answer is no."""

ALL_INTERFACES = "0.0.0.0"  # noqa: S104  # a container's or a host's router must reach it

SlackHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
    *, ready: Callable[[], Awaitable[Readiness]], slack_handler: SlackHandler | None
) -> web.Application:
    """Build the application; ``/slack/events`` is there only with a handler, so never in Socket Mode."""
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
    app.on_response_prepare.append(_without_banner)
    return app


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    # aiohttp puts its own and Python's version there. What is no HTTP at all it answers itself.
    response.headers.popall("Server", None)


class WebServer:
    """Serves an application on a port until it is stopped."""

    def __init__(self, app: web.Application, *, port: int, host: str = ALL_INTERFACES) -> None:
        self._runner = web.AppRunner(app, access_log_format='%a "%r" %s %b', shutdown_timeout=5.0)
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
        logger.info("listening on port %d", self.port)

    async def stop(self) -> None:
        """Stop listening, and give requests under way a few seconds to end; safe before a start."""
        await self._runner.cleanup()
