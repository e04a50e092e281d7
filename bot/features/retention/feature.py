"""Purging old scans, and removing uploaded builds."""

import logging

from bot.core.scheduler import Job
from bot.features.retention.purge import Retention
from bot.features.retention.upload_cleanup import UploadCleanup
from bot.scanners.onetrust.file_server import open_file_server
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit

logger = logging.getLogger(__name__)


def build(kit: Kit) -> Surface:
    """Build it."""
    settings = kit.settings
    jobs = [_cleanup(kit)]
    if settings.retention_days is not None:
        jobs.append(Retention(kit.store.privacy, kit.clock, days=settings.retention_days).job)
    return Surface(jobs=tuple(jobs))


def _cleanup(kit: Kit) -> Job:
    """Return the job that removes uploaded builds, also those of earlier processes."""
    ftp, uploads = kit.settings.ftp, kit.store.uploads
    if ftp is not None:
        remove = open_file_server(ftp.address).remove
        return UploadCleanup(uploads, remove, kit.clock, keep_hours=ftp.keep_hours).job

    async def count() -> None:
        if left := await uploads.count():
            logger.warning(
                "uploaded builds (%d) may still be on the FTP server that was set before: they are removed "
                "only while ONETRUST_FTP_URL names it",
                left,
            )

    return Job(name="count of uploaded builds", run=count, interval_s=None)


FEATURE = Feature(build=build)
