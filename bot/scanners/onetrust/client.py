"""GET requests to OneTrust's API: each may be repeated, and all share one rate limit."""

import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Final

import httpx

from bot.core.rate_limit import Limit, RateLimiter
from bot.errors import Refused, TryLater
from bot.scanners.http.json_client import Auth, JsonClient
from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import CHECK, OPERATOR, StatusCodes

REQUESTS: Final = Limit(calls=60, window_s=61.0)
"""60 a minute; OneTrust counts them as they arrive, and two may differ by a second in latency."""
PAUSE_S: Final = 60.0
"""The pause after a 429 without a ``Retry-After``."""

_NO_API: Final = (
    "Results can't be read from this OneTrust environment: it has no Applications API where the bot expects "
    "it ({status}). Scans work without."
)
_BUSY: Final = "OneTrust is getting too many requests right now (429)."
_AWAY: Final = "OneTrust can't answer right now ({status})."

STATUS_CODES: Final = StatusCodes(
    server="OneTrust",
    retry={407: _AWAY, 429: _BUSY},
    unavailable=_AWAY,
    rejected={
        401: "OneTrust did not accept the bot's credentials for reading results ({status}). "
        f"{CHECK} them, and that they are for this environment.",
        403: "The bot's OneTrust credential may not read results ({status}). "
        f"{OPERATOR} can give it the COOKIE_READ scope; scans work without.",
    },
    redirected=_NO_API,
    other=_NO_API,
)


@dataclass(eq=False, repr=False)
class Inquiry:
    """Sends GET requests, signed in.

    ``client`` stays its owner's. ``timeout_s`` is for one request with its response; ``now`` is seconds since
    the epoch.
    """

    client: httpx.AsyncClient
    auth: Auth
    budget: RateLimiter
    _: KW_ONLY
    timeout_s: float = 30.0
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._json = JsonClient(self.client, statuses=STATUS_CODES, timeout_s=self.timeout_s)

    async def ask(self, endpoint: str, url: str, query: Mapping[str, str] | None = None) -> Response:
        """Send one request when the rate limit allows it. Any status below 500 may be returned.

        Raises:
            TryLater: no response, or none that says anything; after a 429, at once for all callers.
        """
        if paused_s := self.budget.paused_s:
            raise TryLater(_BUSY, retry_after_s=paused_s, status=429)
        try:
            response = await self._json.send(
                "GET", endpoint, url, auth=self.auth, take_turn=self.budget.take, params=query
            )
        except Refused as error:  # submitting fails on that too, and reports it; reading only waits
            raise TryLater(error.user_message, status=error.status, detail=str(error)) from None
        if not response.is_complete:
            raise TryLater("OneTrust's response is longer than the bot reads.", status=response.status)
        wait_s = response.retry_after_s(self.now())
        if response.status == 429:
            wait_s = PAUSE_S if wait_s is None else max(1.0, wait_s)
            self.budget.pause(wait_s)
        if failure := STATUS_CODES.retry_error(response.status, wait_s):
            raise failure
        return response
