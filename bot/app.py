"""The composition root: opens what the bot works with, joins the parts, and closes all in reverse order."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Self

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import listeners
from bot.blocks.notice import refusal
from bot.blocks.queue import queue
from bot.blocks.reply import reply
from bot.blocks.waiting import request as request_message
from bot.errors import SLACK_TROUBLE, ShutOut, slack_code, slack_wait_s
from bot.listeners.press import ListeningApp
from bot.metrics import CountedFiles, Metrics
from bot.onetrust.webhook import Webhook
from bot.parts import build_reader, log_url, onetrust_webhook, slack_client, store_on
from bot.scans.breaker import Breaker
from bot.scans.catchup import CatchUp
from bot.scans.choices import Choices
from bot.scans.clock import SteadyClock, SystemClock
from bot.scans.desk import Desk
from bot.scans.intake import Intake
from bot.scans.memory import Store
from bot.scans.models import Scan
from bot.scans.notices import Notices
from bot.scans.pipeline import Pipeline
from bot.scans.policy import Policy
from bot.scans.ports import Clock
from bot.scans.records import Cards, Records
from bot.scans.retention import Retention
from bot.scans.runner import Runner
from bot.scans.workroom import Workroom
from bot.settings import Settings
from bot.slack.board import SlackBoard
from bot.slack.door import Door, only_to_slack
from bot.slack.files import SlackFiles
from bot.slack.identity import Identity
from bot.slack.limits import slack_session
from bot.slack.missed import SlackPast
from bot.slack.notices import SlackNotices
from bot.slack.pace import ChannelPace, UpdatePace
from bot.slack.people import SlackPeople
from bot.slack.refusals import SlackRefusals
from bot.slack.socket import SocketMode
from bot.slack.standing import Standing
from bot.slack.threads import Threads
from bot.slack.workspace import SlackWorkspace
from bot.store import restored
from bot.store.database import BUSY_TIMEOUT_MS, Database
from bot.store.figures import FiguresStore
from bot.store.lock import InstanceLock
from bot.web import Readiness, WebServer, build_metrics_web, build_web

logger = logging.getLogger(__name__)

LOCK_LOOK_S = 0.5
SLACK_WAIT_S = 5.0
LAST_WORDS_S = 3.0
"""How long replies may still be brought up to date at a stop."""


class Bot:
    """The running bot; ``async with Bot(settings): …`` runs it until the block ends."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> None:
        self._settings = settings
        self._busy_timeout_ms = busy_timeout_ms
        self._clock = clock or SystemClock()
        self._stack = AsyncExitStack()
        self._lock = InstanceLock(settings.database)
        self._workroom = Workroom.beside(settings.database, self._clock)
        self._database: Database | None = None
        self._runner: Runner | None = None
        self._catch_up: CatchUp | None = None
        self._notices: Notices | None = None
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
        identity = await self._who_am_i(client)
        webhook = await stack.enter_async_context(onetrust_webhook(settings, self._metrics))
        desk = self._join(store, client, identity, webhook, stack)
        self._app = ListeningApp(
            client=slack_client(settings, session, self._clock, signed_in=False),  # authorize gives the token
            authorize=identity.authorize(settings.slack_bot_token.reveal()),
            signing_secret=settings.slack_signing_secret.reveal() if settings.slack_signing_secret else None,
            ignoring_self_events_enabled=False,  # the workspace knows the bot's own messages
        )
        self._app.use(only_to_slack(settings.slack_api_url))
        listeners.register(self._app, desk)
        if self._runner is not None:
            await self._runner.start()
        if settings.retention_days is not None:
            retention = Retention(store.privacy, self._clock, days=settings.retention_days)
            retention.start()
            stack.push_async_callback(retention.stop)
        if self._notices is not None:
            self._notices.start()
            stack.push_async_callback(self._notices.stop)
        self._standing = Standing(client, self._clock)
        self._standing.start()
        stack.push_async_callback(self._standing.stop)
        if settings.slack_app_token is not None:
            socket = self._socket = SocketMode(self._app, settings.slack_app_token.reveal(), self._clock)
            self._metrics.socket = lambda: (socket.open_count, socket.made)
            stack.push_async_callback(self._socket.stop)
            await self._socket.start()
        stack.callback(self._shut_the_door)
        if self._catch_up is not None:
            await self._catch_up.start()
            stack.push_async_callback(self._catch_up.stop)
        logger.info("ready: %s in %s", identity.user_id, identity.team_id)

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

    async def _who_am_i(self, client: AsyncWebClient) -> Identity:
        while True:
            wait_s = SLACK_WAIT_S
            try:
                return await Identity.ask(client)
            except SlackApiError as error:
                if (asked_s := slack_wait_s(error)) is None and slack_code(error) not in SLACK_TROUBLE:
                    raise
                wait_s = max(wait_s, asked_s or 0.0)
                logger.warning("Slack is in trouble (%s); trying again in %d s", slack_code(error), wait_s)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                logger.warning("Slack can't be reached (%s); trying again", type(error).__name__)
            await self._clock.sleep(wait_s)

    def _join(
        self,
        store: Store,
        client: AsyncWebClient,
        identity: Identity,
        webhook: Webhook,
        stack: AsyncExitStack,
    ) -> Desk:
        settings, clock = self._settings, self._clock
        steady = SteadyClock(clock)  # for what is never told, such as the pace of messages
        people = SlackPeople(client, identity, steady)
        stack.push_async_callback(people.close)
        refusals = SlackRefusals(client, refusal)
        stack.push_async_callback(refusals.close)
        policy = Policy(
            people=people,
            channels=settings.channels,
            users=settings.users,
            admins=settings.admins,
            guests="guests" in settings.admit,
            external="external" in settings.admit,
        )
        workspace = SlackWorkspace(client, identity, steady)
        stack.push_async_callback(workspace.close)
        pace = ChannelPace(steady)

        def permalink(scan: Scan) -> str | None:
            if scan.channel is None or scan.message_ts is None:
                return None
            return identity.permalink(scan.channel, scan.reply_ts or scan.message_ts, scan.thread_ts)

        breaker = Breaker(clock)
        self._metrics.breaker_open = lambda: breaker.is_open
        to_log = log_url(settings.onetrust_log_url)
        cards = Cards(store=store, log_url=to_log, permalink=permalink, breaker=breaker)
        threads = Threads(
            client=client,
            bot_user_id=identity.user_id,
            store=store,
            card=cards.card,
            render=reply,
            pace=pace,
            updates=UpdatePace(steady),
            clock=steady,
        )
        board = SlackBoard(client, request_message, pace)
        self._workroom.empty()
        self._metrics.workroom = self._workroom.folder
        pipeline = Pipeline(
            store=store,
            files=CountedFiles(
                SlackFiles(client, api_url=settings.slack_api_url, token=settings.slack_bot_token.reveal()),
                self._metrics.pulled,
            ),
            reader=build_reader(),
            scanner=webhook,
            announcer=threads,
            clock=clock,
            breaker=breaker,
            workroom=self._workroom,
            teaches=policy.teaches,
        )

        def wake() -> None:
            runner.wake()

        def drop(number: int) -> None:
            runner.drop(number)

        intake = Intake(
            store=store,
            workspace=workspace,
            board=board,
            announcer=threads,
            refusals=refusals,
            policy=policy,
            clock=clock,
            wake=wake,
            drop=drop,
        )
        runner = Runner(
            store=store,
            pipeline=pipeline,
            intake=intake,
            announcer=threads,
            clock=clock,
            breaker=breaker,
            concurrency=settings.concurrency,
        )
        self._runner = runner
        self._notices = Notices(
            rows=store.notices,
            board=SlackNotices(client, queue),
            clock=clock,
            away_since=lambda: breaker.open_since,
        )
        self._catch_up = CatchUp(
            alive=store.alive,
            past=SlackPast(client, identity, workspace.kind_of, clock),
            intake=intake,
            hears=self._hears,
            clock=clock,
            # Not further back than rows are kept: what was purged would be taken for a new build.
            within_s=3600.0 * min(settings.catch_up_hours, 24 * (settings.retention_days or 36_500)),
        )
        stack.push_async_callback(threads.settle, LAST_WORDS_S)
        stack.push_async_callback(runner.stop)
        return Desk(
            intake=intake,
            choices=Choices(store=store, announcer=threads, policy=policy, wake=wake, drop=drop),
            records=Records(store=store, cards=cards, workspace=workspace, policy=policy, clock=clock),
            policy=policy,
            cards=cards,
        )

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
