"""Whether saved changes of Zscaler's configuration are active, and activating them.

Source: https://help.zscaler.com/zia/activation (``GET /status``, ``POST /status/activate``)
"""

from dataclasses import dataclass

from bot.errors import TryLater
from bot.features.zscaler_admin.models import ActivationStatus
from bot.scanners.http.json_fields import member
from bot.scanners.zscaler.client import CloudClient
from bot.scanners.zscaler.status_codes import UNREADABLE, Endpoint


@dataclass(eq=False, repr=False)
class Activation:
    """Reads the status, and activates. Implements the ``ActivationApi`` port, and raises its errors."""

    cloud: CloudClient

    async def status(self) -> ActivationStatus:
        """Return whether saved changes wait for activation."""
        return _status(await self.cloud.get(Endpoint.STATUS))

    async def activate(self) -> ActivationStatus:
        """Activate all saved changes; return the status after that."""
        return _status(await self.cloud.post(Endpoint.ACTIVATE))


def _status(value: object) -> ActivationStatus:
    if not isinstance(value, dict) or not isinstance(value.get("status"), str):
        raise TryLater(UNREADABLE, detail="status: none")
    return member(ActivationStatus, value["status"], ActivationStatus.OTHER)
