"""Zscaler's maintenance, during which only GET requests are answered."""

from typing import Final

from bot.core.clock import SteadyClock
from bot.core.ports import Clock
from bot.errors import Maintenance
from bot.scanners.http.responses import Response
from bot.scanners.zscaler.status_codes import MAINTENANCE, is_maintenance, retry_after_s

PAUSE_S: Final = 60.0
"""The pause of all POST requests after Zscaler reported maintenance without a ``Retry-After``."""

_SAYS_NOTHING: Final = frozenset({401, 408, 429})
"""Statuses that Zscaler may return before it checks whether it is under maintenance."""


class ReadOnly:
    """Remembers that Zscaler is under maintenance, so that no POST is sent for a while."""

    def __init__(self, clock: Clock) -> None:
        self._wall = clock
        self._clock = SteadyClock(clock)
        self._until = 0.0
        self.seen_at: float | None = None
        """When it was last seen, in seconds since the epoch; ``None`` if the last POST was accepted."""

    @property
    def lasts(self) -> bool:
        """Whether the last POST was rejected because of maintenance."""
        return self.seen_at is not None

    def check(self) -> None:
        """Return if a POST may be sent.

        Raises:
            Maintenance: not now; says when to try again.
        """
        left_s = self._until - self._clock.now()
        if self.lasts and left_s > 0:
            raise Maintenance(MAINTENANCE, retry_after_s=left_s, status=403)

    def note(self, response: Response) -> None:
        """Note the response to a POST."""
        if is_maintenance(response):
            self.seen_at = self._wall.now()
            asked_s = retry_after_s(response, self._wall.now())
            self._until = self._clock.now() + (PAUSE_S if asked_s is None else asked_s)
        elif response.status not in _SAYS_NOTHING and response.status < 500:
            self.seen_at = None
