"""Requests that carry a build: each is sent once, over a connection of its own.

A connection that is kept open could have been closed by the server meanwhile, which looks like a lost
response. aiohttp's errors carry the URL, which can hold a secret: none of them is kept as a cause or context.
"""

import asyncio
import contextlib
import ssl
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence

import aiohttp
import httpx
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from bot.errors import SubmissionError
from bot.scanners.http.build_file import BuildChanged
from bot.scanners.http.json_client import HEADERS, Response
from bot.scanners.http.timeouts import UploadTimeouts

MAX_RESPONSE_BYTES = 64 * 1024


class Body(aiohttp.Payload):
    """The body of one request; its length is known before it is sent, and its progress at any time.

    ``moved``, set by the sender, is called after each part that was sent.
    """

    def __init__(self, value: object, content_type: str) -> None:
        super().__init__(value, content_type=content_type)
        self.moved: Callable[[], None] = lambda: None
        self._ended = asyncio.Event()
        self.begun = False
        """Whether any of it may have been sent."""
        self.committed = False
        """Whether its last bytes may have been sent."""
        self.complete = False
        """Whether all of it was handed to the connection."""
        self.failure: BaseException | None = None
        """What its source or the journal raised; aiohttp wraps it in an error of its own."""

    async def open(self) -> None:
        """Prepare its source.

        Raises:
            BuildChanged: the build is missing, or of another size.
        """

    async def settled(self) -> None:
        """Wait until sending has ended, if it ever began: nothing is sent after this."""
        if self.begun:
            await self._ended.wait()

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it; aiohttp calls this in a task of its own, and cancels that once a response has come.

        aiohttp repeats a PUT if the connection ended without a response. A scan that was requested
        may not be requested again: the second time, this raises.
        """
        if self.begun:
            raise RuntimeError("a body is sent once")
        self.begun = self._consumed = True
        try:
            await self._write(writer)
        finally:
            self._ended.set()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - as aiohttp has it
        """Raise: a build is never text."""
        raise TypeError("a build's body is only ever streamed")

    @abstractmethod
    async def _write(self, writer: AbstractStreamWriter) -> None:
        """Send it, and call ``moved`` after each part."""

    @contextlib.contextmanager
    def _keeping_failure(self) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is not None and not task.cancelling():  # raised in here, not by a cancelled request
                self.failure = exc
            raise
        except Exception as exc:
            self.failure = exc
            raise


async def send(
    method: str,
    url: str | URL,
    body: Body,
    *,
    error_of: Callable[[Exception], SubmissionError],
    timeouts: UploadTimeouts,
    tls: ssl.SSLContext | None,
    traces: Sequence[aiohttp.TraceConfig],
    bearer: str | None = None,
    reads_errors: bool = False,
) -> Response:
    """Send a request and return the response, whatever its status; it follows no redirects.

    ``url`` may hold a secret. ``error_of`` maps ``BuildChanged`` and aiohttp's errors. ``tls`` is the context
    for https; ``None`` is the machine's own. ``reads_errors``: read the body whatever the status, not only
    after a 2xx. Proxies come from the usual environment variables; a ``.netrc`` is ignored.

    Raises:
        SubmissionError: no response; from ``error_of``.
        Exception: whatever the body's journal raised.
    """
    deadline = asyncio.timeout(timeouts.connect_s)
    body.moved = _extending(deadline, body, timeouts)
    total_s = timeouts.total_s(body.size or 0)
    response: Response | None = None
    failure: SubmissionError | None = None
    try:
        await body.open()
        async with (
            deadline,
            _session(total_s, tls, traces, bearer) as session,
            session.request(method, url, data=body, allow_redirects=False) as answer,
        ):
            deadline.reschedule(None)  # a response that came late still has its time to be read
            response = await _read(answer, timeouts, reads_body=reads_errors or 200 <= answer.status < 300)
            answer.close()  # stops sending as well, if the body is still being sent
    except (BuildChanged, aiohttp.ClientError, OSError, ValueError) as exc:
        failure = error_of(exc)
    finally:
        await body.settled()
    # Raised out here, where no error of aiohttp's is being handled: none becomes their context.
    if isinstance(body.failure, BuildChanged):
        raise error_of(body.failure)
    if body.failure is not None:
        raise body.failure
    if response is None:
        raise failure or RuntimeError("neither a response nor an error")
    return response


def _session(
    total_s: float, tls: ssl.SSLContext | None, traces: Sequence[aiohttp.TraceConfig], bearer: str | None
) -> aiohttp.ClientSession:
    async def authorize(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # Done here, as aiohttp would otherwise prefer what a .netrc has for this host.
        request.headers.pop("Authorization", None)
        if bearer is not None:
            request.headers["Authorization"] = f"Bearer {bearer}"
        return await handler(request)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, ssl=tls or True),
        timeout=aiohttp.ClientTimeout(total=total_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=HEADERS,
        middlewares=(authorize,),
        trace_configs=list(traces),
        auto_decompress=False,
        trust_env=True,
    )


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
