"""Removing builds from the FTP server once OneTrust has had the time to fetch them."""

import logging
from collections.abc import Awaitable, Callable

from bot.core.ports import Clock
from bot.core.scheduler import Job
from bot.errors import Refused, SubmissionError
from bot.features.retention.upload_repository import UploadRepository

logger = logging.getLogger(__name__)

HOUR_S = 3600.0
LOOK_S = 600.0
"""How often what has been there for long enough is looked for."""
BATCH = 50
"""Builds that are removed at one look."""
REFUSALS = 3
"""So many in a row say that the server removes nothing, rather than that one file can't be removed."""


class UploadCleanup:
    """Removes each uploaded build when it has been there for so many hours, however often the bot restarts.

    ``remove`` takes a file away; it raises ``SubmissionError`` where that can't be done now.
    """

    def __init__(
        self,
        uploads: UploadRepository,
        remove: Callable[[str], Awaitable[bool]],
        clock: Clock,
        *,
        keep_hours: int,
    ) -> None:
        self._uploads = uploads
        self._remove = remove
        self._clock = clock
        self._keep_s = keep_hours * HOUR_S

    @property
    def job(self) -> Job:
        """Looks for builds to remove."""
        return Job(name="removal of uploaded builds", run=self._clear, interval_s=LOOK_S)

    async def _clear(self) -> None:
        before, refusals = self._clock.now() - self._keep_s, 0
        for name in await self._uploads.older_than(before, BATCH):
            try:
                removed = await self._remove(name)
            except SubmissionError as error:
                logger.warning("uploaded builds can't be removed now: %s", error)
                refusals += 1
                if not isinstance(error, Refused) or refusals == REFUSALS:
                    return  # the others are on the same server
                continue
            refusals = 0
            await self._uploads.remove(name, before)
            logger.info(
                "%s %s the FTP server", name, "was removed from" if removed else "was not any more on"
            )
