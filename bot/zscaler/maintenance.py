"""Whether Zscaler's cloud is under maintenance, when it answers questions and takes nothing."""

from typing import Final

from bot.errors import Maintenance
from bot.scans.clock import SteadyClock
from bot.scans.ports import Clock
from bot.zscaler.answers import MAINTENANCE, Told, retry_after_s

PAUSE_S: Final = 60.0
"""How long nothing is sent after Zscaler said that it takes nothing."""


_SAYS_NOTHING: Final = frozenset({401, 408, 429})
"""Statuses that can be told before it is looked at whether anything is taken."""


class ReadOnly:
    """Remembers that Zscaler takes nothing for now, so that it is not tried again at once."""

    def __init__(self, clock: Clock) -> None:
        self._wall = clock
        self._clock = SteadyClock(clock)
        self._until = 0.0
        self.seen_at: float | None = None
        """When it was last met, in seconds since the epoch; ``None`` where what was sent last was taken."""

    @property
    def lasts(self) -> bool:
        """Whether the last thing that was sent was not taken for maintenance."""
        return self.seen_at is not None

    def check(self) -> None:
        """Let something be sent.

        Raises:
            Maintenance: not now; says when to try again.
        """
        left_s = self._until - self._clock.now()
        if self.lasts and left_s > 0:
            raise Maintenance(MAINTENANCE, retry_after_s=left_s, status=403)

    def note(self, told: Told) -> None:
        """Keep what the answer to something that was sent says of the next."""
        if told.is_maintenance:
            self.seen_at = self._wall.now()
            asked_s = retry_after_s(told, self._wall.now())
            self._until = self._clock.now() + (PAUSE_S if asked_s is None else asked_s)
        elif told.status not in _SAYS_NOTHING and told.status < 500:
            self.seen_at = None
