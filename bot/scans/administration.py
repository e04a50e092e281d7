"""What administrators see and do of Zscaler: how its APIs stand, and activating what was saved there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from bot.errors import AppscanError, Maintenance, NotFound, Refused, Superseded
from bot.features.verdicts.side_scanner import ReportApi
from bot.scans.activation import ActivationApi, ActivationStatus
from bot.scans.clock import SteadyClock, within
from bot.scans.policy import Policy
from bot.scans.ports import Clock
from bot.scans.verdicts import Quota

logger = logging.getLogger(__name__)

LOOK_S: Final = 10.0
"""How long asking how things stand may take, all together."""
ACTIVATE_S: Final = 45.0
"""How long activating may take, with waiting for whoever edits the configuration meanwhile."""
ONCE_IN_S: Final = 60.0
"""A second press within so long is taken for the same one."""
LATELY_S: Final = 300.0
"""Maintenance that was met so lately is taken to last; after that only trying shows whether it is over."""
DAY_S: Final = 86_400.0

SLOW: Final = "Zscaler did not answer in time."
TOO_SLOW: Final = (
    "Zscaler did not answer in time, so it is not known whether the changes were activated. "
    "Look with `/appscan zscaler`; to activate once more does no harm."
)
MAINTAINED: Final = (
    "Nothing was activated: Zscaler is under maintenance, and takes nothing until that is over. "
    "Activate again later."
)
WAITS: Final = (
    "Zscaler is under maintenance, and takes nothing until that is over. "
    "Ask again in a few minutes: `/appscan zscaler activate`."
)
DONE: Final = "That was done already, less than a minute ago: `/appscan zscaler` shows how it stands."
UNDER_WAY: Final = "That is being done at this moment: `/appscan zscaler` shows how it stands."
NO_CLOUD: Final = (
    "Zscaler's cloud service API is not set up here, so there is nothing to activate. "
    "Whoever runs the bot can set it up: `ZSCALER_CLIENT_ID` or `ZSCALER_USERNAME`, and what goes with them."
)

T = TypeVar("T")


class CallsLeft(Protocol):
    """How many calls may still be made of one endpoint, within one of its limits."""

    @property
    def endpoint(self) -> str:
        """What is asked, such as ``url_lookup``."""
        ...

    @property
    def window(self) -> str:
        """``second``, ``minute`` or ``hour``."""
        ...

    @property
    def left(self) -> int:
        """How many are left now."""
        ...

    @property
    def allowed(self) -> int:
        """How many a window has."""
        ...

    @property
    def paused_s(self) -> float:
        """How much longer the service asked not to be called, in seconds; 0 without that."""
        ...


class CloudState(Protocol):
    """How the cloud service API stands, as far as is known without asking it."""

    @property
    def login_state(self) -> str:
        """How logging in stands, in this project's words."""
        ...

    @property
    def maintenance_at(self) -> float | None:
        """When it last took nothing for maintenance; ``None`` where what was sent since was taken."""
        ...

    def left(self) -> Sequence[CallsLeft]:
        """Tell how many calls may still be made."""
        ...


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A figure that can't be had now; ``problem`` is the sentence that says why."""

    problem: str
    is_no: bool = False
    """Whether it is a clear no, such as a login that is refused: whatever else is asked meets the same."""


@dataclass(frozen=True, kw_only=True)
class Barred:
    """Nothing can be activated now; ``problem`` is the sentence that says why."""

    problem: str
    maintenance_at: float | None = None
    """When maintenance was last met, where that is why."""


@dataclass(frozen=True, kw_only=True)
class CloudOverview:
    """How the cloud service API stands."""

    login: str
    maintenance_at: float | None
    """When maintenance was last met; ``None`` where none is known."""
    activation: ActivationStatus | Unknown
    quotas: tuple[Quota, ...] | Unknown
    """Of the Sandbox's reports."""
    calls_left: tuple[CallsLeft, ...]


@dataclass(frozen=True, kw_only=True)
class SandboxOverview:
    """How the Sandbox Submission API stands."""

    sent: int | Unknown
    """Files sent in the last 24 hours."""


@dataclass(frozen=True, kw_only=True)
class GovernanceOverview:
    """How the 3rd-Party App Governance API stands."""

    remaining: int | None
    """Calls that were left when it last told; ``None`` where it has not, since the bot's start."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """How Zscaler's APIs stand; ``None`` for one that is not set up."""

    cloud: CloudOverview | None
    sandbox: SandboxOverview | None
    governance: GovernanceOverview | None


@dataclass(frozen=True, kw_only=True)
class CloudApis:
    """The parts of the cloud service API that administrators ask."""

    state: CloudState
    activation: ActivationApi
    reports: ReportApi


