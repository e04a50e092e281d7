"""The composition root: opens what the bot works with, starts it, and closes all in reverse order."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot import listeners, policy_file
from bot.errors import ShutOut, SubmissionError
from bot.features.verdicts.side_scanner import SideScanner
from bot.listeners.press import ListeningApp
from bot.metrics import Metrics
from bot.onetrust.depot import Depot, open_depot
from bot.opened import Opened
from bot.parts import build_reader, onetrust_applications, onetrust_routes, slack_client, store_on
from bot.scans.budget import Budget
from bot.scans.clearing import Clearing
from bot.scans.clock import SystemClock
from bot.scans.memory import Store
from bot.scans.ports import BuildReader, Clock
from bot.scans.retention import Retention
from bot.scans.runner import Runner
from bot.scans.tasks import end
from bot.scans.workroom import Workroom
from bot.settings import Settings
from bot.slack.door import Door, only_to_slack
from bot.slack.identity import Identity
from bot.slack.limits import slack_session
from bot.slack.socket import SocketMode
from bot.slack.standing import Standing
from bot.store import restored
from bot.store.database import BUSY_TIMEOUT_MS, Database
from bot.store.figures import FiguresStore
from bot.store.lock import InstanceLock
from bot.web import Readiness, WebServer, build_metrics_web, build_web
from bot.wiring import Wired, wire
from bot.zscaler_parts import Zscaler, open_zscaler, side_scanner

logger = logging.getLogger(__name__)

LOCK_LOOK_S = 0.5
UNREAD = "ONETRUST_RESULTS_HOURS is 0; set it to 24, or unset APPSCAN_POLICY"


class Bot:
    """The running bot; ``async with Bot(settings): …`` runs it until the block ends.

    Raises:
        SettingsError: the policy file can't be read, or holds what can't be understood.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        reader: BuildReader | None = None,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        side_scanners: Sequence[SideScanner] = (),
    ) -> None:
        """Take the settings, and parts other than those that they name: ``side_scanners`` are added."""
        self._settings = settings
        self._side_scanners = side_scanners
        self._rules = policy_file.read(settings.policy) if settings.policy else ()
        self._reader = reader or build_reader(settings)
        self._busy_timeout_ms = busy_timeout_ms
        self._clock = clock or SystemClock()
        self._stack = AsyncExitStack()
        self._lock = InstanceLock(settings.database)
        self._workroom = Workroom.beside(settings.database, self._clock)
        self._database: Database | None = None
        self._runner: Runner | None = None
        self._socket: SocketMode | None = None
        self._standing: Standing | None = None
        self._app: AsyncApp | None = None
        self._web: WebServer | None = None
        self._metrics_web: WebServer | None = None
        self._metrics = Metrics()
        secret = settings.slack_signing_secret
        self._door = Door(secret.reveal()) if secret and settings.slack_app_token is None else None

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
        parts = [part.shut_out for part in (self._socket, self._standing) if part is not None]
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
        settings = self._settings
        await self._open_pages(stack)
        stack.push_async_callback(self._metrics.stop)
        await self._have_to_itself(stack)
        self._database = await Database.open(settings.database, busy_timeout_ms=self._busy_timeout_ms)
        stack.push_async_callback(self._database.close)
        if (unsure := await restored.settle(self._database, self._clock)) is not None:
            logger.warning(
                "the database was put back from a backup: %d scans wait for a person, as they may have been "
                "submitted since",
                len(unsure),
            )
        store = store_on(self._database, self._clock)
        figures = FiguresStore(self._database, self._clock)
        await figures.look()  # what happens from here on is counted
        self._metrics.figures = figures
        session = await stack.enter_async_context(slack_session(trace=self._metrics.slack_calls()))
        client = slack_client(settings, session, self._clock)
        identity = await Identity.ask_until_told(client, self._clock)
        routes = await stack.enter_async_context(onetrust_routes(settings, self._metrics))
        budget = Budget(self._clock)
        applications = await stack.enter_async_context(
            onetrust_applications(settings, self._clock, self._metrics, budget)
        )
        self._workroom.empty()
        self._metrics.workroom = self._workroom.folder
        zscaler = await self._open_zscaler(stack)
        opened = Opened(
            settings=settings,
            clock=self._clock,
            store=store,
            client=client,
            identity=identity,
            routes=routes,
            reader=self._reader,
            workroom=self._workroom,
            metrics=self._metrics,
            rules=self._rules,
            hears=self._hears,
            applications=applications,
            budget=budget,
            zscaler=zscaler,
            side_scanners=(side_scanner(settings.zscaler, zscaler), *self._side_scanners),
        )
        wired = wire(opened, stack)
        self._app = ListeningApp(
            client=slack_client(settings, session, self._clock, signed_in=False),  # authorize gives the token
            authorize=identity.authorize(settings.slack_bot_token.reveal()),
            signing_secret=settings.slack_signing_secret.reveal() if settings.slack_signing_secret else None,
            ignoring_self_events_enabled=False,  # the workspace knows the bot's own messages
        )
        self._app.use(only_to_slack(settings.slack_api_url))
        listeners.register(self._app, wired.desk)
        self._runner = wired.runner
        await self._runner.start()
        if settings.retention_days is not None:
            retention = Retention(store.privacy, self._clock, days=settings.retention_days)
            _beside(stack, retention.run(), "retention")
        await self._clear_uploads(stack, store)
        if settings.ftp is not None and "ftp" in routes:
            _beside(stack, _look_at(open_depot(settings.ftp.address)), "look at the FTP server")
        _tell_beside(stack, wired)
        if wired.follower is not None:
            _beside(stack, wired.follower.run(), "results")
        elif self._rules:
            logger.warning("results are not read, so that no rule of APPSCAN_POLICY is judged: %s", UNREAD)
        self._standing = Standing(client, self._clock)
        _beside(stack, self._standing.run(), "standing")
        if settings.slack_app_token is not None:
            socket = self._socket = SocketMode(self._app, settings.slack_app_token.reveal(), self._clock)
            self._metrics.socket = lambda: (socket.open_count, socket.made)
            stack.push_async_callback(socket.stop)
            await socket.start()
        stack.callback(self._shut_the_door)
        await wired.catch_up.start()
        stack.push_async_callback(wired.catch_up.stop)
        logger.info("ready: %s in %s", identity.user_id, identity.team_id)

    async def _open_zscaler(self, stack: AsyncExitStack) -> Zscaler | None:
        if self._settings.zscaler is None:
            return None
        logger.info("Zscaler is asked too: %s", ", ".join(self._settings.zscaler.apis()))
        opening = open_zscaler(self._settings.zscaler, self._clock, self._metrics)
        return await stack.enter_async_context(opening)

    async def _clear_uploads(self, stack: AsyncExitStack, store: Store) -> None:
        """Begin to remove uploaded builds in time, what an earlier process put there too."""
        if (ftp := self._settings.ftp) is not None:
            remove = open_depot(ftp.address).remove
            clearing = Clearing(store.uploads, remove, self._clock, keep_hours=ftp.keep_hours)
            _beside(stack, clearing.run(), "clearing")
        elif left := await store.uploads.count():
            logger.warning(
                "uploaded builds (%d) may still be on the FTP server that was set before: they are removed "
                "only while ONETRUST_FTP_URL names it",
                left,
            )

    async def _open_pages(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        if settings.port is not None:
            http_mode = settings.slack_app_token is None
            self._web = await self._serve(
                build_web(
                    ready=self._ready,
                    slack_handler=self._take_request if http_mode else None,
                    metrics=None if http_mode else self._metrics.page,
                ),
                settings.port,
                stack,
            )
        if settings.metrics_port is not None:
            self._metrics_web = await self._serve(
                build_metrics_web(self._metrics.page), settings.metrics_port, stack
            )

    @staticmethod
    async def _serve(pages: web.Application, port: int, stack: AsyncExitStack) -> WebServer:
        server = WebServer(pages, port=port)
        await server.start()
        stack.push_async_callback(server.stop)
        return server

    def _shut_the_door(self) -> None:
        """Take no more requests over HTTP; Slack delivers them again to the next instance."""
        self._app = None

    async def _have_to_itself(self, stack: AsyncExitStack) -> None:
        """Wait until no other bot works on the database."""
        self._settings.database.absolute().parent.mkdir(parents=True, exist_ok=True)
        if not self._lock.try_acquire():
            logger.info("another bot works on %s; waiting until it has gone", self._settings.database)
            await self._lock.acquire(lambda: self._clock.sleep(LOCK_LOOK_S))
        stack.callback(self._lock.release)

    async def _take_request(self, request: web.Request) -> web.StreamResponse:
        if self._app is None or self._door is None:
            raise web.HTTPServiceUnavailable
        return await self._door.take(request, self._app.async_dispatch)

    async def _hears(self) -> bool:
        """Tell whether what people do in Slack reaches the bot now; over HTTP, whether the door is open."""
        if self._standing is None or not self._standing.good:
            return False
        if self._settings.slack_app_token is None:
            return self._app is not None
        return self._socket is not None and self._socket.connected

    async def _ready(self) -> Readiness:
        checks = {"lock": self._lock.held, "runner": self._runner is not None and self._runner.alive}
        checks["database"] = self._database is not None and await self._database.writable()
        checks["disk"] = await self._workroom.usable()
        checks["slack"] = await self._hears()
        return Readiness(checks=checks)


async def _look_at(depot: Depot) -> None:
    """Look once whether builds can go to the FTP server; the log says so where they can't."""
    try:
        await depot.check()
    except SubmissionError as error:
        logger.warning("the FTP route does not work now: %s", error.user_message)


def _tell_beside(stack: AsyncExitStack, wired: Wired) -> None:
    """Let it be told beside all else what is told in messages of their own."""
    _beside(stack, wired.notices.run(), "notices")
    _beside(stack, wired.announcements.run(), "announcements")
    for name, verdicts in wired.verdicts.items():
        _beside(stack, verdicts.run(), f"verdicts of {name}")


def _beside(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    """Let something run beside all else until the stack is closed."""
    stack.push_async_callback(end, asyncio.create_task(work, name=name))
