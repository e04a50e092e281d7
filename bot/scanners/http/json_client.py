"""JSON requests to a scanner's API: signed in, rate-limited, and bounded in time and size.

httpx's errors lead to the request, and the request to a token, key or password: none of them is kept as a
cause or context.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import KW_ONLY, dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Protocol

import httpx

from bot.scanners.http.responses import Response
from bot.scanners.http.status_codes import StatusCodes

MAX_RESPONSE_BYTES: Final = 4 * 1024 * 1024
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Auth(Protocol):
    """A way to sign in."""

    def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the headers of a request, then others for each time that the response is a 401.

        The last 401 is returned to the caller, unless this raises an error instead.
        """


@dataclass(frozen=True, kw_only=True)
class HeaderAuth:
    """Headers that stay the same, such as an API key."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def attempts(self) -> AsyncGenerator[Mapping[str, str], None]:
        """Yield the headers, once."""
        yield self.headers


@dataclass(eq=False, repr=False)
class JsonClient:
    """Sends requests. It follows no redirects and keeps no cookies.

    ``client`` stays its owner's; from here on it stores no cookies. ``statuses`` has the errors for requests
    without a response. ``timeout_s`` is for one request with its response; connecting and the TLS handshake
    get a third of it each. ``reads_errors``: read the body whatever the status, not only after a 2xx.
    """

    client: httpx.AsyncClient
    _: KW_ONLY
    statuses: StatusCodes
    timeout_s: float
    max_bytes: int = MAX_RESPONSE_BYTES
    reads_errors: bool = False

    def __post_init__(self) -> None:
        self.client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

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
        async with aclosing((auth or HeaderAuth()).attempts()) as attempts:
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
                    break
        return response

    async def _send(self, endpoint: str, **request: Any) -> Response:
        response: httpx.Response | None = None
        body = bytearray()
        # A handshake has to end by httpx's own limit: cancelled from outside, by the timeout around all this,
        # its socket would stay open.
        timeout = httpx.Timeout(self.timeout_s, connect=self.timeout_s / 3)
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                self.client.stream(
                    **request, timeout=timeout, follow_redirects=False, extensions={"endpoint": endpoint}
                ) as response,
            ):
                if response.is_success or self.reads_errors:
                    async for chunk in response.aiter_raw():
                        body += chunk
                        if len(body) > self.max_bytes:
                            break
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            failure = self.statuses.transport_error(exc, endpoint, interrupted=response is not None)
        else:
            return Response(
                status=response.status_code,
                headers=response.headers,
                body=bytes(body[: self.max_bytes]),
                is_complete=len(body) <= self.max_bytes,
            )
        raise failure  # out here, where no error of httpx's is being handled: none becomes its context
