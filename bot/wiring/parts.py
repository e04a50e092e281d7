"""The parts that the bot and its commands share: each made from the settings, and joined elsewhere."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.builds.reader import BuildFileReader
from bot.config.ftp import FtpSettings
from bot.config.settings import Settings
from bot.core.clock import SystemClock
from bot.core.ports import Clock
from bot.core.rate_limit import RateLimiter
from bot.features.submission.routes import Closed, Route, Routes
from bot.metrics import CountedClient, Metrics
from bot.scanners.onetrust.applications import OneTrustApplications
from bot.scanners.onetrust.auth import ApiKey, ClientCredentials, TokenSource
from bot.scanners.onetrust.client import REQUESTS, Inquiry
from bot.scanners.onetrust.file_server import open_file_server
from bot.scanners.onetrust.routes.direct import Direct
from bot.scanners.onetrust.routes.ftp import Ftp
from bot.scanners.onetrust.routes.webhook import Webhook
from bot.scanners.onetrust.upload_client import UploadClient
from bot.slack.api.client import ObjectsOnly, ShortWaits


def build_reader(settings: Settings) -> BuildFileReader:
    """Return the reader of builds; of the environment its process gets only what Python starts with."""
    return BuildFileReader(environment=settings.interpreter, accepts_aab=settings.accepts_aab)


def slack_client(
    settings: Settings,
    session: aiohttp.ClientSession,
    clock: Clock | None = None,
    *,
    signed_in: bool = True,
) -> AsyncWebClient:
    """Return a client for Slack's Web API that waits out short rate limits."""
    client = AsyncWebClient(
        token=settings.slack_bot_token.reveal() if signed_in else None,
        base_url=settings.slack_api_url,
        session=session,
    )
    # Only what Slack surely did not do is done again here: a lost answer to a post may be a message.
    client.retry_handlers = [ShortWaits(clock or SystemClock()), ObjectsOnly()]
    return client


@asynccontextmanager
async def onetrust_routes(settings: Settings, metrics: Metrics | None = None) -> AsyncIterator[Routes]:
    """Open the routes into OneTrust that the settings open; ``metrics`` counts what goes over them."""
    counted, tls = metrics or Metrics(), ssl.create_default_context()
    async with onetrust_tokens(settings, counted, tls) as tokens:

        def caller(endpoint: str) -> UploadClient:
            return UploadClient(tokens, tls=tls, traces=[counted.onetrust_calls(endpoint)])

        routes: dict[str, Route] = {}
        if webhook_url := settings.onetrust_webhook_url.reveal():
            routes["webhook"] = Webhook(
                webhook_url, caller("webhook"), limit_bytes=settings.onetrust_rest_limit
            )
        routes["direct"] = Direct(
            settings.onetrust_url,
            making=caller("application_create"),
            scanning=caller("application_scan"),
            org_id=settings.onetrust_org_id,
            solution_type=settings.onetrust_solution_type,
        )
        if settings.ftp is not None:
            routes["ftp"] = ftp_route(settings.ftp, caller("ftp_webhook"))
        open_ = [routes[name] for name in settings.onetrust_routes if name in routes]
        yield Routes(open_, _closed(settings, {route.name for route in open_}))


def ftp_route(ftp: FtpSettings, caller: UploadClient) -> Ftp:
    """Return the FTP route."""
    rescan = ftp.rescan_webhook_url
    return Ftp(
        open_file_server(ftp.address),
        caller,
        new_url=ftp.webhook_url.reveal(),
        rescan_url=rescan.reveal() if rescan else None,
        path_of=ftp.path_of,
    )


def _closed(settings: Settings, open_: set[str]) -> list[Closed]:
    """Tell what the settings leave closed, and how it is opened."""
    webhook = "" if settings.onetrust_webhook_url else "`ONETRUST_WEBHOOK_URL`"
    ftp = "" if settings.ftp else "`ONETRUST_FTP_URL` and `ONETRUST_FTP_WEBHOOK_URL`"
    about: tuple[tuple[str, type[Webhook | Ftp | Direct], int, str], ...] = (
        ("webhook", Webhook, settings.onetrust_rest_limit, webhook),
        ("ftp", Ftp, Ftp.limit_bytes, ftp),
        ("direct", Direct, Direct.limit_bytes, ""),
    )
    closed = []
    for name, route, limit_bytes, unset in about:
        steps = [] if name in settings.onetrust_routes else [f"list `{name}` in `ONETRUST_ROUTES`"]
        steps += [f"set {unset}"] if unset else []
        if name not in open_:
            closed.append(
                Closed(
                    title=route.title,
                    limit_bytes=limit_bytes,
                    file_types=route.file_types,
                    opened_by=" and ".join(steps),
                )
            )
    return closed


@asynccontextmanager
async def onetrust_tokens(
    settings: Settings, metrics: Metrics | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[TokenSource]:
    """Open what gives OneTrust's bearer; ``metrics`` counts how often it was asked for.

    ``tls`` is the context of another client, to share: reading the machine's authorities takes long.
    """
    if settings.onetrust_api_key is not None:
        yield ApiKey(settings.onetrust_api_key.reveal())
        return
    called = (metrics or Metrics()).onetrust_called
    trust = tls or ssl.create_default_context()  # the machine's authorities; SSL_CERT_FILE where it is set
    async with CountedClient(called, verify=trust, follow_redirects=False) as client:
        yield ClientCredentials(
            client,
            settings.onetrust_url,
            settings.onetrust_client_id or "",
            settings.onetrust_client_secret.reveal() if settings.onetrust_client_secret else "",
            form=settings.onetrust_client_auth == "form",
        )


@asynccontextmanager
async def onetrust_applications(
    settings: Settings, clock: Clock, metrics: Metrics | None = None, budget: RateLimiter | None = None
) -> AsyncIterator[OneTrustApplications]:
    """Open what reads apps, scans and results from OneTrust, within ``budget``, or one of its own."""
    counted, tls = metrics or Metrics(), ssl.create_default_context()
    async with (
        onetrust_tokens(settings, counted, tls) as tokens,
        CountedClient(counted.onetrust_called, verify=tls, follow_redirects=False) as client,
    ):
        inquiry = Inquiry(client, tokens, budget or RateLimiter(clock, REQUESTS), now=clock.now)
        yield OneTrustApplications(settings.onetrust_url, inquiry)
