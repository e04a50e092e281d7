"""Submitting a build to OneTrust's webhook, which starts the *Mobile: Mobile App Scan* workflow.

Each POST has a connection of its own: one that the server has just closed would look like a lost answer.
aiohttp's errors carry the URL, which is a secret, so none of them is kept as the cause of what is raised.

Source: https://developer.onetrust.com/onetrust/docs/scan-apps-via-api
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.onetrust.answers import RUNNER, Answer, read_answer
from bot.onetrust.body import BuildBody, BuildChanged, BuildFile
from bot.onetrust.token import TokenSource
from bot.onetrust.trust import NOT_TRUSTED, why_not_trusted
from bot.scans.models import Order, Receipt
from bot.scans.ports import Progress

LIMIT_BYTES: Final = 64_000_000
"""The REST route takes builds below this ("file sizes < 64MB only")."""

ANSWER_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read."""

BUILD_CHANGED = "The bot's own copy of this build changed while it was being sent."
LOST_EARLY = "The connection to OneTrust was lost before the whole build had gone."
NOT_REACHED = "OneTrust can't be reached right now."
LOST_LATE = "The connection to OneTrust was lost after the whole build had gone, before an answer came."
PROXY_NO = f"The proxy on the way to OneTrust let nothing through ({{status}}). {RUNNER} the proxy settings."


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long each part of a submission may take, in seconds."""

    connect_s: float = 30.0
    """To resolve the host, connect, and shake hands (through a proxy as well)."""
    silence_s: float = 90.0
    """For one block of the build to move."""
    answer_s: float = 300.0
    """From the last byte sent to the end of the answer's headers."""
    answer_body_s: float = 30.0
    """For the answer's body."""
    slowest_bytes_per_s: float = 20_000.0
    """A build that goes more slowly than this over its whole size is given up."""

    def total_s(self, size_bytes: int) -> float:
        """Return how long a whole POST may take."""
        waits = self.connect_s + self.silence_s + self.answer_s + self.answer_body_s
        return waits + size_bytes / self.slowest_bytes_per_s


class Webhook:
    """The REST route: one POST a build. Implements the ``Scanner`` port.

    ``url`` is a secret. ``tls`` is the context for https; ``None`` is the machine's own. Proxies come from
    the usual environment variables. ``traces`` are told of each POST. ``now`` is seconds since the epoch.
    """

    name: str = "onetrust"
    limit_bytes: int = LIMIT_BYTES

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        *,
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
        traces: Sequence[aiohttp.TraceConfig] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._tokens = tokens
        self._tls = tls
        self._patience = patience or Patience()
        self._traces = traces
        self._now = now

    async def submit(
        self,
        order: Order,
        path: Path,
        *,
        committing: Callable[[], Awaitable[None]],
        progress: Progress,
    ) -> Receipt:
        """Send the build at ``path``; a 401 is met once with a new token, where there may be one.

        Raises:
            Refused: a clear no.
            TryLater: certainly not taken; worth another try.
            Uncertain: it may have been taken.
        """
        bearer = await self._tokens.bearer()
        answer = await self._send(order, path, bearer, committing, progress)
        if answer.status == 401 and self._tokens.discard(bearer):
            bearer = await self._tokens.bearer()
            answer = await self._send(order, path, bearer, committing, progress)
        return read_answer(answer, self._now())

    async def _send(
        self,
        order: Order,
        path: Path,
        bearer: str,
        committing: Callable[[], Awaitable[None]],
        progress: Progress,
    ) -> Answer:
        """POST once and return what came back, whatever it says."""
        patience, loop = self._patience, asyncio.get_running_loop()
        deadline = asyncio.timeout(patience.connect_s)

        def moved() -> None:
            wait_s = patience.answer_s if body.complete else patience.silence_s
            if not deadline.expired() and deadline.when() is not None:
                deadline.reschedule(loop.time() + wait_s)

        file = BuildFile(path, order.size_bytes)
        body = BuildBody(order, file, committing=committing, progress=progress, moved=moved)
        answer: Answer | None = None
        failure: SubmissionError | None = None
        try:
            await asyncio.to_thread(file.open)
            async with (
                deadline,
                self._session(bearer, order.size_bytes) as session,
                session.post(self._url, data=body, allow_redirects=False) as response,
            ):
                deadline.reschedule(None)  # an answer that came late has its time to be read all the same
                answer = await self._read(response, body)
        except BuildChanged:
            failure = TryLater(BUILD_CHANGED, scanner_failed=False)
        except (aiohttp.ClientError, OSError) as exc:
            failure = _lost(exc, body)
        finally:
            await body.settled()
            await asyncio.to_thread(file.close)
        # Raised out here, where no error of aiohttp's is being handled: none becomes their context.
        if isinstance(body.failure, BuildChanged):
            raise TryLater(BUILD_CHANGED, scanner_failed=False)
        if body.failure is not None:
            raise body.failure
        if answer is None:
            raise failure or RuntimeError("neither an answer nor an error")
        return answer

    def _session(self, bearer: str, size_bytes: int) -> aiohttp.ClientSession:
        async def authorize(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # Set here, as aiohttp would otherwise put what a .netrc says of this host before it.
            request.headers["Authorization"] = f"Bearer {bearer}"
            return await handler(request)

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ssl=self._tls or True),
            timeout=aiohttp.ClientTimeout(total=self._patience.total_s(size_bytes)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            middlewares=(authorize,),
            trace_configs=list(self._traces),
            auto_decompress=False,
            trust_env=True,
        )

    async def _read(self, response: aiohttp.ClientResponse, body: BuildBody) -> Answer:
        content = bytearray()
        if 200 <= response.status < 300:
            # The status has come: what is cut or stalled behind it does not take it back.
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with asyncio.timeout(self._patience.answer_body_s):
                    while len(content) < ANSWER_LIMIT:
                        chunk = await response.content.read(ANSWER_LIMIT - len(content))
                        if not chunk:
                            break
                        content += chunk
        response.close()  # ends the sending too, where it still goes on
        return Answer(
            status=response.status,
            retry_after=response.headers.get("Retry-After"),
            body=bytes(content),
            complete=body.committed,
        )


def _lost(exc: Exception, body: BuildBody) -> SubmissionError:
    """Tell what a failed POST means, by how much of the body had gone."""
    detail = f"the POST to OneTrust's webhook failed: {type(exc).__name__}"
    reason = why_not_trusted(exc)
    if reason is not None:
        return Refused(NOT_TRUSTED, detail=f"OneTrust's certificate does not check out: {reason}")
    if isinstance(exc, aiohttp.ClientHttpProxyError) and 400 <= exc.status < 500:
        return Refused(PROXY_NO.format(status=exc.status), detail=detail)
    if body.committed:
        return Uncertain(LOST_LATE, detail=f"{detail}, after the last bytes may have gone")
    if not body.begun:
        return TryLater(NOT_REACHED, detail=detail)
    return TryLater(LOST_EARLY, detail=f"{detail}, before the last bytes had gone")
