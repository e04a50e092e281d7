"""Zscaler's cloud service API: signed in, within its rate limits, errors raised.

``bot.scanners.zscaler.status_codes`` has the table of statuses.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from bot.core.ports import Clock
from bot.errors import TryLater
from bot.features.zscaler_admin.models import CallsLeft
from bot.scanners.http.json_client import Response
from bot.scanners.zscaler.auth.interface import CloudAuth
from bot.scanners.zscaler.http_client import HttpClient
from bot.scanners.zscaler.maintenance import ReadOnly
from bot.scanners.zscaler.rate_limits import RateLimits
from bot.scanners.zscaler.status_codes import Endpoint, is_edit_lock, meaning_of, value_of

LOCK_S: Final = 3.0
"""The wait before each retry while an administrator is editing the configuration."""
LOCK_TIMES: Final = 5
"""Retries while an administrator is editing the configuration."""


class CloudClient:
    """The cloud service API."""

    def __init__(
        self,
        caller: HttpClient,
        login: CloudAuth,
        *,
        clock: Clock,
        read_only: ReadOnly,
        paces: RateLimits | None = None,
    ) -> None:
        self._caller = caller
        self._login = login
        self._clock = clock
        self._read_only = read_only
        self._paces = paces or RateLimits(clock)

    @property
    def login_state(self) -> str:
        """The state of signing in, as a sentence."""
        return self._login.state

    @property
    def maintenance_at(self) -> float | None:
        """When maintenance was last seen; ``None`` if the last POST was accepted."""
        return self._read_only.seen_at

    def left(self) -> list[CallsLeft]:
        """Return how many requests each endpoint still takes, by its published limits."""
        return self._paces.left()

    async def get(self, endpoint: Endpoint, of: str = "", *, params: Mapping[str, str] | None = None) -> Any:
        """Send a GET, and return the JSON of the response; ``of`` is the rest of the path, a plain word.

        Raises:
            Refused: rejected until a person fixes something.
            NotFound: there is no report about this file.
            TryLater: not right now; ``Maintenance`` if signing in has to wait for its end.
        """
        return value_of(await self._ask("GET", endpoint, of=of, params=params))

    async def post(self, endpoint: Endpoint, *, body: Any = None) -> Any:
        """Send a POST with JSON, and return the JSON of the response.

        Raises:
            Refused: rejected until a person fixes something.
            Maintenance: only GET requests are answered for now.
            TryLater: not right now.
        """
        self._read_only.check()
        return value_of(await self._ask("POST", endpoint, body=body))

    async def close(self) -> None:
        """Sign out if that does no harm; takes seconds at most, and raises nothing."""
        await self._login.close()

    async def _ask(self, method: str, endpoint: Endpoint, **what: Any) -> Response:
        """Send a request, and again while the configuration is being edited; return a success."""
        take_turn = partial(self._paces.take, endpoint)
        for locked in range(LOCK_TIMES + 1):
            if locked:
                await self._clock.sleep(LOCK_S)
            response = await self._caller.call(
                method, endpoint, auth=self._login, take_turn=take_turn, **what
            )
            if method == "POST":
                self._read_only.note(response)
            if not is_edit_lock(response):
                break
        if response.is_success:
            return response
        error = meaning_of(endpoint, response, self._clock.now())
        if response.status == 429 and isinstance(error, TryLater):
            self._paces.pause(endpoint, error.retry_after_s or 0.0)
        raise error
