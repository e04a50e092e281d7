"""Purging old scans, and removing uploaded builds."""

import logging

from bot.core.scheduler import Job
from bot.features.retention.service import purge_job, upload_cleanup_job
from bot.scanners.onetrust.file_server import open_file_server
from bot.wiring.feature import Feature, Surface
from bot.wiring.kit import Kit

logger = logging.getLogger(__name__)


def build(kit: Kit) -> Surface:
    """Build the feature."""
    days = kit.settings.retention_days
    purge = [purge_job(kit.store.privacy, kit.clock, days=days)] if days is not None else []
    return Surface(jobs=(_cleanup_job(kit), *purge))


def _cleanup_job(kit: Kit) -> Job:
    """Return the job that removes uploaded builds, also those of earlier processes."""
    ftp, uploads = kit.settings.ftp, kit.store.uploads
    if ftp is not None:
        remove = open_file_server(ftp.address).remove
        return upload_cleanup_job(uploads, remove, kit.clock, keep_hours=ftp.keep_hours)

    async def count() -> None:
        if left := await uploads.count():
            logger.warning(
                "uploaded builds (%d) may still be on the FTP server that was set before: they are removed "
                "only while ONETRUST_FTP_URL names it",
                left,
            )

    return Job(name="count of uploaded builds", run=count, interval_s=None)


FEATURE = Feature(build=build)
