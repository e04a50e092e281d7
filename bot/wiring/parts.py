"""The parts that the bot and its commands share, each made from the settings."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.builds.reader import BuildFileReader
from bot.config.ftp import FtpSettings
from bot.config.settings import Settings
from bot.core.ports import Clock
from bot.core.rate_limit import RateLimiter
from bot.features.submission.routes import Closed, Route, Routes
from bot.metrics import CountedClient, Metrics
from bot.scanners.http.access_tokens import AccessTokens
from bot.scanners.http.upload import UploadClient
from bot.scanners.onetrust.applications import OneTrustApplications
from bot.scanners.onetrust.auth import ApiKey, ClientCredentials
from bot.scanners.onetrust.client import REQUESTS, Inquiry
from bot.scanners.onetrust.file_server import open_file_server
from bot.scanners.onetrust.routes.direct import Direct
from bot.scanners.onetrust.routes.ftp import Ftp
from bot.scanners.onetrust.routes.webhook import Webhook
from bot.slack.api.client import SlackRetries


def build_reader(settings: Settings) -> BuildFileReader:
    """Return the reader of builds; its child process gets only what Python needs of the environment."""
    return BuildFileReader(environment=settings.interpreter, accepts_aab=settings.accepts_aab)


def slack_client(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock, *, signed_in: bool = True
) -> AsyncWebClient:
    """Return a client for Slack's Web API that waits out short rate limits."""
    token = settings.slack_bot_token.reveal() if signed_in else None
    client = AsyncWebClient(token=token, base_url=settings.slack_api_url, session=session)
    # It repeats only what Slack certainly did not do: after a lost response, a message may have been posted.
    client.retry_handlers = [SlackRetries(clock)]
    return client


@dataclass(frozen=True, kw_only=True)
class OneTrust:
    """What the bot does in OneTrust; all of it shares one source of bearer tokens."""

    tokens: ApiKey | AccessTokens
    routes: Routes
    """The routes of builds that are set up."""
    applications: OneTrustApplications
    """Reads apps, scans and results."""
    budget: RateLimiter
    """Of calls that read."""


@asynccontextmanager
async def open_onetrust(settings: Settings, clock: Clock, metrics: Metrics) -> AsyncIterator[OneTrust]:
    """Open OneTrust; ``metrics`` counts calls and bytes."""
    tls = ssl.create_default_context()  # the machine's authorities, or SSL_CERT_FILE; slow, so loaded once
    async with CountedClient(metrics.onetrust_called, verify=tls) as client:
        tokens = _tokens(settings, client)
        budget = RateLimiter(clock, REQUESTS)
        inquiry = Inquiry(client, tokens, budget, now=clock.now)

        def upload(endpoint: str) -> UploadClient:
            return UploadClient(tokens, tls=tls, traces=[metrics.onetrust_calls(endpoint)])

        yield OneTrust(
            tokens=tokens,
            routes=_routes(settings, upload),
            applications=OneTrustApplications(settings.onetrust_url, inquiry),
            budget=budget,
        )


def _tokens(settings: Settings, client: CountedClient) -> ApiKey | AccessTokens:
    if settings.onetrust_api_key is not None:
        return ApiKey(settings.onetrust_api_key.reveal())
    return ClientCredentials(
        client,
        settings.onetrust_url,
        settings.onetrust_client_id or "",
        settings.onetrust_client_secret.reveal() if settings.onetrust_client_secret else "",
        form=settings.onetrust_client_auth == "form",
    )


def _routes(settings: Settings, client: Callable[[str], UploadClient]) -> Routes:
    routes: dict[str, Route] = {
        "direct": Direct(
            settings.onetrust_url,
            making=client("application_create"),
            scanning=client("application_scan"),
            org_id=settings.onetrust_org_id,
            solution_type=settings.onetrust_solution_type,
        )
    }
    if url := settings.onetrust_webhook_url.reveal():
        routes["webhook"] = Webhook(url, client("webhook"), limit_bytes=settings.onetrust_rest_limit)
    if settings.ftp is not None:
        routes["ftp"] = ftp_route(settings.ftp, client("ftp_webhook"))
    open_ = [routes[name] for name in settings.onetrust_routes if name in routes]
    return Routes(open_, _closed(settings, {route.name for route in open_}))


def ftp_route(ftp: FtpSettings, client: UploadClient) -> Ftp:
    """Return the FTP route."""
    return Ftp(
        open_file_server(ftp.address),
        client,
        new_url=ftp.webhook_url.reveal(),
        rescan_url=ftp.rescan_webhook_url.reveal() if ftp.rescan_webhook_url else None,
        path_of=ftp.path_of,
    )


def _closed(settings: Settings, open_: set[str]) -> list[Closed]:
    """Return the routes that the settings leave closed, with what opens each."""
    webhook = "" if settings.onetrust_webhook_url else "`ONETRUST_WEBHOOK_URL`"
    ftp = "" if settings.ftp else "`ONETRUST_FTP_URL` and `ONETRUST_FTP_WEBHOOK_URL`"
    routes: tuple[tuple[str, type[Webhook | Ftp | Direct], int, str], ...] = (
        ("webhook", Webhook, settings.onetrust_rest_limit, webhook),
        ("ftp", Ftp, Ftp.limit_bytes, ftp),
        ("direct", Direct, Direct.limit_bytes, ""),
    )
    closed = []
    for name, route, limit_bytes, unset in routes:
        steps = [] if name in settings.onetrust_routes else [f"list `{name}` in `ONETRUST_ROUTES`"]
        steps += [f"set {unset}"] if unset else []
        way, types = " and ".join(steps), route.file_types
        if name not in open_:
            closed.append(Closed(title=route.title, limit_bytes=limit_bytes, file_types=types, opened_by=way))
    return closed
