"""One call that may not be repeated: a body that is sent once, and what came back, whatever it says.

Each call has a connection of its own: one that the server has just closed would look like a lost answer.
aiohttp's errors carry the URL, which can be a secret, so none of them is kept as the cause of what is raised.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp

from bot.calls.build_file import BuildChanged
from bot.calls.trust import why_not_trusted
from bot.calls.upload import ANSWER_LIMIT, extending, session
from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.onetrust.answers import NOT_TRUSTED, RUNNER, Answer
from bot.onetrust.body import Body
from bot.onetrust.token import TokenSource

BUILD_CHANGED = "The bot's own copy of this build changed while it was being sent."
LOST_EARLY = "The connection to OneTrust was lost before the whole build had gone."
NOT_REACHED = "OneTrust can't be reached right now."
LOST_LATE = "The connection to OneTrust was lost after the whole build had gone, before an answer came."
PROXY_NO = f"The proxy on the way to OneTrust let nothing through ({{status}}). {RUNNER} the proxy settings."


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long each part of a call may take, in seconds."""

    connect_s: float = 30.0
    """To resolve the host, connect, and shake hands (through a proxy as well)."""
    silence_s: float = 90.0
    """For one block of the body to move."""
    answer_s: float = 300.0
    """From the last byte sent to the end of the answer's headers."""
    answer_body_s: float = 30.0
    """For the answer's body."""
    slowest_bytes_per_s: float = 20_000.0
    """A body that goes more slowly than this over its whole size is given up."""

    def total_s(self, size_bytes: int) -> float:
        """Return how long a whole call may take."""
        waits = self.connect_s + self.silence_s + self.answer_s + self.answer_body_s
        return waits + size_bytes / self.slowest_bytes_per_s


class Caller:
    """Makes calls with a bearer.

    ``tls`` is the context for https; ``None`` is the machine's own. Proxies come from the usual environment
    variables. ``traces`` are told of each call.
    """

    def __init__(
        self,
        tokens: TokenSource,
        *,
        tls: ssl.SSLContext | None = None,
        patience: Patience | None = None,
        traces: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._tokens = tokens
        self._tls = tls
        self._patience = patience or Patience()
        self._traces = traces

    async def call(self, method: str, url: str, body: Callable[[], Body]) -> Answer:
        """Send what ``body`` makes; a 401 is met once with a new token, where there may be one.

        ``url`` may be a secret. Every answer is returned, whatever its status.

        Raises:
            Refused, TryLater: from the token, or where nothing was sent; certainly not taken.
            Uncertain: the answer was lost after the last bytes may have gone.
        """
        bearer = await self._tokens.bearer()
        answer = await self._send(method, url, body(), bearer)
        if answer.status == 401 and self._tokens.discard(bearer):
            bearer = await self._tokens.bearer()
            answer = await self._send(method, url, body(), bearer)
        return answer

    async def _send(self, method: str, url: str, body: Body, bearer: str) -> Answer:
        """Send once and return what came back."""
        patience = self._patience
        deadline = asyncio.timeout(patience.connect_s)
        body.moved = extending(deadline, body, silence_s=patience.silence_s, answer_s=patience.answer_s)
        total_s, traces = patience.total_s(body.size or 0), self._traces
        answer: Answer | None = None
        failure: SubmissionError | None = None
        try:
            await body.open()
            async with (
                deadline,
                session(total_s=total_s, tls=self._tls, traces=traces, bearer=bearer) as call,
                call.request(method, url, data=body, allow_redirects=False) as response,
            ):
                deadline.reschedule(None)  # an answer that came late has its time to be read all the same
                answer = await self._read(response, body)
        except BuildChanged:
            failure = TryLater(BUILD_CHANGED, scanner_failed=False)
        except (aiohttp.ClientError, OSError) as exc:
            failure = _lost(exc, body)
        finally:
            await body.settled()
        # Raised out here, where no error of aiohttp's is being handled: none becomes their context.
        if isinstance(body.failure, BuildChanged):
            raise TryLater(BUILD_CHANGED, scanner_failed=False)
        if body.failure is not None:
            raise body.failure
        if answer is None:
            raise failure or RuntimeError("neither an answer nor an error")
        return answer

    async def _read(self, response: aiohttp.ClientResponse, body: Body) -> Answer:
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


def _lost(exc: Exception, body: Body) -> SubmissionError:
    """Tell what a failed call means, by how much of the body had gone."""
    detail = f"the call to OneTrust failed: {type(exc).__name__}"
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
