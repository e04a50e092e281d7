"""What Prometheus asks for: the state of the rows at the time of the question, and counts of what was done.

No label holds anything from outside: each value is one of a fixed set, and what is not in it is ``other``.
Counts begin with the process. The rows are looked at within bounds: at most once in ``FRESH_S``, and
where they can't be read in time the last look is shown, with ``appscan_database_up`` at 0.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from bot.core.ports import Files, Progress
from bot.core.scan import Platform, Pulled, Scan, State
from bot.core.stats import Move, Stats, StatsSnapshot
from bot.core.tasks import end

logger = logging.getLogger(__name__)

FRESH_S: Final = 2.0
READ_S: Final = 3.0
"""How long a question waits for the rows."""

OTHER: Final = "other"
NO_ANSWER: Final = "none"

SLACK_METHODS: Final = frozenset(
    {
        *("apps.connections.open", "auth.test", "bots.info", "users.info", "users.conversations"),
        *("chat.postMessage", "chat.update", "chat.delete", "chat.postEphemeral", "files.info", "views.open"),
        *("conversations.history", "conversations.info", "conversations.members", "conversations.replies"),
        *("conversations.open", "views.publish", "views.push", "views.update", "team.info"),
    }
)
STATUSES: Final = frozenset(
    {
        *(200, 201, 202, 204, 301, 302, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 411, 413),
        *(415, 422, 429, 500, 501, 502, 503, 504, 507),
    }
)

_SAID: Final = ((b'{"ok":true', "ok"), (b'{"ok":false', "refused"))
_STEPS: Final = (State.PULLING, State.CHECKING, State.SUBMITTING)
_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)


class Metrics:
    """Counts what is done, and puts it together with what the rows say when it is asked for.

    What the bot joins later stands in ``figures`` (the rows), ``workroom`` (the folder of builds that are
    worked on), ``breaker_open`` and ``socket`` (how many connections there are, and were made).
    """

    def __init__(self, *, fresh_s: float = FRESH_S, read_s: float = READ_S) -> None:
        self.registry = CollectorRegistry()
        self.figures: Stats | None = None
        self.work_dir: Path | None = None
        self.breaker_open: Callable[[], bool] = lambda: False
        self.socket: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._fresh_s = fresh_s
        self._read_s = read_s
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")
        self._page = b""
        self._look = StatsSnapshot(scans={}, queued=0, oldest_s=0.0, moves=())
        self._up = Gauge(
            "appscan_database_up", "Whether the rows could be read just now.", registry=self.registry
        )
        self._steps = Histogram(
            "appscan_step_seconds",
            "How long a step of a scan took, whatever came of it; total: from asked for to submitted.",
            ["step"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._retries = Counter(
            "appscan_retries", "Scans put off to try again, by step.", ["step"], registry=self.registry
        )
        self._bytes = Counter(
            "appscan_bytes", "Pulled from Slack, and sent to OneTrust.", ["direction"], registry=self.registry
        )
        self._slack = Counter(
            "appscan_slack_calls",
            "Calls of Slack's Web API; ok, refused (Slack said no), an HTTP status, or none (no answer).",
            ["method", "result"],
            registry=self.registry,
        )
        self._onetrust = Counter(
            "appscan_onetrust_calls",
            "Calls of OneTrust by HTTP status; none: no answer.",
            ["endpoint", "status"],
            registry=self.registry,
        )
        self._zscaler: Counter | None = None
        for step in _STEPS:
            self._steps.labels(step.value)
        self._steps.labels("total")
        for direction in ("pulled", "sent"):
            self._bytes.labels(direction)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    async def page(self) -> bytes:
        """Return the page that Prometheus reads."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < self._fresh_s:
            return self._page
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._refresh(), name="metrics")
        done, _ = await asyncio.wait({self._looking}, timeout=self._read_s)
        if not done:  # a write waits for another process, or the disk; the look goes on
            self._up.set(0)
        self._page = generate_latest(self.registry)
        self._looked_at = now
        return self._page

    async def stop(self) -> None:
        """Look no more."""
        await end(self._looking)

    async def _refresh(self) -> None:
        try:
            look = await self.figures.look() if self.figures is not None else None
        except Exception as error:  # noqa: BLE001 - whatever it was, the page says that there is no look
            logger.warning("the figures could not be read: %s", type(error).__name__)
            look = None
        self._up.set(0 if look is None else 1)
        if look is not None:
            self._look = look
            for move in look.moves:
                self._moved(move)

    def _moved(self, move: Move) -> None:
        if move.before in _STEPS:
            self._steps.labels(move.before.value).observe(move.seconds)
            if move.after is State.QUEUED:
                self._retries.labels(move.before.value).inc()
        if move.after is State.SUBMITTED:
            self._steps.labels("total").observe(move.total_s)

    def collect(self) -> Iterable[Metric]:
        """Tell what is so now; called by the registry."""
        scans = GaugeMetricFamily("appscan_scans", "Scans in the database.", labels=["state", "platform"])
        for state in State:
            for platform in (*Platform, None):
                name = platform.value if platform else OTHER
                scans.add_metric([state.value, name], self._look.scans.get((state, platform), 0))
        yield scans
        open_now, made = self.socket()
        for name, told, value in (
            ("queue_length", "Scans that wait to be worked on.", self._look.queued),
            ("queue_oldest_seconds", "Since when the oldest of them was asked for.", self._look.oldest_s),
            ("breaker_open", "Whether nothing is sent to OneTrust, as it is away.", self.breaker_open()),
            ("socket_connections", "Connections to Slack that are open.", open_now),
            (
                "workroom_bytes",
                "Builds on disk: being worked on, or kept for side scanners.",
                _size(self.work_dir),
            ),
        ):
            yield GaugeMetricFamily(f"appscan_{name}", told, value=float(value))
        connections = Metric("appscan_socket_connects", "Connections to Slack that were made.", "counter")
        connections.add_sample("appscan_socket_connects_total", {}, float(made))
        yield connections

    def slack_calls(self) -> aiohttp.TraceConfig:
        """Return what counts the calls of a session that is Slack's."""

        def count(url: Any, result: str) -> None:
            method = url.path.rpartition("/")[2]
            self._slack.labels(method if method in SLACK_METHODS else OTHER, result).inc()

        async def answered(_: Any, about: SimpleNamespace, told: aiohttp.TraceRequestEndParams) -> None:
            about.status = told.response.status
            if about.status != 200:
                count(told.url, _status(about.status))

        async def read(
            _: Any, about: SimpleNamespace, told: aiohttp.TraceResponseChunkReceivedParams
        ) -> None:
            if about.status == 200:
                # Each answer of the Web API begins with whether it is a yes; what doesn't is a proxy's page.
                start = told.chunk[:64].replace(b" ", b"")
                count(told.url, next((said for head, said in _SAID if start.startswith(head)), OTHER))

        async def lost(_: Any, __: SimpleNamespace, told: aiohttp.TraceRequestExceptionParams) -> None:
            count(told.url, NO_ANSWER)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(answered)
        trace.on_response_chunk_received.append(read)
        trace.on_request_exception.append(lost)
        return trace

    def onetrust_calls(self, endpoint: str) -> aiohttp.TraceConfig:
        """Return what counts the calls of a session that submits builds, and their bytes.

        ``endpoint`` is a word of this project.
        """

        async def sent(_: Any, __: SimpleNamespace, told: aiohttp.TraceRequestChunkSentParams) -> None:
            self._bytes.labels("sent").inc(len(told.chunk))

        async def answered(_: Any, __: SimpleNamespace, told: aiohttp.TraceRequestEndParams) -> None:
            self.onetrust_called(endpoint, told.response.status)

        async def lost(_: Any, __: SimpleNamespace, ___: aiohttp.TraceRequestExceptionParams) -> None:
            self.onetrust_called(endpoint, None)

        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(sent)
        trace.on_request_end.append(answered)
        trace.on_request_exception.append(lost)
        return trace

    def onetrust_called(self, endpoint: str, status: int | None) -> None:
        """Count a call; ``endpoint`` is a word of this project, no status is no answer."""
        self._onetrust.labels(endpoint, _status(status)).inc()

    def zscaler_calls(self) -> Callable[[str, int | None], None]:
        """Return what counts a call of Zscaler, as ``onetrust_called`` does; from now on they are shown."""
        if self._zscaler is None:
            self._zscaler = Counter(
                "appscan_zscaler_calls",
                "Calls of Zscaler, and for its tokens, by HTTP status; none: no answer.",
                ["endpoint", "status"],
                registry=self.registry,
            )
        calls = self._zscaler

        def called(endpoint: str, status: int | None) -> None:
            calls.labels(endpoint, _status(status)).inc()

        return called

    def pulled(self, size_bytes: int) -> None:
        """Count bytes that came from Slack."""
        self._bytes.labels("pulled").inc(size_bytes)

    def pulled_for(self, scanner: str, size_bytes: int) -> None:
        """Count bytes of builds that were not kept for a side scanner, so that they were pulled again."""
        self._bytes.labels(f"pulled_for_{scanner}").inc(size_bytes)


