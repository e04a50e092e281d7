"""Requests that carry a build: each is sent once, over a connection of its own.

A connection that is kept open could have been closed by the server meanwhile, which looks like a lost
response. aiohttp's errors carry the URL, which can hold a secret: none of them is kept as a cause or context.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import KW_ONLY, dataclass, field

import aiohttp
import httpx
from yarl import URL

from bot.errors import SubmissionError, TryLater
from bot.scanners.http.body import Body
from bot.scanners.http.build_file import BuildChanged
from bot.scanners.http.json_client import HEADERS, Auth
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import StatusCodes

MAX_RESPONSE_BYTES = 64 * 1024

BUILD_CHANGED = "The bot's own copy of this build changed while it was being sent."


@dataclass(frozen=True, kw_only=True)
class UploadTimeouts:
    """The timeouts of one request that carries a build."""

    connect_s: float = 30.0
    """To resolve the host, connect, and shake hands (through a proxy as well)."""
    stall_s: float = 90.0
    """For one block of the body to be sent."""
    response_s: float = 300.0
    """From the last byte sent to the end of the response's headers."""
    response_body_s: float = 30.0
    min_bytes_per_s: float = 20_000.0
    """The slowest average speed of an upload."""

    def total_s(self, size_bytes: int) -> float:
        """Return the timeout of a whole request."""
        waits_s = self.connect_s + self.stall_s + self.response_s + self.response_body_s
        return waits_s + size_bytes / self.min_bytes_per_s


@dataclass(eq=False, repr=False)
class UploadClient:
    """Sends requests, signed in. Proxies come from the environment; a ``.netrc`` is ignored."""

    auth: Auth
    _: KW_ONLY
    tls: ssl.SSLContext | None = None
    """The context for https; ``None`` is the machine's own."""
    timeouts: UploadTimeouts = field(default_factory=UploadTimeouts)
    traces: Sequence[aiohttp.TraceConfig] = ()
    now: Callable[[], float] = time.time
    """Seconds since the epoch."""

    async def call(self, method: str, url: str, body: Callable[[], Body], statuses: StatusCodes) -> Response:
        """Send what ``body`` makes, and again for each 401 that ``auth`` has another attempt for.

        ``url`` may be a secret. Return a success.

        Raises:
            Refused, TryLater: certainly not accepted.
            Uncertain: it failed, or the response was lost, after the last bytes may have been sent.
        """
        async with aclosing(self.auth.attempts()) as attempts:
            async for headers in attempts:
                sent = body()
                response = await self.send(method, url, sent, "submission", statuses, headers)
                if response.status != 401:
                    break
        if response.is_success:
            return response
        wait_s = response.retry_after_s(self.now())
        raise statuses.error(response.status, wait_s, committed=sent.committed)

    async def send(
        self,
        method: str,
        url: str | URL,
        body: Body,
        endpoint: str,
        statuses: StatusCodes,
        headers: Mapping[str, str],
        *,
        reads_errors: bool = False,
    ) -> Response:
        """Send one request and return the response, whatever its status; it follows no redirects.

        ``url`` may hold a secret; the log has ``endpoint``. ``reads_errors``: read the body whatever the
        status, not only after a 2xx.

        Raises:
            TryLater, Refused, Uncertain: no response; as ``statuses`` has it.
            Exception: whatever the body's journal raised.
        """
        timeouts = self.timeouts
        deadline = asyncio.timeout(timeouts.connect_s)
        body.moved = _extending(deadline, body, timeouts)
        response: Response | None = None
        failure: SubmissionError | None = None
        try:
            await body.open()
            async with (
                deadline,
                self._session(timeouts.total_s(body.size or 0), headers) as session,
                session.request(method, url, data=body, allow_redirects=False) as answer,
            ):
                deadline.reschedule(None)  # a response that came late still has its time to be read
                reads_body = reads_errors or 200 <= answer.status < 300
                response = await _read(answer, timeouts, reads_body=reads_body)
                answer.close()  # stops sending as well, if the body is still being sent
        except (BuildChanged, aiohttp.ClientError, OSError, ValueError) as exc:
            failure = _failure(exc, body, endpoint, statuses)
        finally:
            await body.settled()
        # Raised out here, where no error of aiohttp's is being handled: none becomes their context.
        if isinstance(body.failure, BuildChanged):
            raise _failure(body.failure, body, endpoint, statuses)
        if body.failure is not None:
            raise body.failure
        if response is None:
            raise failure or RuntimeError("neither a response nor an error")
        return response

    def _session(self, total_s: float, headers: Mapping[str, str]) -> aiohttp.ClientSession:
        async def authorize(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # Done here, as aiohttp would otherwise prefer what a .netrc has for this host.
            request.headers.pop("Authorization", None)
            request.headers.update(headers)
            return await handler(request)

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=self.tls or True),
            timeout=aiohttp.ClientTimeout(total=total_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            middlewares=(authorize,),
            trace_configs=list(self.traces),
            auto_decompress=False,
            trust_env=True,
        )


def _failure(error: Exception, body: Body, endpoint: str, statuses: StatusCodes) -> SubmissionError:
    if isinstance(error, BuildChanged):
        return TryLater(BUILD_CHANGED, scanner_failed=False)
    interrupted = body.begun and bool(body.size)
    return statuses.transport_error(error, endpoint, interrupted=interrupted, committed=body.committed)


def _extending(deadline: asyncio.Timeout, body: Body, timeouts: UploadTimeouts) -> Callable[[], None]:
    """Return a callback that postpones the deadline after each part of the body."""

    def moved() -> None:
        if not deadline.expired() and deadline.when() is not None:
            wait_s = timeouts.response_s if body.complete else timeouts.stall_s
            deadline.reschedule(asyncio.get_running_loop().time() + wait_s)

    return moved


async def _read(answer: aiohttp.ClientResponse, timeouts: UploadTimeouts, *, reads_body: bool) -> Response:
    """Read a response; if it breaks off or stalls after its headers, it is incomplete."""
    content, is_complete = bytearray(), False
    if reads_body:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(timeouts.response_body_s):
                while len(content) < MAX_RESPONSE_BYTES:
                    chunk = await answer.content.read(MAX_RESPONSE_BYTES - len(content))
                    if not chunk:
                        is_complete = True
                        break
                    content += chunk
    return Response(
        status=answer.status,
        headers=httpx.Headers(list(answer.headers.items())),
        body=bytes(content),
        is_complete=is_complete,
    )