class Administration:
    """Answers ``/appscan zscaler``, and carries out what is asked there.

    Each call raises ``NotAllowed`` where they are no admin by name or the lists say no, and ``Unidentified``
    where Slack does not say who they are.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        clock: Clock,
        cloud: CloudApis | None,
        sent_since: Callable[[float], Awaitable[int]] | None,
        governance: Callable[[], int | None] | None,
    ) -> None:
        """Take what is set up.

        ``sent_since`` counts files sent to the Sandbox since a moment; ``governance`` tells how many calls
        were left when that API last told.
        """
        self._policy = policy
        self._clock = clock
        self._steady = SteadyClock(clock)
        self._cloud = cloud
        self._sent_since = sent_since
        self._governance = governance
        self._is_activating = False
        self._activated_at: float | None = None

    async def look(self, user: str, channel: str) -> Overview:
        """Tell how everything stands; what can't be had is said so in its place."""
        await self._admit(user, channel)
        cloud, sandbox = await asyncio.gather(self._look_at_cloud(), self._look_at_sandbox())
        governance = GovernanceOverview(remaining=self._governance()) if self._governance else None
        return Overview(cloud=cloud, sandbox=sandbox, governance=governance)

    async def before_activating(self, user: str, channel: str) -> ActivationStatus | Unknown | Barred:
        """Tell whether saved changes wait to be activated, and can be now.

        Raises:
            NotFound: the cloud service API is not set up.
        """
        await self._admit(user, channel)
        apis = self._apis()
        status = await self._had(apis.activation.status())
        met_at = apis.state.maintenance_at
        if isinstance(status, Unknown) and status.is_no:
            return Barred(problem=status.problem)
        if status is ActivationStatus.ACTIVE or met_at is None or abs(self._clock.now() - met_at) >= LATELY_S:
            return status
        return Barred(problem=WAITS, maintenance_at=met_at)

    async def activate(self, user: str, channel: str) -> ActivationStatus:
        """Activate all saved changes, of whoever made them, and return how they stand then.

        Raises:
            NotFound: the cloud service API is not set up.
            Superseded: it was done less than a minute ago, or is being done.
            Maintenance: Zscaler takes nothing for now.
            TryLater: it was not done now, and may be later.
            Refused: a clear no.
            AppscanError: there was no answer, so it may have been done.
        """
        await self._admit(user, channel)
        apis = self._apis()
        if self._is_activating:
            raise Superseded(UNDER_WAY)
        if self._activated_at is not None and self._steady.now() - self._activated_at < ONCE_IN_S:
            raise Superseded(DONE)
        self._is_activating = True
        try:
            status = await within(self._clock, ACTIVATE_S, apis.activation.activate())
        except TimeoutError as error:
            logger.warning("%s activates changes in Zscaler: no answer in time", user)
            raise AppscanError(TOO_SLOW) from error
        except AppscanError as error:
            logger.warning("%s could not activate changes in Zscaler: %s", user, error)
            if isinstance(error, Maintenance):  # nobody tries it again by itself
                raise Maintenance(MAINTAINED, status=error.status) from error
            raise
        finally:
            self._is_activating = False
        self._activated_at = self._steady.now()
        logger.info("%s activated all saved changes in Zscaler, which says %s", user, status.value)
        return status

    async def _admit(self, user: str, channel: str) -> None:
        await self._policy.admit(user, channel)
        self._policy.admit_to_zscaler(user)

    def _apis(self) -> CloudApis:
        if self._cloud is None:
            raise NotFound(NO_CLOUD)
        return self._cloud

    async def _look_at_cloud(self) -> CloudOverview | None:
        apis = self._cloud
        if apis is None:
            return None
        activation, quotas = await asyncio.gather(
            self._had(apis.activation.status()), self._had(apis.reports.quota())
        )
        return CloudOverview(
            login=apis.state.login_state,  # as it stands now that it was asked
            maintenance_at=apis.state.maintenance_at,
            activation=activation,
            quotas=quotas,
            calls_left=tuple(apis.state.left()),
        )

    async def _look_at_sandbox(self) -> SandboxOverview | None:
        if self._sent_since is None:
            return None
        return SandboxOverview(sent=await self._had(self._sent_since(self._clock.now() - DAY_S)))

    async def _had(self, figure: Awaitable[T]) -> T | Unknown:
        """Return a figure, or why it can't be had in time."""
        try:
            return await within(self._clock, LOOK_S, figure)
        except TimeoutError:
            return Unknown(problem=SLOW)
        except AppscanError as error:
            return Unknown(problem=error.user_message, is_no=isinstance(error, Refused))