def counted(endpoint: str, called: Callable[[str, int | None], None]) -> aiohttp.TraceConfig:
    """Return what tells ``called`` each answer's status of a session that asks one endpoint."""

    async def answered(_: Any, __: SimpleNamespace, told: aiohttp.TraceRequestEndParams) -> None:
        called(endpoint, told.response.status)

    async def lost(_: Any, __: SimpleNamespace, ___: aiohttp.TraceRequestExceptionParams) -> None:
        called(endpoint, None)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(answered)
    trace.on_request_exception.append(lost)
    return trace


class CountedClient(httpx.AsyncClient):
    """httpx's client, for OneTrust or Zscaler; ``called`` is told each answer's status.

    A request's extension ``endpoint`` is the name of its endpoint.
    """

    def __init__(self, called: Callable[[str, int | None], None], **options: Any) -> None:
        super().__init__(**options)
        self._called = called

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, and count what came of it."""
        status = None
        try:
            response = await super().send(request, **options)
            status = response.status_code
        finally:
            self._called(str(request.extensions["endpoint"]), status)
        return response


class CountedFiles:
    """The ``Files`` port; ``count`` is told of the bytes as they come."""

    def __init__(self, files: Files, count: Callable[[int], None]) -> None:
        self._files = files
        self._count = count

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Pull as the files counted do."""
        known = 0

        def moved(done: int, total: int) -> None:
            nonlocal known
            self._count(max(0, done - known))
            known = done
            progress(done, total)

        return await self._files.pull(scan, to, limit_bytes=limit_bytes, progress=moved)


def _status(status: int | None) -> str:
    if status is None:
        return NO_ANSWER
    return str(status) if status in STATUSES else OTHER


def _size(folder: Path | None) -> int:
    """Return the bytes under a folder: a few files, each counted once however many hard links it has."""
    sizes: dict[int, int] = {}
    for place, _, names in os.walk(folder) if folder is not None else ():
        for name in names:
            try:
                found = (Path(place) / name).lstat()
            except OSError:  # gone meanwhile
                continue
            sizes[found.st_ino] = found.st_size
    return sum(sizes.values())
