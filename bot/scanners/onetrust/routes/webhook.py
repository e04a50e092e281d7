"""Submitting a build to OneTrust's webhook, which starts the *Mobile: Mobile App Scan* workflow.

Source: https://developer.onetrust.com/onetrust/docs/scan-apps-via-api
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bot.core.scan import FileType, Kind
from bot.features.submission.routes import Journal, Order, Receipt
from bot.scanners.onetrust.request_body import BuildBody, data_fields
from bot.scanners.onetrust.status_codes import read_answer
from bot.scanners.onetrust.upload_client import UploadClient

LIMIT_BYTES: Final = 64_000_000
"""The REST route takes builds below this ("file sizes < 64MB only")."""


class Webhook:
    """The REST route: one POST for each build, as form-data. Implements the ``Route`` port.

    ``url`` is a secret. ``now`` is seconds since the epoch.
    """

    name: str = "webhook"
    title: str = "the webhook"
    file_types: frozenset[FileType] = frozenset({FileType.IPA, FileType.APK})

    def __init__(
        self,
        url: str,
        caller: UploadClient,
        *,
        limit_bytes: int = LIMIT_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._caller = caller
        self.limit_bytes = limit_bytes
        self.lacks: Mapping[Kind, str] = {}
        self._now = now

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Send the build at ``path``.

        Raises:
            Refused: rejected.
            TryLater: certainly not accepted; worth another try.
            Uncertain: it may have been accepted.
        """
        fields = {"dataFields": data_fields(order)}
        answer = await self._caller.call("POST", self._url, lambda: BuildBody(order, path, journal, fields))
        return read_answer(answer, self._now())
