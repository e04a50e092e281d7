"""The composition root: opens what the bot works with, starts it, and closes all in reverse order."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import KW_ONLY, dataclass, field
from typing import Self

from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot.config.settings import Settings
from bot.core.clock import SystemClock
from bot.core.ports import BuildReader, Clock
from bot.core.scheduler import Scheduler
from bot.core.work_dir import WorkDir
from bot.errors import ShutOut
from bot.features.compliance import rules_file
from bot.features.submission.sections import ReplySection
from bot.features.verdicts.side_scanner import SideScanner
from bot.metrics import Metrics
from bot.slack.api.client import slack_session
from bot.slack.api.identity import Identity
from bot.slack.listening.log_context import ListeningApp
from bot.slack.transport.http_receiver import HttpReceiver, only_to_slack
from bot.slack.transport.socket_mode import SocketMode
from bot.slack.transport.token_monitor import TokenMonitor
from bot.storage import restore_guard
from bot.storage.database import BUSY_TIMEOUT_MS, Database
from bot.storage.instance_lock import InstanceLock
from bot.storage.stats import SqlStats
from bot.web import Checks, WebServer, build_web
from bot.wiring.feature import register
from bot.wiring.features import FEATURES, ROW_HOOKS, reply_sections
from bot.wiring.kit import Kit
from bot.wiring.parts import build_reader, open_onetrust, slack_client
from bot.wiring.zscaler import open_zscaler

logger = logging.getLogger(__name__)

LOCK_POLL_INTERVAL_S = 0.5


@dataclass(eq=False, repr=False)
class Bot:
    """The running bot; ``async with Bot(settings): …`` runs it until the block ends.

    Raises:
        SettingsError: the rules file can't be read or is invalid.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    _: KW_ONLY
    reader: BuildReader | None = None
    """By default, each build is read in a child process."""
    busy_timeout_ms: int = BUSY_TIMEOUT_MS
    side_scanners: Sequence[SideScanner] = ()
    """Beside Zscaler's."""
    sections: Sequence[ReplySection] = ()
    """Of the reply, below those of the features."""
    database: type[Database] = Database

    def __post_init__(self) -> None:
        """Make what needs nothing open."""
        settings = self.settings
        self._rules = rules_file.read(settings.rules_file) if settings.rules_file else ()
        self._stack = AsyncExitStack()
        self._lock = InstanceLock(settings.database)
        database = settings.database.absolute()
        self._work_dir = WorkDir(database.with_name(database.name + ".builds"), self.clock)
        self._database: Database | None = None
        self._scheduler: Scheduler | None = None
        self._socket: SocketMode | None = None
        self._token_monitor: TokenMonitor | None = None
        self._app: AsyncApp | None = None
        self._web: WebServer | None = None
        self._metrics_web: WebServer | None = None
        self._metrics = Metrics()
        secret = settings.slack_signing_secret
        is_http = settings.slack_app_token is None
        self._receiver = HttpReceiver(secret.reveal()) if secret and is_http else None

    @property
    def port(self) -> int | None:
        """The port that is listened on, where one is."""
        return self._web.port if self._web else None

    @property
    def metrics_port(self) -> int | None:
        """The port that serves metrics alone, where one does."""
        return self._metrics_web.port if self._metrics_web else None

    async def shut_out(self) -> ShutOut:
        """Wait until Slack has shut the running bot out; return why, and what to do."""
        parts = [part.shut_out for part in (self._socket, self._token_monitor) if part is not None]
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open(self, stack: AsyncExitStack) -> None:
        settings = self.settings
        await self._open_pages(stack)
        stack.push_async_callback(self._metrics.stop)
        await self._acquire_lock(stack)
        self._database = await self.database.open(
            settings.database, hooks=ROW_HOOKS, busy_timeout_ms=self.busy_timeout_ms
        )
        stack.push_async_callback(self._database.close)
        if (unsure := await restore_guard.settle(self._database, self.clock)) is not None:
            logger.warning(
                "the database was put back from a backup: %d scans wait for a person, as they may have been "
                "submitted since",
                len(unsure),
            )
        stats = SqlStats(self._database, self.clock)
        await stats.snapshot()  # what happens from here on is counted
        self._metrics.figures = stats.snapshot
        session = await stack.enter_async_context(slack_session(trace=self._metrics.slack_calls()))
        client = slack_client(settings, session, self.clock)
        identity = await Identity.ask_with_retries(client, self.clock)
        onetrust = await stack.enter_async_context(open_onetrust(settings, self.clock, self._metrics))
        self._work_dir.empty()
        self._metrics.work_dir = self._work_dir.folder
        zscaler = await stack.enter_async_context(open_zscaler(settings.zscaler, self.clock, self._metrics))
        kit = Kit(
            settings=settings,
            clock=self.clock,
            database=self._database,
            sections=lambda context: (*reply_sections(context), *self.sections),
            client=client,
            identity=identity,
            onetrust=onetrust,
            reader=self.reader or build_reader(settings),
            work_dir=self._work_dir,
            metrics=self._metrics,
            rules=self._rules,
            hears=self._hears,
            zscaler=zscaler,
            side_scanners=(zscaler.side_scanner, *self.side_scanners),
            stack=stack,
        )
        surfaces = [feature.build(kit) for feature in FEATURES]
        worker, scheduler = kit.domain.worker, kit.scheduler
        stack.push_async_callback(worker.stop)
        stack.push_async_callback(scheduler.stop)
        self._app = ListeningApp(
            client=slack_client(settings, session, self.clock, signed_in=False),  # authorize gives the token
            authorize=identity.authorize(settings.slack_bot_token.reveal()),
            signing_secret=settings.slack_signing_secret.reveal() if settings.slack_signing_secret else None,
            ignoring_self_events_enabled=False,  # the workspace knows the bot's own messages
        )
        self._app.use(only_to_slack(settings.slack_api_url))
        register(self._app, surfaces, kit.access.admit)
        self._scheduler = scheduler
        await worker.start(*(job for surface in surfaces for job in surface.queues))
        scheduler.start(*(job for surface in surfaces for job in surface.jobs))
        self._token_monitor = TokenMonitor(client)
        scheduler.start(self._token_monitor.job)
        if settings.slack_app_token is not None:
            socket = self._socket = SocketMode(self._app, settings.slack_app_token.reveal(), self.clock)
            self._metrics.socket = lambda: (socket.open_count, socket.made)
            stack.push_async_callback(socket.stop)
            await socket.start()
        stack.callback(self._stop_receiving)
        for surface in surfaces:
            if surface.when_connected is not None:
                surface.when_connected(stack)
        logger.info("ready: %s in %s", identity.user_id, identity.team_id)

    async def _open_pages(self, stack: AsyncExitStack) -> None:
        settings, metrics = self.settings, self._metrics.page
        if settings.port is not None:
            if settings.slack_app_token is None:
                pages = build_web(ready=self._ready, slack_handler=self._receive)
            else:
                pages = build_web(ready=self._ready, metrics=metrics)
            self._web = await self._serve(pages, settings.port, stack)
        if settings.metrics_port is not None:
            self._metrics_web = await self._serve(build_web(metrics=metrics), settings.metrics_port, stack)

    @staticmethod
    async def _serve(pages: web.Application, port: int, stack: AsyncExitStack) -> WebServer:
        server = WebServer(pages, port=port)
        await server.start()
        stack.push_async_callback(server.stop)
        return server

    def _stop_receiving(self) -> None:
        """Reject requests over HTTP; Slack delivers them again to the next instance."""
        self._app = None

    async def _acquire_lock(self, stack: AsyncExitStack) -> None:
        """Wait until no other bot works on the database."""
        self.settings.database.absolute().parent.mkdir(parents=True, exist_ok=True)
        if not self._lock.try_acquire():
            logger.info("another bot works on %s; waiting until it has gone", self.settings.database)
            await self._lock.acquire(lambda: self.clock.sleep(LOCK_POLL_INTERVAL_S))
        stack.callback(self._lock.release)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        if self._app is None or self._receiver is None:
            raise web.HTTPServiceUnavailable
        return await self._receiver.handle(request, self._app.async_dispatch)

    async def _hears(self) -> bool:
        """Tell whether events reach the bot now; over HTTP, whether it accepts requests."""
        if self._token_monitor is None or not self._token_monitor.good:
            return False
        if self.settings.slack_app_token is None:
            return self._app is not None
        return self._socket is not None and self._socket.connected

    async def _ready(self) -> Checks:
        return {
            "lock": self._lock.held,
            "runner": self._scheduler is not None and self._scheduler.alive,
            "database": self._database is not None and await self._database.writable(),
            "disk": await self._work_dir.is_writable(),
            "slack": await self._hears(),
        }
