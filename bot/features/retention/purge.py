"""How long the history is kept."""

import logging

from bot.core.ports import Clock
from bot.core.scheduler import Job
from bot.features.retention.repository import PrivacyRepository

logger = logging.getLogger(__name__)

DAY_S = 86_400.0
LOOK_S = 3600.0
"""How often what is too old is looked for."""


class Retention:
    """Purges what is older than it may become."""

    def __init__(self, privacy: PrivacyRepository, clock: Clock, *, days: int) -> None:
        self._privacy = privacy
        self._clock = clock
        self._days = days

    @property
    def job(self) -> Job:
        """Looks for what is too old; where it is cancelled, nothing is removed by halves."""
        return Job(name="retention", run=self._purge, interval_s=LOOK_S)

    async def _purge(self) -> None:
        purged = await self._privacy.purge(self._clock.now() - self._days * DAY_S)
        if purged:
            logger.info("purged %d scans older than %d days", purged, self._days)
