"""Changes in Zscaler's configuration that were saved, and are not active until somebody activates them.

Source: https://help.zscaler.com/zia/activation (``GET /status``, ``POST /status/activate``)
"""

from enum import StrEnum
from typing import Protocol


class ActivationStatus(StrEnum):
    """Whether saved changes wait."""

    ACTIVE = "ACTIVE"  # nothing waits
    PENDING = "PENDING"  # saved changes wait
    IN_PROGRESS = "INPROGRESS"  # they are being activated
    OTHER = "OTHER"  # a word that was not published


class ActivationApi(Protocol):
    """Tells the status, and activates.

    Each call raises ``TryLater`` where it may work later, and ``Refused`` for a clear no.
    """

    async def status(self) -> ActivationStatus:
        """Return whether saved changes wait."""
        ...

    async def activate(self) -> ActivationStatus:
        """Activate all saved changes, of whoever made them; return what the service says then."""
        ...
