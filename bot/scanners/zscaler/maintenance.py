"""Zscaler's maintenance, during which only GET requests are answered."""

from dataclasses import dataclass, field
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


@dataclass(eq=False, repr=False)
class ReadOnly:
    """Remembers that Zscaler is under maintenance, so that no POST is sent for a while."""

    clock: Clock
    seen_at: float | None = field(init=False, default=None)
    """When it was last seen, in seconds since the epoch; ``None`` if the last POST was accepted."""
    _until: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._steady = SteadyClock(self.clock)

    def check(self) -> None:
        """Return if a POST may be sent.

        Raises:
            Maintenance: not now; says when to try again.
        """
        left_s = self._until - self._steady.now()
        if self.seen_at is not None and left_s > 0:
            raise Maintenance(MAINTENANCE, retry_after_s=left_s, status=403)

    def note(self, response: Response) -> None:
        """Note the response to a POST."""
        if is_maintenance(response):
            self.seen_at = self.clock.now()
            asked_s = retry_after_s(response, self.seen_at)
            self._until = self._steady.now() + (PAUSE_S if asked_s is None else asked_s)
        elif response.status not in _SAYS_NOTHING and response.status < 500:
            self.seen_at = None
