"""One request to Zscaler's cloud service API, and its response, whatever its status.

Cookies are set by hand: the client stores none, so that no other request can carry them.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx

from bot.scanners.http.json_client import Auth, JsonClient, Response
from bot.scanners.zscaler.status_codes import STATUS_CODES, Endpoint

PATHS: Final[Mapping[Endpoint, str]] = {
    Endpoint.URL_LOOKUP: "/urlLookup",
    Endpoint.REPORT: "/sandbox/report",
    Endpoint.QUOTA: "/sandbox/report/quota",
    Endpoint.STATUS: "/status",
    Endpoint.ACTIVATE: "/status/activate",
    Endpoint.LOGIN: "/authenticatedSession",
    Endpoint.LOGOUT: "/authenticatedSession",
}
HEADERS: Final = {"Cache-Control": "no-cache", "Content-Type": "application/json"}


class HttpClient:
    """Sends requests to the cloud service API.

    ``client`` stays its owner's. ``base_url`` ends with the API's version. ``timeout_s`` is for one request
    with its response.
    """

    def __init__(self, client: httpx.AsyncClient, base_url: str, *, timeout_s: float = 60.0) -> None:
        self._json = JsonClient(client, statuses=STATUS_CODES, timeout_s=timeout_s, reads_errors=True)
        self._url = base_url.rstrip("/")

    async def call(
        self,
        method: str,
        endpoint: Endpoint,
        *,
        auth: Auth | None = None,
        take_turn: Callable[[], Awaitable[None]] | None = None,
        of: str = "",
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Response:
        """Send a request. ``of`` is the rest of the path, a plain word; ``body`` is sent as JSON.

        A GET gets a random parameter, so that no cache on the way answers it.

        Raises:
            TryLater: no response, or half of one.
            Refused: the server's certificate is not trusted.
            SubmissionError: from ``auth`` or ``take_turn``.
        """
        query = dict(params or {})
        if method == "GET":
            query["_"] = str(secrets.randbelow(10**9))
        return await self._json.send(
            method,
            endpoint.value,
            f"{self._url}{PATHS[endpoint]}{'/' + of if of else ''}",
            auth=auth,
            take_turn=take_turn,
            headers=HEADERS,
            params=query,
            content=None if body is None else json.dumps(body).encode("ascii"),
        )
