"""Whether saved changes of Zscaler's configuration are active, and activating them.

Source: https://help.zscaler.com/zia/activation (``GET /status``, ``POST /status/activate``)
"""

from typing import Any

from bot.errors import TryLater
from bot.features.zscaler_admin.models import ActivationStatus
from bot.scanners.http.json_fields import member
from bot.scanners.zscaler.client import CloudClient
from bot.scanners.zscaler.status_codes import UNREADABLE, Endpoint


class Activation:
    """Reads the status, and activates. Implements the ``ActivationApi`` port."""

    def __init__(self, cloud: CloudClient) -> None:
        self._cloud = cloud

    async def status(self) -> ActivationStatus:
        """Return whether saved changes wait for activation.

        Raises:
            Refused, TryLater: as the port has it.
        """
        return _status(await self._cloud.get(Endpoint.STATUS))

    async def activate(self) -> ActivationStatus:
        """Activate all saved changes; return the status after that.

        Raises:
            Refused, TryLater: as the port has it; ``Maintenance`` among them.
        """
        return _status(await self._cloud.post(Endpoint.ACTIVATE))


def _status(value: Any) -> ActivationStatus:
    if not isinstance(value, dict) or not isinstance(value.get("status"), str):
        raise TryLater(UNREADABLE, detail="status: none")
    return member(ActivationStatus, value["status"], ActivationStatus.OTHER)
