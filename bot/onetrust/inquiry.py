"""One question to OneTrust's API that may be asked again: a GET, within the budget that all share.

httpx's errors lead to the request, and the request to the bearer: none of them is kept as a cause.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from bot.calls.reading import retry_after_s
from bot.calls.trust import why_not_trusted
from bot.core.rate_limit import Limit, RateLimiter
from bot.errors import Refused, TryLater
from bot.onetrust.answers import NOT_TRUSTED
from bot.onetrust.token import TokenSource

ANSWER_LIMIT: Final = 4 * 1024 * 1024
"""Bytes; a longer answer is not read. A page holds 100 entries."""

REQUESTS: Final = Limit(calls=60, window_s=61.0)
"""60 a minute; OneTrust counts them as they arrive, and two may differ by a second on their way."""
PAUSE_S: Final = 60.0
"""How long nothing is asked after a 429 that names no time."""

NOT_REACHED = "OneTrust can't be reached right now."
BUSY = "OneTrust is getting too many requests right now (429)."
AWAY = "OneTrust can't answer right now ({status})."
TOO_LONG = "OneTrust's answer is longer than the bot reads."


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came back."""

    status: int
    value: Any
    """The JSON of a 2xx; ``None`` where it is no JSON."""


class Inquiry:
    """Asks with a bearer; a 401 is met once with a new token, where there may be one.

    ``client`` stays its owner's. It is told the word for the endpoint in each request's extensions, as
    ``endpoint``. ``timeout_s`` is for one request with its answer; ``now`` is seconds since the epoch.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        tokens: TokenSource,
        budget: RateLimiter,
        *,
        timeout_s: float = 30.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._budget = budget
        self._timeout_s = timeout_s
        self._now = now

    async def ask(self, endpoint: str, url: str, query: Mapping[str, str] | None = None) -> Told:
        """Ask once, when it is due; ``endpoint`` is a word of this project. Any status below 500 may return.

        Raises:
            TryLater: it can't be told right now; after a 429, at once for all who ask.
        """
        if paused_s := self._budget.paused_s:
            raise TryLater(BUSY, retry_after_s=paused_s, status=429)
        bearer = await self._bearer()
        told = await self._send(endpoint, url, query, bearer)
        if told.status == 401 and self._tokens.discard(bearer):
            told = await self._send(endpoint, url, query, await self._bearer())
        return told

    async def _bearer(self) -> str:
        try:
            return await self._tokens.bearer()
        except Refused as error:  # submitting meets that too, and says it; nothing is known of reading
            raise TryLater(error.user_message, status=error.status, detail=str(error)) from None

    async def _send(self, endpoint: str, url: str, query: Mapping[str, str] | None, bearer: str) -> Told:
        await self._budget.take()
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {bearer}",
        }
        failure: TryLater | None = None
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "GET",
                    url,
                    params=query,
                    headers=headers,
                    follow_redirects=False,
                    extensions={"endpoint": endpoint},
                    # A handshake has to end by httpx's own limit: see bot.calls.access_tokens.
                    timeout=httpx.Timeout(self._timeout_s, connect=self._timeout_s / 3),
                ) as response,
            ):
                status, retry_after = response.status_code, response.headers.get("Retry-After")
                if 200 <= status < 300:
                    async for chunk in response.aiter_raw():
                        body += chunk
                        if len(body) > ANSWER_LIMIT:
                            raise TryLater(TOO_LONG, status=status)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            words = NOT_REACHED if why_not_trusted(exc) is None else NOT_TRUSTED
            failure = TryLater(words, detail=f"no answer from OneTrust's {endpoint}: {type(exc).__name__}")
        if failure is not None:
            raise failure
        self._look(status, retry_after_s(retry_after, self._now()))
        return Told(status=status, value=_json(bytes(body)))

    def _look(self, status: int, wait_s: float | None) -> None:
        """Stop at what says nothing but that it is not now."""
        if status == 429:
            wait_s = PAUSE_S if wait_s is None else max(1.0, wait_s)
            self._budget.pause(wait_s)
            raise TryLater(BUSY, retry_after_s=wait_s, status=status)
        if status in {407, 408} or status >= 500:
            raise TryLater(AWAY.format(status=status), retry_after_s=wait_s, status=status)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, half of it, or nested without end
        return None
