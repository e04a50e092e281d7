"""How long the history is kept."""

import logging

from bot.scans.memory import Privacy
from bot.scans.ports import Clock

logger = logging.getLogger(__name__)

DAY_S = 86_400.0
LOOK_S = 3600.0
"""How often what is too old is looked for."""


class Retention:
    """Purges what is older than it may become."""

    def __init__(self, privacy: Privacy, clock: Clock, *, days: int) -> None:
        self._privacy = privacy
        self._clock = clock
        self._days = days

    async def run(self) -> None:
        """Look again and again; where it is cancelled, nothing is removed by halves."""
        while True:
            try:
                purged = await self._privacy.purge(self._clock.now() - self._days * DAY_S)
            except Exception:  # the database may be locked or its disk full: it is tried again
                logger.exception("old scans could not be purged; trying again in an hour")
            else:
                if purged:
                    logger.info("purged %d scans older than %d days", purged, self._days)
            await self._clock.sleep(LOOK_S)
