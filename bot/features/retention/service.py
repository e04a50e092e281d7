"""The jobs that purge old scans, and remove uploaded builds from the FTP server."""

import logging
from collections.abc import Awaitable, Callable

from bot.core.ports import Clock
from bot.core.scheduler import Job
from bot.errors import Refused, SubmissionError
from bot.features.retention.repository import PrivacyRepository, UploadRepository

logger = logging.getLogger(__name__)

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
CLEANUP_INTERVAL_S = 600.0
UPLOADS_PER_RUN = 50
MAX_REFUSALS = 3
"""After this many in a row, the server is taken to remove nothing at all."""


def purge_job(privacy: PrivacyRepository, clock: Clock, *, days: int) -> Job:
    """Return the job that purges scans not changed for ``days``; it can be cancelled at any time."""

    async def purge() -> None:
        if purged := await privacy.purge(clock.now() - days * DAY_S):
            logger.info("purged %d scans older than %d days", purged, days)

    return Job(name="retention", run=purge, interval_s=HOUR_S)


def upload_cleanup_job(
    uploads: UploadRepository, remove: Callable[[str], Awaitable[bool]], clock: Clock, *, keep_hours: int
) -> Job:
    """Return the job that removes builds uploaded ``keep_hours`` ago, also by an earlier process.

    ``remove`` returns whether the file existed; it raises ``SubmissionError`` if it can't be removed now.
    """

    async def clean_up() -> None:
        before, refusals = clock.now() - keep_hours * HOUR_S, 0
        for name in await uploads.older_than(before, UPLOADS_PER_RUN):
            try:
                removed = await remove(name)
            except SubmissionError as error:
                logger.warning("uploaded builds can't be removed now: %s", error)
                refusals += 1
                if not isinstance(error, Refused) or refusals == MAX_REFUSALS:
                    return  # the others are on the same server
                continue
            refusals = 0
            await uploads.remove(name, before)
            logger.info("%s %s the FTP server", name, "was removed from" if removed else "was no longer on")

    return Job(name="removal of uploaded builds", run=clean_up, interval_s=CLEANUP_INTERVAL_S)
