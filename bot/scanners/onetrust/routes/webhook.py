"""Submitting a build to OneTrust's webhook, which starts the *Mobile: Mobile App Scan* workflow.

Source: https://developer.onetrust.com/onetrust/docs/scan-apps-via-api
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.core.scan import FileType, Kind
from bot.features.submission.routes import Journal, Order, Receipt
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.request_body import BuildBody, data_fields
from bot.scanners.onetrust.status_codes import WEBHOOK, receipt

LIMIT_BYTES: Final = 64_000_000
"""The REST route takes builds below this ("file sizes < 64MB only")."""


@dataclass(eq=False, repr=False)
class Webhook:
    """The REST route: one POST for each build, as form-data. Implements the ``Route`` port.

    ``url`` is a secret.
    """

    url: str
    client: UploadClient
    limit_bytes: int = LIMIT_BYTES
    lacks: Mapping[Kind, str] = field(init=False, default_factory=dict)

    name = "webhook"
    title = "the webhook"
    file_types = frozenset({FileType.IPA, FileType.APK})

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        """Send the build at ``path``; raises as ``Route`` has it."""
        fields = {"dataFields": data_fields(order)}
        response = await self.client.call(
            "POST", self.url, lambda: BuildBody(order, path, journal, fields), WEBHOOK
        )
        return receipt(response)
