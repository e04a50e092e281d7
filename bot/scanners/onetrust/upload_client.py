"""Requests to OneTrust that may not be repeated: each body is sent once."""

import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import KW_ONLY, dataclass, field

import aiohttp

from bot.scanners.http.body import Body
from bot.scanners.http.json_client import Auth
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import StatusCodes
from bot.scanners.http.upload import UploadTimeouts, send


@dataclass(eq=False, repr=False)
class UploadClient:
    """Sends requests, signed in. ``tls`` is the context for https; ``None`` is the machine's own."""

    auth: Auth
    _: KW_ONLY
    tls: ssl.SSLContext | None = None
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
            async for signed_in in attempts:
                sent = body()
                response = await send(
                    method,
                    url,
                    sent,
                    endpoint="submission",
                    statuses=statuses,
                    timeouts=self.timeouts,
                    tls=self.tls,
                    traces=self.traces,
                    signed_in=signed_in,
                )
                if response.status != 401:
                    break
        if response.is_success:
            return response
        wait_s = response.retry_after_s(self.now())
        raise statuses.error(response.status, wait_s, committed=sent.committed)
