"""Zscaler's cloud service API: signed in, within its rate limits, errors raised."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, Final, Protocol

import httpx

from bot.core.ports import Clock
from bot.errors import TryLater
from bot.features.zscaler_admin.models import CallsLeft
from bot.scanners.http.json_client import Auth, JsonClient
from bot.scanners.http.responses import Response
from bot.scanners.zscaler.maintenance import ReadOnly
from bot.scanners.zscaler.rate_limits import RateLimits
from bot.scanners.zscaler.status_codes import STATUS_CODES, Endpoint, is_edit_lock, meaning_of, value_of

HEADERS: Final = {"Cache-Control": "no-cache", "Content-Type": "application/json"}
LOCK_S: Final = 3.0
"""The wait before each retry while an administrator is editing the configuration."""
LOCK_TIMES: Final = 5
"""Retries while an administrator is editing the configuration."""


class CloudAuth(Auth, Protocol):
    """A way to sign in. ``attempts`` raises ``Refused`` after the last 401."""

    @property
    def state(self) -> str:
        """The state as a sentence, for administrators."""

    def accepted(self) -> None:
        """Note that the response was no 401."""

    async def close(self) -> None:
        """Sign out if that does no harm; takes seconds at most, and raises nothing."""


class HttpClient:
    """Sends single requests to the cloud service API.

    ``client`` stays its owner's. ``base_url`` ends with the API's version. ``timeout_s`` is for one request
    with its response. Cookies are set by hand: the client stores none, so that no other request carries them.
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

        A GET gets a random parameter, so that no cache on the way answers it. Raises as ``JsonClient.send``.
        """
        query = dict(params or {})
        if method == "GET":
            query["_"] = str(secrets.randbelow(10**9))
        return await self._json.send(
            method,
            endpoint.value,
            f"{self._url}{endpoint.path}{'/' + of if of else ''}",
            auth=auth,
            take_turn=take_turn,
            headers=HEADERS,
            params=query,
            content=None if body is None else json.dumps(body).encode("ascii"),
        )


@dataclass(eq=False, repr=False)
class CloudClient:
    """The cloud service API."""

    http: HttpClient
    auth: CloudAuth
    _: KW_ONLY
    clock: Clock
    read_only: ReadOnly

    def __post_init__(self) -> None:
        self._limits = RateLimits(self.clock)

    @property
    def login_state(self) -> str:
        """The state of signing in, as a sentence."""
        return self.auth.state

    @property
    def maintenance_at(self) -> float | None:
        """When maintenance was last seen; ``None`` if the last POST was accepted."""
        return self.read_only.seen_at

    def left(self) -> list[CallsLeft]:
        """Return how many requests each endpoint still takes, by its published limits."""
        return self._limits.left()

    async def get(self, endpoint: Endpoint, of: str = "", *, params: Mapping[str, str] | None = None) -> Any:
        """Send a GET, and return the JSON of the response; ``of`` is the rest of the path, a plain word.

        Raises:
            Refused: rejected until a person fixes something.
            NotFound: there is no report about this file.
            TryLater: not right now; ``Maintenance`` if a POST, such as signing in, has to wait for its end.
        """
        return value_of(await self._ask("GET", endpoint, of=of, params=params))

    async def post(self, endpoint: Endpoint, *, body: Any = None) -> Any:
        """Send a POST with JSON, and return the JSON of the response; raises as ``get`` does."""
        self.read_only.check()
        return value_of(await self._ask("POST", endpoint, body=body))

    async def _ask(self, method: str, endpoint: Endpoint, **request: Any) -> Response:
        """Send a request, and again while the configuration is being edited; return a success."""
        take_turn = partial(self._limits.take, endpoint)
        for locked in range(LOCK_TIMES + 1):
            if locked:
                await self.clock.sleep(LOCK_S)
            response = await self.http.call(method, endpoint, auth=self.auth, take_turn=take_turn, **request)
            self.auth.accepted()
            if method == "POST":
                self.read_only.note(response)
            if not is_edit_lock(response):
                break
        if response.is_success:
            return response
        error = meaning_of(endpoint, response, self.clock.now())
        if response.status == 429 and isinstance(error, TryLater):
            self._limits.pause(endpoint, error.retry_after_s or 0.0)
        raise error
