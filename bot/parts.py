"""The parts that the bot and its commands share: each made from the settings, and joined elsewhere."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.config.ftp import FtpSettings
from bot.config.settings import Settings
from bot.core.rate_limit import RateLimiter
from bot.metrics import CountedClient, Metrics
from bot.onetrust.applications import OneTrustApplications
from bot.onetrust.call import Caller
from bot.onetrust.depot import open_depot
from bot.onetrust.direct import Direct
from bot.onetrust.ftp import Ftp
from bot.onetrust.inquiry import REQUESTS, Inquiry
from bot.onetrust.token import ApiKey, ClientCredentials, TokenSource
from bot.onetrust.webhook import Webhook
from bot.packages.reader import PackageReader
from bot.scans.clock import SystemClock
from bot.scans.memory import Store
from bot.scans.ports import Clock
from bot.scans.routes import Closed, Route, Routes
from bot.slack.limits import ObjectsOnly, ShortWaits
from bot.store.alive import AliveStore
from bot.store.applications import ApplicationStore
from bot.store.asked_verdicts import AskedVerdictStore
from bot.store.breaches import BreachStore
from bot.store.database import Database
from bot.store.governance import GovernanceStore
from bot.store.history import HistoryStore
from bot.store.hosts import HostStore
from bot.store.inquiries import InquiryStore
from bot.store.links import LinkStore
from bot.store.notices import NoticeStore
from bot.store.opinions import OpinionStore
from bot.store.privacy import PrivacyStore
from bot.store.queue import QueueStore
from bot.store.requests import RequestStore
from bot.store.results import ResultStore
from bot.store.scans import ScanStore
from bot.store.uploads import UploadStore


def store_on(database: Database, clock: Clock) -> Store:
    """Return the stores of an open database."""
    return Store(
        scans=ScanStore(database, clock),
        queue=QueueStore(database, clock),
        links=LinkStore(database, clock),
        requests=RequestStore(database, clock),
        history=HistoryStore(database),
        applications=ApplicationStore(database),
        inquiries=InquiryStore(database),
        alive=AliveStore(database, clock),
        notices=NoticeStore(database),
        results=ResultStore(database, clock),
        breaches=BreachStore(database, clock),
        governance=GovernanceStore(database, clock),
        privacy=PrivacyStore(database, clock),
        uploads=UploadStore(database, clock),
        hosts=HostStore(database, clock),
        opinions=OpinionStore(database, clock),
        asked_verdicts=AskedVerdictStore(database),
    )


def build_reader(settings: Settings) -> PackageReader:
    """Return the reader of builds; of the environment its process gets only what Python starts with."""
    return PackageReader(environment=settings.interpreter, accepts_aab=settings.accepts_aab)


def log_url(template: str | None) -> Callable[[str], str | None]:
    """Return what gives the address of a request's log."""

    def url(request_id: str) -> str | None:
        return template.replace("{request_id}", quote(request_id, safe="")) if template else None

    return url


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

        def caller(endpoint: str) -> Caller:
            return Caller(tokens, tls=tls, traces=[counted.onetrust_calls(endpoint)])

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


def ftp_route(ftp: FtpSettings, caller: Caller) -> Ftp:
    """Return the FTP route."""
    rescan = ftp.rescan_webhook_url
    return Ftp(
        open_depot(ftp.address),
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
