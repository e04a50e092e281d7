"""Metrics for Prometheus: the state of the database, and counters since the process started.

Labels never contain text from outside: each value is one of a fixed set, or ``other``. The database is read
at most once in ``FRESH_S``. If it can't be read in time, the last snapshot is shown, with
``appscan_database_up`` at 0.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import httpx
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from bot.core.clock import cancel_all
from bot.core.ports import Files, Progress
from bot.core.scan import Platform, Pulled, Scan, State
from bot.core.stats import StatsSnapshot

logger = logging.getLogger(__name__)

FRESH_S: Final = 2.0
READ_TIMEOUT_S: Final = 3.0
"""For reading the database."""

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
STATUSES: Final = frozenset(HTTPStatus)

_RESULTS: Final = ((b'{"ok":true', "ok"), (b'{"ok":false', "refused"))
_STEPS: Final = (State.PULLING, State.CHECKING, State.SUBMITTING)
_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)


class Metrics:
    """Counts events, and combines them with a snapshot of the database when Prometheus asks.

    The bot sets ``figures`` (the database), ``work_dir`` (builds in progress), ``breaker_open``, and
    ``socket`` (connections that are open, and that were opened in all).
    """

    def __init__(self, *, fresh_s: float = FRESH_S, read_s: float = READ_TIMEOUT_S) -> None:
        self.registry = CollectorRegistry()
        self.figures: Callable[[], Awaitable[StatsSnapshot]] | None = None
        self.work_dir: Path | None = None
        self.breaker_open: Callable[[], bool] = lambda: False
        self.socket: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._fresh_s = fresh_s
        self._read_s = read_s
        self._refreshing: asyncio.Task[None] | None = None
        self._refreshed_at = float("-inf")
        self._page = b""
        self._snapshot = StatsSnapshot(scans={}, queued=0, oldest_s=0.0, moves=())
        self._up = Gauge("appscan_database_up", "Whether the database could be read.", registry=self.registry)
        self._steps = Histogram(
            "appscan_step_seconds",
            "Duration of a step of a scan, with any outcome; total: from request to submission.",
            ["step"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._retries = self._counter("retries", "Retries of scans, by step.", "step")
        self._bytes = self._counter("bytes", "Downloaded from Slack, and sent to OneTrust.", "direction")
        text = "Calls of Slack's Web API; ok, refused (Slack's error), an HTTP status, or none (no response)."
        self._slack = self._counter("slack_calls", text, "method", "result")
        text = "Calls of OneTrust by HTTP status; none: no response."
        self._onetrust = self._counter("onetrust_calls", text, "endpoint", "status")
        self._zscaler: Counter | None = None
        for step in (*_STEPS, "total"):  # shown from the start, at 0
            self._steps.labels(str(step))
        for direction in ("pulled", "sent"):
            self._bytes.labels(direction)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"appscan_{name}", text, labels, registry=self.registry)

    async def page(self) -> bytes:
        """Return the page for Prometheus."""
        now = asyncio.get_running_loop().time()
        if now - self._refreshed_at < self._fresh_s:
            return self._page
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(), name="metrics")
        done, _ = await asyncio.wait({self._refreshing}, timeout=self._read_s)
        if not done:  # the database is locked or slow; the read continues
            self._up.set(0)
        self._page = generate_latest(self.registry)
        self._refreshed_at = now
        return self._page

    async def stop(self) -> None:
        """Stop reading the database."""
        await cancel_all(self._refreshing)

    async def _refresh(self) -> None:
        self._up.set(0)
        try:
            if self.figures is None:
                return
            self._snapshot = await self.figures()
        except Exception as error:  # noqa: BLE001 - any error is shown as database_up 0
            logger.warning("could not read the database for metrics: %s", type(error).__name__)
            return
        self._up.set(1)
        for move in self._snapshot.moves:
            if move.before in _STEPS:
                self._steps.labels(move.before.value).observe(move.seconds)
                if move.after is State.QUEUED:
                    self._retries.labels(move.before.value).inc()
            if move.after is State.SUBMITTED:
                self._steps.labels("total").observe(move.total_s)

    def collect(self) -> Iterable[Metric]:
        """Return the current gauges; called by the registry."""
        scans = GaugeMetricFamily("appscan_scans", "Scans in the database.", labels=["state", "platform"])
        for state in State:
            for platform in (*Platform, None):
                name = platform.value if platform else OTHER
                scans.add_metric([state.value, name], self._snapshot.scans.get((state, platform), 0))
        yield scans
        open_now, made = self.socket()
        on_disk = "Builds on disk: in progress, or kept for side scanners."
        for name, help_text, value in (
            ("queue_length", "Scans in the queue.", self._snapshot.queued),
            ("queue_oldest_seconds", "Age of the oldest scan in the queue.", self._snapshot.oldest_s),
            ("breaker_open", "Whether submissions are paused, as OneTrust is down.", self.breaker_open()),
            ("socket_connections", "Open connections to Slack.", open_now),
            ("workroom_bytes", on_disk, _size(self.work_dir)),
        ):
            yield GaugeMetricFamily(f"appscan_{name}", help_text, value=float(value))
        connections = Metric("appscan_socket_connects", "Connections to Slack that were opened.", "counter")
        connections.add_sample("appscan_socket_connects_total", {}, float(made))
        yield connections

    def slack_calls(self) -> aiohttp.TraceConfig:
        """Return a trace that counts the calls of a session for Slack."""

        def count(url: Any, result: str) -> None:
            method = url.path.rpartition("/")[2]
            self._slack.labels(method if method in SLACK_METHODS else OTHER, result).inc()

        async def ended(_: Any, context: SimpleNamespace, event: aiohttp.TraceRequestEndParams) -> None:
            context.status = event.response.status
            if context.status != 200:
                count(event.url, _status(context.status))

        async def read(_: Any, context: Any, event: aiohttp.TraceResponseChunkReceivedParams) -> None:
            if context.status == 200:
                # Responses of the Web API begin with ``ok``; others are a proxy's page.
                start = event.chunk[:64].replace(b" ", b"")
                count(event.url, next((result for head, result in _RESULTS if start.startswith(head)), OTHER))

        async def failed(_: Any, __: SimpleNamespace, event: aiohttp.TraceRequestExceptionParams) -> None:
            count(event.url, NO_ANSWER)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(ended)
        trace.on_response_chunk_received.append(read)
        trace.on_request_exception.append(failed)
        return trace

    def onetrust_calls(self, endpoint: str) -> aiohttp.TraceConfig:
        """Return a trace that counts the calls and bytes of a session for one endpoint, by our name."""

        async def sent(_: Any, __: SimpleNamespace, event: aiohttp.TraceRequestChunkSentParams) -> None:
            self._bytes.labels("sent").inc(len(event.chunk))

        trace = counted(endpoint, self.onetrust_called)
        trace.on_request_chunk_sent.append(sent)
        return trace

    def onetrust_called(self, endpoint: str, status: int | None) -> None:
        """Count a call; ``status`` is ``None`` without a response."""
        self._onetrust.labels(endpoint, _status(status)).inc()

    def zscaler_calls(self) -> Callable[[str, int | None], None]:
        """Return a function that counts a call of Zscaler; the counter is shown from now on."""
        if self._zscaler is None:
            text = "Calls of Zscaler, and for its tokens, by HTTP status; none: no response."
            self._zscaler = self._counter("zscaler_calls", text, "endpoint", "status")
        calls = self._zscaler
        return lambda endpoint, status: calls.labels(endpoint, _status(status)).inc()

    def pulled(self, size_bytes: int) -> None:
        """Count bytes downloaded from Slack."""
        self._bytes.labels("pulled").inc(size_bytes)

    def pulled_for(self, scanner: str, size_bytes: int) -> None:
        """Count bytes downloaded from Slack again, for a side scanner that no build was kept for."""
        self._bytes.labels(f"pulled_for_{scanner}").inc(size_bytes)


def counted(endpoint: str, called: Callable[[str, int | None], None]) -> aiohttp.TraceConfig:
    """Return a trace that passes the status of each call of a session for one endpoint to ``called``."""

    async def ended(_: Any, __: SimpleNamespace, event: aiohttp.TraceRequestEndParams) -> None:
        called(endpoint, event.response.status)

    async def failed(*_: object) -> None:
        called(endpoint, None)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    return trace


class CountedClient(httpx.AsyncClient):
    """httpx's client, for OneTrust or Zscaler; it passes the status of each response to ``called``.

    A request's extension ``endpoint`` is the name of its endpoint. Redirects are not followed.
    """

    def __init__(self, called: Callable[[str, int | None], None], **options: Any) -> None:
        super().__init__(follow_redirects=False, **options)
        self._called = called

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, and count the response."""
        status = None
        try:
            response = await super().send(request, **options)
            status = response.status_code
            return response
        finally:
            self._called(str(request.extensions["endpoint"]), status)


@dataclass(frozen=True)
class CountedFiles:
    """The ``Files`` port; passes the bytes to ``count`` as they arrive."""

    files: Files
    count: Callable[[int], None]

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        """Pull a file; see ``Files.pull``."""
        counted_bytes = 0

        def moved(done: int, total: int) -> None:
            nonlocal counted_bytes
            self.count(max(0, done - counted_bytes))
            counted_bytes = done
            progress(done, total)

        return await self.files.pull(scan, to, limit_bytes=limit_bytes, progress=moved)


def _status(status: int | None) -> str:
    return NO_ANSWER if status is None else str(status) if status in STATUSES else OTHER


def _size(folder: Path | None) -> int:
    """Return the size of a folder in bytes; a file with several hard links counts once."""
    sizes: dict[int, int] = {}
    for place, _, names in os.walk(folder) if folder is not None else ():
        for name in names:
            try:
                found = (Path(place) / name).lstat()
            except OSError:  # removed in the meantime
                continue
            sizes[found.st_ino] = found.st_size
    return sum(sizes.values())
