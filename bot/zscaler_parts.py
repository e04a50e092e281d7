"""Zscaler's APIs, opened as far as the settings have them."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from bot.features.verdicts.side_scanner import ReportApi, SideScanner, SubmissionApi
from bot.metrics import CountedClient, Metrics, counted
from bot.scans.activation import ActivationApi
from bot.scans.administration import CloudState
from bot.scans.governance import GovernanceApi
from bot.scans.hosts import UrlLookup
from bot.scans.ports import Clock
from bot.zscaler.activation import Activation
from bot.zscaler.call import Caller
from bot.zscaler.categories import Categories
from bot.zscaler.cloud import Cloud
from bot.zscaler.governance import Governance
from bot.zscaler.login import Login
from bot.zscaler.maintenance import ReadOnly
from bot.zscaler.oauth import OAuth
from bot.zscaler.reports import Reports
from bot.zscaler.sandbox import PROFILE, Sandbox
from bot.zscaler.session import Session
from bot.zscaler_settings import (
    REPORT_FIRST_S,
    AppTotalSettings,
    CloudSettings,
    OAuthLogin,
    SandboxSettings,
    SessionLogin,
    ZscalerSettings,
)


@dataclass(frozen=True, kw_only=True)
class Zscaler:
    """What can be asked of Zscaler; ``None`` where it is not set up."""

    sandbox: SubmissionApi | None = None
    reports: ReportApi | None = None
    categories: UrlLookup | None = None
    activation: ActivationApi | None = None
    cloud: CloudState | None = None
    """How the cloud service API stands, for administrators."""
    governance: GovernanceApi | None = None


def side_scanner(settings: ZscalerSettings | None, zscaler: Zscaler | None) -> SideScanner:
    """Return the Sandbox as a side scanner; it is known where it is not set up, too."""
    return SideScanner(
        profile=PROFILE,
        submissions=zscaler.sandbox if zscaler is not None else None,
        reports=zscaler.reports if zscaler is not None else None,
        first_report_s=float(settings.report_first_s if settings is not None else REPORT_FIRST_S),
        hold_max_s=settings.hold_max_s if settings is not None else None,
    )


@asynccontextmanager
async def open_zscaler(settings: ZscalerSettings, clock: Clock, metrics: Metrics) -> AsyncIterator[Zscaler]:
    """Open what is set up; ``metrics`` counts what is asked."""
    async with AsyncExitStack() as stack:
        cloud = None
        if settings.cloud is not None:
            cloud = await stack.enter_async_context(open_cloud(settings.cloud, clock, metrics))
        governance = None
        if settings.apptotal is not None:
            opening = open_governance(settings.apptotal, clock, metrics)
            governance = await stack.enter_async_context(opening)
        yield Zscaler(
            sandbox=_sandbox(settings.sandbox, clock, metrics) if settings.sandbox else None,
            reports=Reports(cloud) if cloud else None,
            categories=Categories(cloud) if cloud else None,
            activation=Activation(cloud) if cloud else None,
            cloud=cloud,
            governance=governance,
        )


@asynccontextmanager
async def open_cloud(settings: CloudSettings, clock: Clock, metrics: Metrics) -> AsyncIterator[Cloud]:
    """Open the cloud service API; it is logged out of at the end, where that does no harm."""
    # The machine's authorities are read once; SSL_CERT_FILE names others.
    called, tls = metrics.zscaler_calls(), ssl.create_default_context()
    async with (
        CountedClient(called, verify=tls, follow_redirects=False) as client,
        CountedClient(called, verify=tls, follow_redirects=False) as token_client,
    ):
        caller, read_only = Caller(client, settings.url), ReadOnly(clock)
        login = _login(settings.login, caller, token_client, clock, read_only)
        cloud = Cloud(caller, login, clock=clock, read_only=read_only)
        try:
            yield cloud
        finally:
            await cloud.close()


@asynccontextmanager
async def open_governance(
    settings: AppTotalSettings, clock: Clock, metrics: Metrics
) -> AsyncIterator[Governance]:
    """Open the 3rd-Party App Governance API."""
    called, tls = metrics.zscaler_calls(), ssl.create_default_context()
    async with CountedClient(called, verify=tls, follow_redirects=False) as client:
        yield Governance(client, settings.url, settings.key.reveal(), now=clock.now)


def _sandbox(settings: SandboxSettings, clock: Clock, metrics: Metrics) -> Sandbox:
    called = metrics.zscaler_calls()
    return Sandbox(
        settings.url,
        settings.token.reveal(),
        now=clock.now,
        tls=ssl.create_default_context(),
        traces=lambda verb: [counted(f"sandbox_{verb}", called)],
    )


def _login(
    settings: OAuthLogin | SessionLogin,
    caller: Caller,
    token_client: httpx.AsyncClient,
    clock: Clock,
    read_only: ReadOnly,
) -> Login:
    if isinstance(settings, OAuthLogin):
        return OAuth(
            token_client,
            settings.token_url,
            settings.client_id,
            settings.client_secret.reveal(),
            scope=settings.scope,
            form=settings.client_auth == "form",
            clock=clock,
        )
    return Session(
        caller,
        settings.username,
        settings.password.reveal(),
        settings.api_key.reveal(),
        clock=clock,
        read_only=read_only,
    )
