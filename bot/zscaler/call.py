"""One call of Zscaler's cloud service API, and what came back, whatever it says.

httpx's errors lead to the request, and the request to password or cookie: none of them is kept as a cause.
Cookies are set by hand: the client keeps none, so that no other call can carry them.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import httpx

from bot.calls.trust import why_not_trusted
from bot.errors import Refused, SubmissionError, TryLater
from bot.zscaler.answers import BROKEN_OFF, NOT_REACHED, NOT_TRUSTED, Endpoint, Told

ANSWER_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of an answer that are read."""

PATHS: Final[Mapping[Endpoint, str]] = {
    Endpoint.URL_LOOKUP: "/urlLookup",
    Endpoint.REPORT: "/sandbox/report",
    Endpoint.QUOTA: "/sandbox/report/quota",
    Endpoint.STATUS: "/status",
    Endpoint.ACTIVATE: "/status/activate",
    Endpoint.LOGIN: "/authenticatedSession",
    Endpoint.LOGOUT: "/authenticatedSession",
}


class Caller:
    """Makes calls, one connection's worth each, following no redirect.

    ``client`` stays its owner's, and keeps no cookies from here on; it is told the word for the endpoint in
    each request's extensions, as ``endpoint``. ``base_url`` ends with the API's version. ``timeout_s`` is for
    one call with its answer, a third of it at most to connect and another to shake hands.
    """

    def __init__(self, client: httpx.AsyncClient, base_url: str, *, timeout_s: float = 60.0) -> None:
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._client = client
        self._url = base_url.rstrip("/")
        self._timeout_s = timeout_s

    async def call(
        self,
        method: str,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        *,
        of: str = "",
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Told:
        """Call once. ``of`` is what of the endpoint, a plain word; ``body`` goes as JSON.

        A GET gets an argument that is different each time, so that nothing on the way answers in Zscaler's
        place.

        Raises:
            TryLater: there was no answer, or half of one.
            Refused: whoever answers can't show that it is Zscaler.
        """
        url = f"{self._url}{PATHS[endpoint]}{'/' + of if of else ''}"
        query = dict(params or {})
        if method == "GET":
            query["_"] = str(secrets.randbelow(10**9))
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
        sent |= {"Content-Type": "application/json", **headers}
        content = None if body is None else json.dumps(body).encode("ascii")
        failure: SubmissionError | None = None
        answered, read = False, bytearray()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    method,
                    url,
                    params=query or None,
                    content=content,
                    headers=sent,
                    follow_redirects=False,
                    extensions={"endpoint": endpoint.value},
                    # A handshake has to end by httpx's own limit: see bot.calls.access_tokens.
                    timeout=httpx.Timeout(self._timeout_s, connect=self._timeout_s / 3),
                ) as response,
            ):
                answered = True
                async for chunk in response.aiter_raw():
                    read += chunk
                    if len(read) > ANSWER_LIMIT:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
            failure = _unreached(exc, endpoint, answered=answered)
        if failure is not None:
            raise failure
        return Told(
            status=response.status_code,
            body=bytes(read[:ANSWER_LIMIT]),
            is_whole=len(read) <= ANSWER_LIMIT,
            retry_after=response.headers.get("Retry-After"),
            date=response.headers.get("Date"),
            is_read_only=response.headers.get("x-zscaler-mode", "").strip().lower() == "read-only",
            cookies=tuple(response.headers.get_list("Set-Cookie")),
        )


def _unreached(exc: Exception, endpoint: Endpoint, *, answered: bool) -> SubmissionError:
    reason = why_not_trusted(exc)
    if reason is not None:
        return Refused(NOT_TRUSTED, detail=f"Zscaler's certificate does not check out: {reason}")
    detail = f"no answer from Zscaler's {endpoint}: {type(exc).__name__}"
    return TryLater(BROKEN_OFF if answered else NOT_REACHED, detail=detail)
