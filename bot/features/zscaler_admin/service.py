"""What administrators see and do in Zscaler: the state of its APIs, and activating saved changes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from bot.core.access import Access
from bot.core.clock import SteadyClock, within
from bot.core.ports import Clock
from bot.errors import AppscanError, Maintenance, NotFound, Refused, Superseded
from bot.features.verdicts.side_scanner import ReportApi
from bot.features.zscaler_admin.models import (
    ActivationApi,
    ActivationStatus,
    CloudOverview,
    CloudState,
    Overview,
    Unavailable,
)

logger = logging.getLogger(__name__)

READ_TIMEOUT_S: Final = 10.0
"""Timeout for each figure of the overview."""
ACTIVATE_TIMEOUT_S: Final = 45.0
"""Includes waiting for an admin who is editing the configuration."""
REPEAT_S: Final = 60.0
"""A second press within this time counts as the same one."""
MAINTENANCE_S: Final = 300.0
"""Maintenance is assumed to last this long after it was seen; after that, only an attempt can tell."""
DAY_S: Final = 86_400.0

SLOW: Final = "Zscaler did not answer in time."
UNCONFIRMED: Final = (
    "Zscaler did not answer in time, so it is not known whether the changes were activated. "
    "Check with `/appscan zscaler`; activating again does no harm."
)
MAINTAINED: Final = "Nothing was activated: Zscaler is under maintenance. Activate again later."
WAITS: Final = (
    "Zscaler is under maintenance and accepts no changes. "
    "Try again in a few minutes: `/appscan zscaler activate`."
)
DONE: Final = "That was done already, less than a minute ago: `/appscan zscaler` shows the result."
UNDER_WAY: Final = "That is being done right now: `/appscan zscaler` shows the result."
NOT_CALLED: Final = "The number of calls left is known after the first call."
NO_CLOUD: Final = (
    "Zscaler's cloud service API is not set up here, so there is nothing to activate. The operator of this "
    "bot can set it up with `ZSCALER_CLIENT_ID` or `ZSCALER_USERNAME`, and the settings that go with them."
)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class CloudApis:
    """The parts of the cloud service API that administrators use."""

    state: CloudState
    activation: ActivationApi
    reports: ReportApi


@dataclass(kw_only=True, eq=False, repr=False)
class ZscalerAdmin:
    """Answers ``/appscan zscaler``, and activates saved changes.

    Each call raises ``NotAllowed`` unless the person is admitted and a listed admin, and
    ``Unidentified`` if Slack can't identify them.
    """

    policy: Access
    clock: Clock
    cloud: CloudApis | None
    sent_since: Callable[[float], Awaitable[int]] | None
    """Counts the files sent to the Sandbox since a time."""
    governance: Callable[[], int | None] | None
    """Returns the number of calls left, as the governance API last said."""
    _is_activating: bool = field(init=False, default=False)
    _activated_at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._steady = SteadyClock(self.clock)

    async def overview(self, user: str, channel: str) -> Overview:
        """Return the state of everything; a figure that can't be read hides no other."""
        await self._admit(user, channel)
        cloud, sandbox = await asyncio.gather(self._cloud(), self._sandbox())
        calls_left: int | Unavailable | None = None
        if self.governance is not None and (calls_left := self.governance()) is None:
            calls_left = Unavailable(problem=NOT_CALLED)
        return Overview(cloud=cloud, sandbox=sandbox, governance=calls_left)

    async def before_activating(self, user: str, channel: str) -> ActivationStatus | Unavailable:
        """Return whether saved changes wait for activation, or why that is unknown or not possible now.

        Raises:
            NotFound: the cloud service API is not set up.
        """
        apis = await self._apis(user, channel)
        status = await self._figure(apis.activation.status())
        seen_at = apis.state.maintenance_at
        is_over = seen_at is None or abs(self.clock.now() - seen_at) >= MAINTENANCE_S
        rejected = isinstance(status, Unavailable) and status.blocks_activation
        if rejected or is_over or status is ActivationStatus.ACTIVE:
            return status
        return Unavailable(problem=WAITS, blocks_activation=True, maintenance_at=seen_at)

    async def activate(self, user: str, channel: str) -> ActivationStatus:
        """Activate the saved changes of all admins, and return the status after that.

        Raises:
            NotFound: the cloud service API is not set up.
            Superseded: it was done less than a minute ago, or is being done.
            Maintenance, TryLater: nothing was activated; a retry may work.
            Refused: nothing was activated, until a person fixes something.
            AppscanError: there was no answer, so it may have been done.
        """
        apis = await self._apis(user, channel)
        if self._is_activating:
            raise Superseded(UNDER_WAY)
        if self._activated_at is not None and self._steady.now() - self._activated_at < REPEAT_S:
            raise Superseded(DONE)
        self._is_activating = True
        try:
            status = await within(self.clock, ACTIVATE_TIMEOUT_S, apis.activation.activate())
        except TimeoutError as error:
            logger.warning("%s activates changes in Zscaler: no answer in time", user)
            raise AppscanError(UNCONFIRMED) from error
        except AppscanError as error:
            logger.warning("%s could not activate changes in Zscaler: %s", user, error)
            if isinstance(error, Maintenance):  # its own sentence promises a retry
                raise Maintenance(MAINTAINED, status=error.status) from error
            raise
        finally:
            self._is_activating = False
        self._activated_at = self._steady.now()
        logger.info("%s activated all saved changes in Zscaler, which says %s", user, status.value)
        return status

    async def _admit(self, user: str, channel: str) -> None:
        await self.policy.admit(user, channel)
        self.policy.admit_to_zscaler(user)

    async def _apis(self, user: str, channel: str) -> CloudApis:
        await self._admit(user, channel)
        if self.cloud is None:
            raise NotFound(NO_CLOUD)
        return self.cloud

    async def _cloud(self) -> CloudOverview | None:
        if self.cloud is None:
            return None
        state = self.cloud.state
        activation, quotas = await asyncio.gather(
            self._figure(self.cloud.activation.status()), self._figure(self.cloud.reports.quota())
        )
        return CloudOverview(
            login=state.login_state,  # after the requests, which may have signed in
            maintenance_at=state.maintenance_at,
            activation=activation,
            quotas=quotas,
            calls_left=tuple(state.left()),
        )

    async def _sandbox(self) -> int | Unavailable | None:
        if self.sent_since is None:
            return None
        return await self._figure(self.sent_since(self.clock.now() - DAY_S))

    async def _figure(self, figure: Awaitable[T]) -> T | Unavailable:
        """Return a figure, or why it can't be read in time."""
        try:
            return await within(self.clock, READ_TIMEOUT_S, figure)
        except TimeoutError:
            return Unavailable(problem=SLOW)
        except AppscanError as error:
            return Unavailable(problem=error.user_message, blocks_activation=isinstance(error, Refused))
