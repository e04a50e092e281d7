"""The state of Zscaler's APIs, and of configuration changes that are saved but not active yet.

Source: https://help.zscaler.com/zia/activation (``GET /status``, ``POST /status/activate``)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.features.verdicts.models import Quota


class ActivationStatus(StrEnum):
    """Whether saved changes are active."""

    ACTIVE = "ACTIVE"  # all are
    PENDING = "PENDING"  # some are not
    IN_PROGRESS = "INPROGRESS"  # they are being activated
    OTHER = "OTHER"  # an undocumented value


class ActivationApi(Protocol):
    """Reads the status, and activates; both raise ``TryLater`` or ``Refused``."""

    async def status(self) -> ActivationStatus:
        """Return whether saved changes are active."""

    async def activate(self) -> ActivationStatus:
        """Activate the saved changes of all admins; return the status after that."""


@dataclass(frozen=True, kw_only=True)
class CallsLeft:
    """How many calls one endpoint still takes in one window."""

    endpoint: str
    """Such as ``url_lookup``."""
    window: str
    """``second``, ``minute`` or ``hour``."""
    left: int
    allowed: int
    paused_s: float
    """The rest of a pause that Zscaler asked for, in seconds."""


class CloudState(Protocol):
    """The state of the cloud service API, as far as it is known without a request."""

    @property
    def login_state(self) -> str:
        """The state of signing in, as a sentence."""

    @property
    def maintenance_at(self) -> float | None:
        """When maintenance was last seen; ``None`` if the last POST was accepted."""

    def left(self) -> Sequence[CallsLeft]:
        """Return how many calls are left, endpoint by endpoint."""


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """A figure that can't be read, or an activation that is not possible now; ``problem`` says why."""

    problem: str
    blocks_activation: bool = False
    """Whether activating is certain to fail too, as with a rejected login."""
    maintenance_at: float | None = None
    """When maintenance was last seen, if that is the reason."""


@dataclass(frozen=True, kw_only=True)
class CloudOverview:
    """The state of the cloud service API."""

    login: str
    maintenance_at: float | None
    activation: ActivationStatus | Unavailable
    quotas: tuple[Quota, ...] | Unavailable
    """Of the Sandbox's reports."""
    calls_left: tuple[CallsLeft, ...]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The state of Zscaler's APIs; ``None`` for one that is not set up."""

    cloud: CloudOverview | None
    sandbox: int | Unavailable | None
    """Number of files sent to the Sandbox in the last 24 hours."""
    governance: int | Unavailable | None
    """Number of calls left of the 3rd-Party App Governance API, as it last said."""
