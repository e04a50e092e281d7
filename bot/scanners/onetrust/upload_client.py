"""Requests to OneTrust that may not be repeated: each body is sent once."""

import ssl
from collections.abc import Callable, Sequence

import aiohttp

from bot.errors import Refused, SubmissionError, TryLater, Uncertain
from bot.scanners.http.build_file import BuildChanged
from bot.scanners.http.status_codes import CHECK
from bot.scanners.http.timeouts import UploadTimeouts
from bot.scanners.http.trust import why_not_trusted
from bot.scanners.http.upload import Body, send
from bot.scanners.onetrust.auth import TokenSource
from bot.scanners.onetrust.status_codes import NOT_TRUSTED, StatusMeaning

BUILD_CHANGED = "The bot's own copy of this build changed while it was being sent."
LOST_EARLY = "The connection to OneTrust was lost before the whole build had gone."
NOT_REACHED = "OneTrust can't be reached right now."
LOST_LATE = "The connection to OneTrust was lost after the whole build had gone, before an answer came."
PROXY_NO = f"The proxy on the way to OneTrust let nothing through ({{status}}). {CHECK} the proxy settings."


class UploadClient:
    """Sends requests with a bearer. ``tls`` is the context for https; ``None`` is the machine's own."""

    def __init__(
        self,
        tokens: TokenSource,
        *,
        tls: ssl.SSLContext | None = None,
        timeouts: UploadTimeouts | None = None,
        traces: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._tokens = tokens
        self._tls = tls
        self._timeouts = timeouts or UploadTimeouts()
        self._traces = traces

    async def call(self, method: str, url: str, body: Callable[[], Body]) -> StatusMeaning:
        """Send what ``body`` makes; after a 401 again with a new token, if there can be one.

        ``url`` may be a secret. Any status may be returned.

        Raises:
            Refused, TryLater: from the token, or nothing was sent; certainly not accepted.
            Uncertain: the response was lost after the last bytes may have been sent.
        """
        bearer = await self._tokens.bearer()
        answer = await self._send(method, url, body(), bearer)
        if answer.status == 401 and self._tokens.discard(bearer):
            bearer = await self._tokens.bearer()
            answer = await self._send(method, url, body(), bearer)
        return answer

    async def _send(self, method: str, url: str, body: Body, bearer: str) -> StatusMeaning:
        response = await send(
            method,
            url,
            body,
            error_of=lambda error: _error_of(error, body),
            timeouts=self._timeouts,
            tls=self._tls,
            traces=self._traces,
            bearer=bearer,
        )
        return StatusMeaning(
            status=response.status,
            retry_after=response.headers.get("Retry-After"),
            body=response.body,
            complete=body.committed,
        )


def _error_of(error: Exception, body: Body) -> SubmissionError:
    """Return what a failed request means, by how much of the body was sent."""
    if isinstance(error, BuildChanged):
        return TryLater(BUILD_CHANGED, scanner_failed=False)
    detail = f"the request to OneTrust failed: {type(error).__name__}"
    reason = why_not_trusted(error)
    if reason is not None:
        return Refused(NOT_TRUSTED, detail=f"OneTrust's certificate does not check out: {reason}")
    if isinstance(error, aiohttp.ClientHttpProxyError) and 400 <= error.status < 500:
        return Refused(PROXY_NO.format(status=error.status), detail=detail)
    if body.committed:
        return Uncertain(LOST_LATE, detail=f"{detail}, after the last bytes may have been sent")
    if not body.begun:
        return TryLater(NOT_REACHED, detail=detail)
    return TryLater(LOST_EARLY, detail=f"{detail}, before the last bytes were sent")
