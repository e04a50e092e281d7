"""JSON requests to a scanner's API: signed in, rate-limited, and bounded in time and size.

httpx's errors lead to the request, and the request to a token, key or password: none of them is kept as a
cause or context.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Protocol

import httpx

from bot.scanners.http.responses import read_json, read_object, retry_after_s
from bot.scanners.http.status_codes import StatusCodes

MAX_RESPONSE_BYTES: Final = 4 * 1024 * 1024
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Auth(Protocol):
    """A way to sign in."""

    def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the headers of a request, then others for each time that the response is a 401.

        The last 401 is returned to the caller, unless this raises an error instead.
        """
        ...

    def accepted(self) -> None:
        """Note that the response was no 401."""
        ...


@dataclass(frozen=True, kw_only=True)
class HeaderAuth:
    """Headers that stay the same, such as an API key."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the headers, once."""
        yield self.headers

    def accepted(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response, whatever its status."""

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_complete: bool = True
    """Whether all of the body was read."""

    @property
    def is_success(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the JSON in the body; ``None`` without it."""
        return read_json(self.body)

    def object(self) -> dict[str, object]:
        """Return the JSON object in the body; an empty one without it."""
        return read_object(self.body)

    def retry_after_s(self, now: float) -> float | None:
        """Return the seconds of ``Retry-After``; ``now`` is seconds since the epoch."""
        return retry_after_s(self.headers.get("Retry-After"), now)


class JsonClient:
    """Sends requests. It follows no redirects and keeps no cookies.

    ``client`` stays its owner's; from here on it stores no cookies. ``statuses`` has the errors for requests
    without a response. ``timeout_s`` is for one request with its response; connecting and the TLS handshake
    get a third of it each. ``reads_errors``: read the body whatever the status, not only after a 2xx.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        statuses: StatusCodes,
        timeout_s: float,
        max_bytes: int = MAX_RESPONSE_BYTES,
        reads_errors: bool = False,
    ) -> None:
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._client = client
        self._statuses = statuses
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._reads_errors = reads_errors

    async def send(
        self,
        method: str,
        endpoint: str,
        url: str,
        *,
        auth: Auth | None = None,
        take_turn: Callable[[], Awaitable[None]] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request, and again for each 401 that ``auth`` has another attempt for.

        ``endpoint`` is its name in the metrics and the log. ``take_turn`` waits until a rate limit allows one
        more request, and counts it. Any status may be returned.

        Raises:
            TryLater: no response, or half of one.
            Refused: the server's certificate is not trusted.
            SubmissionError: from ``auth`` or ``take_turn``.
        """
        auth, response = auth or HeaderAuth(), None
        async with aclosing(auth.attempts()) as attempts:
            async for signed_in in attempts:
                if take_turn is not None:
                    await take_turn()
                response = await self._send(
                    endpoint,
                    method=method,
                    url=url,
                    headers={**HEADERS, **(headers or {}), **signed_in},
                    params=params or None,
                    content=content,
                    data=form,
                )
                if response.status != 401:
                    auth.accepted()
                    break
        if response is None:
            raise RuntimeError("an Auth yields headers or raises")
        return response

    async def _send(self, endpoint: str, **request: Any) -> Response:
        response: httpx.Response | None = None
        body = bytearray()
        # A handshake has to end by httpx's own limit: cancelled from outside, by the timeout around all this,
        # its socket would stay open.
        timeout = httpx.Timeout(self._timeout_s, connect=self._timeout_s / 3)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    **request, timeout=timeout, follow_redirects=False, extensions={"endpoint": endpoint}
                ) as response,
            ):
                if response.is_success or self._reads_errors:
                    async for chunk in response.aiter_raw():
                        body += chunk
                        if len(body) > self._max_bytes:
                            break
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            failure = self._statuses.transport_error(exc, endpoint, interrupted=response is not None)
        else:
            return Response(
                status=response.status_code,
                headers=response.headers,
                body=bytes(body[: self._max_bytes]),
                is_complete=len(body) <= self._max_bytes,
            )
        raise failure  # out here, where no error of httpx's is being handled: none becomes its context
