"""Opens Zscaler's APIs."""

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.config.zscaler import CloudSettings, OAuthLogin, ZscalerSettings
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
    tls = ssl.create_default_context()  # the machine's authorities, or SSL_CERT_FILE; slow, so loaded once
    called, cloud, governance, submissions = metrics.zscaler_calls(), None, None, None
    async with AsyncExitStack() as stack:
        if settings.cloud is not None:
            cloud = await stack.enter_async_context(open_cloud(settings.cloud, clock, metrics, tls))
        if settings.apptotal is not None:
            client = await stack.enter_async_context(CountedClient(called, verify=tls))
            url, key = settings.apptotal.url, settings.apptotal.key.reveal()
            governance = ThirdPartyAppsClient(client, url, key, now=clock.now)
        if settings.sandbox is not None:
            submissions = Sandbox(
                settings.sandbox.url,
                settings.sandbox.token.reveal(),
                now=clock.now,
                tls=tls,
                traces=lambda verb: [counted(f"sandbox_{verb}", called)],
            )
        yield Zscaler(
            side_scanner=SideScanner(
                profile=PROFILE,
                submissions=submissions,
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


@asynccontextmanager
async def open_cloud(
    settings: CloudSettings, clock: Clock, metrics: Metrics, tls: ssl.SSLContext
) -> AsyncIterator[CloudClient]:
    """Open the cloud service API; its session is ended at the exit, if that does no harm."""
    called, login = metrics.zscaler_calls(), settings.login
    async with CountedClient(called, verify=tls) as client, CountedClient(called, verify=tls) as token_client:
        caller, read_only = HttpClient(client, settings.url), ReadOnly(clock)
        auth: CloudAuth
        if isinstance(login, OAuthLogin):
            auth = OAuthAuth(
                token_client,
                login.token_url,
                login.client_id,
                login.client_secret.reveal(),
                scope=login.scope,
                form=login.client_auth == "form",
                clock=clock,
            )
        else:
            password, key = login.password.reveal(), login.api_key.reveal()
            auth = SessionAuth(caller, login.username, password, key, clock=clock, read_only=read_only)
        try:
            yield CloudClient(caller, auth, clock=clock, read_only=read_only)
        finally:
            await auth.close()
