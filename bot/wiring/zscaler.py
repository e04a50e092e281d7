"""Opens Zscaler's APIs."""

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from bot.config.zscaler import CloudSettings, OAuthLogin, SandboxSettings, SessionLogin, ZscalerSettings
from bot.core.ports import Clock
from bot.features.hosts.models import UrlLookup
from bot.features.third_party_apps.models import ThirdPartyAppsApi
from bot.features.verdicts.side_scanner import SideScanner
from bot.features.zscaler_admin.service import CloudApis
from bot.metrics import CountedClient, Metrics, counted
from bot.scanners.zscaler.activation import Activation
from bot.scanners.zscaler.auth.oauth import OAuthAuth
from bot.scanners.zscaler.auth.session import SessionAuth
from bot.scanners.zscaler.categories import UrlCategoriesApi
from bot.scanners.zscaler.client import CloudAuth, CloudClient, HttpClient
from bot.scanners.zscaler.maintenance import ReadOnly
from bot.scanners.zscaler.reports import Reports
from bot.scanners.zscaler.sandbox import PROFILE, Sandbox
from bot.scanners.zscaler.third_party_apps import ThirdPartyAppsClient

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Zscaler:
    """Zscaler's APIs; ``None`` if they are not set up."""

    side_scanner: SideScanner
    """The Sandbox, also if it is not set up."""
    cloud: CloudApis | None = None
    categories: UrlLookup | None = None
    governance: ThirdPartyAppsApi | None = None


@asynccontextmanager
async def open_zscaler(
    settings: ZscalerSettings | None, clock: Clock, metrics: Metrics
) -> AsyncIterator[Zscaler]:
    """Open the APIs that are set up; ``metrics`` counts their calls."""
    if settings is None:
        yield Zscaler(side_scanner=SideScanner(profile=PROFILE))
        return
    logger.info("Zscaler is asked too: %s", ", ".join(settings.apis()))
    async with AsyncExitStack() as stack:
        cloud, governance = None, None
        if settings.cloud is not None:
            cloud = await stack.enter_async_context(open_cloud(settings.cloud, clock, metrics))
        if settings.apptotal is not None:
            client = await stack.enter_async_context(_client(metrics))
            url, key = settings.apptotal.url, settings.apptotal.key.reveal()
            governance = ThirdPartyAppsClient(client, url, key, now=clock.now)
        yield Zscaler(
            side_scanner=SideScanner(
                profile=PROFILE,
                submissions=_sandbox(settings.sandbox, clock, metrics) if settings.sandbox else None,
                reports=Reports(cloud) if cloud else None,
                first_report_s=float(settings.report_first_s),
                hold_max_s=settings.hold_max_s,
                reads_hosts=cloud is not None,
            ),
            cloud=CloudApis(state=cloud, activation=Activation(cloud), reports=Reports(cloud))
            if cloud
            else None,
            categories=UrlCategoriesApi(cloud) if cloud else None,
            governance=governance,
        )


def _client(metrics: Metrics, tls: ssl.SSLContext | None = None) -> CountedClient:
    # The machine's authorities; SSL_CERT_FILE names others.
    return CountedClient(metrics.zscaler_calls(), verify=tls or ssl.create_default_context())


@asynccontextmanager
async def open_cloud(settings: CloudSettings, clock: Clock, metrics: Metrics) -> AsyncIterator[CloudClient]:
    """Open the cloud service API; its session is ended at the exit, if that does no harm."""
    tls = ssl.create_default_context()  # loaded once for both, as that is slow
    async with _client(metrics, tls) as client, _client(metrics, tls) as token_client:
        caller, read_only = HttpClient(client, settings.url), ReadOnly(clock)
        auth = _auth(settings.login, caller, token_client, clock, read_only)
        try:
            yield CloudClient(caller, auth, clock=clock, read_only=read_only)
        finally:
            await auth.close()


def _sandbox(settings: SandboxSettings, clock: Clock, metrics: Metrics) -> Sandbox:
    called = metrics.zscaler_calls()
    return Sandbox(
        settings.url,
        settings.token.reveal(),
        now=clock.now,
        tls=ssl.create_default_context(),
        traces=lambda verb: [counted(f"sandbox_{verb}", called)],
    )


def _auth(
    settings: OAuthLogin | SessionLogin,
    caller: HttpClient,
    token_client: httpx.AsyncClient,
    clock: Clock,
    read_only: ReadOnly,
) -> CloudAuth:
    if isinstance(settings, OAuthLogin):
        return OAuthAuth(
            token_client,
            settings.token_url,
            settings.client_id,
            settings.client_secret.reveal(),
            scope=settings.scope,
            form=settings.client_auth == "form",
            clock=clock,
        )
    return SessionAuth(
        caller,
        settings.username,
        settings.password.reveal(),
        settings.api_key.reveal(),
        clock=clock,
        read_only=read_only,
    )
