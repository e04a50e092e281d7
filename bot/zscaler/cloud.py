"""Zscaler's cloud service API: every call goes through here, logged in, at its pace, its answer judged.

``bot.zscaler.answers`` has the table of what each status means. Nothing here knows what is asked.
"""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

from bot.errors import TryLater
from bot.scans.ports import Clock
from bot.zscaler.answers import Endpoint, Told, value_of, verdict
from bot.zscaler.call import Caller
from bot.zscaler.login import Login
from bot.zscaler.maintenance import ReadOnly
from bot.zscaler.pace import Left, Paces

LOCK_S: Final = 3.0
"""How long somebody who edits the configuration is waited for, each time."""
LOCK_TIMES: Final = 5


class Cloud:
    """The cloud service API."""

    def __init__(
        self, caller: Caller, login: Login, *, clock: Clock, read_only: ReadOnly, paces: Paces | None = None
    ) -> None:
        self._caller = caller
        self._login = login
        self._clock = clock
        self._read_only = read_only
        self._paces = paces or Paces(clock)

    @property
    def login_state(self) -> str:
        """How logging in stands, in words."""
        return self._login.state

    @property
    def maintenance_at(self) -> float | None:
        """When maintenance was last met; ``None`` where the last thing that was sent was taken."""
        return self._read_only.seen_at

    def left(self) -> list[Left]:
        """Tell how many calls of each endpoint may still be made, by its published limits."""
        return self._paces.left()

    async def get(self, endpoint: Endpoint, of: str = "", *, params: Mapping[str, str] | None = None) -> Any:
        """Ask, and return the JSON of the answer; ``of`` is what of the endpoint, a plain word.

        Raises:
            Refused: a clear no, until a person mends something.
            NotFound: there is no report about such a file.
            TryLater: not right now; ``Maintenance`` where logging in had to wait.
        """
        return value_of(await self._ask("GET", endpoint, of=of, params=params))

    async def post(self, endpoint: Endpoint, *, body: Any = None) -> Any:
        """Send JSON, and return the JSON of the answer.

        Raises:
            Refused: as for ``get``.
            Maintenance: nothing is taken for now.
            TryLater: not right now.
        """
        self._read_only.check()
        return value_of(await self._ask("POST", endpoint, body=body))

    async def close(self) -> None:
        """Log out, as far as that does no harm; bounded in time, and raises nothing."""
        await self._login.close()

    async def _ask(self, method: str, endpoint: Endpoint, **what: Any) -> Told:
        """Ask until the answer is not that somebody edits; return a yes."""
        for locked in range(LOCK_TIMES + 1):
            if locked:
                await self._clock.sleep(LOCK_S)
            told = await self._logged_in(method, endpoint, **what)
            if method == "POST":
                self._read_only.note(told)
            if not told.is_edit_lock:
                break
        if told.is_yes:
            return told
        error = verdict(endpoint, told, self._clock.now())
        if told.status == 429 and isinstance(error, TryLater):
            self._paces.pause(endpoint, error.retry_after_s or 0.0)
        raise error

    async def _logged_in(self, method: str, endpoint: Endpoint, **what: Any) -> Told:
        """Ask, logged in, until the answer is not 401."""
        async with aclosing(self._login.attempts()) as attempts:
            async for headers in attempts:
                await self._paces.take(endpoint)
                told = await self._caller.call(method, endpoint, headers, **what)
                if told.status != 401:
                    self._login.accepted()
                    return told
        raise RuntimeError("a login ends by an answer or an error")
