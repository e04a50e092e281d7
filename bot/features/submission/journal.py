"""What a route writes down while it submits one scan."""

import logging

from bot.core.ports import Announcer, Clock
from bot.errors import StoreUnavailable
from bot.features.submission.ports import SubmissionStore

logger = logging.getLogger(__name__)

MAXIMUM_RECORDS = 60
"""Attempts to write what the scanner made or took to a database that can't be written to."""
RECORD_INTERVAL_S = 5.0


class SubmissionJournal:
    """The ``Journal`` of one scan: its row, its timeline and its reply."""

    def __init__(self, store: SubmissionStore, announcer: Announcer, clock: Clock, number: int) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._number = number

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Show how far the bytes have moved."""
        self._announcer.progress(self._number, done_bytes, total_bytes)

    async def committing(self) -> None:
        """Mark that what goes next could complete the submission; see ``Journal``."""
        await self._store.scans.commit(self._number)

    async def uploading(self, name: str) -> None:
        """Keep what is on the FTP server under that name."""
        await self._store.uploads.add(name, self._number)

    async def made_app(self, application_id: str) -> None:
        """Keep the application that was made for the scan; a locked database is waited for.

        If it were forgotten, another try would make a second one.
        """
        for tries_left in reversed(range(MAXIMUM_RECORDS)):
            try:
                await self._store.scans.made_app(self._number, application_id)
            except StoreUnavailable as error:
                logger.warning(
                    "application %s, made for scan #%d, could not be recorded: %s",
                    application_id,
                    self._number,
                    error,
                )
                if not tries_left:
                    raise
            else:
                return
            await self._clock.sleep(RECORD_INTERVAL_S)

    async def note(self, why: str) -> None:
        """Add a line to the timeline."""
        await self._store.scans.note(self._number, why)
