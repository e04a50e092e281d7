"""The Slack stand-in: a server on loopback that a real Bolt app connects to, and the people in it."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from aiohttp import web

from sandbox.control import answered
from sandbox.faults import Faults
from sandbox.slack.app import App
from sandbox.slack.control import control
from sandbox.slack.delivery import RETRIES_S, Delivery, Outbox
from sandbox.slack.downloads import Downloads
from sandbox.slack.events import Events
from sandbox.slack.http_events import HttpEvents
from sandbox.slack.interactions import Interactions
from sandbox.slack.methods import Desk
from sandbox.slack.person import Person
from sandbox.slack.points import POINTS
from sandbox.slack.posting import Posting
from sandbox.slack.rates import Rates
from sandbox.slack.response_urls import ResponseUrls
from sandbox.slack.service import CannotDo, Service
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.views import Views
from sandbox.slack.web_api import WebApi
from sandbox.world import Call, Channel, ChannelKind, Json, World

T = TypeVar("T")


class SlackSandbox:
    """Slack, with one workspace and one app; an async context manager that listens while it is open.

    ``ack_timeout_s`` and ``retries_s`` are Slack's own unless told otherwise; time is the world's clock.
    Everything that may be changed while it runs is in ``app``, ``world`` and ``faults``. Where the world
    has a bot of that name already, the app is that bot's.
    """

    def __init__(
        self,
        world: World | None = None,
        port: int = 0,
        mode: Literal["socket", "http"] = "socket",
        events_url: str | None = None,
        *,
        signing_secret: str | None = None,
        app: App | None = None,
        bot_name: str = "appscan",
        strict_rates: bool = False,
        ack_timeout_s: float = 3.0,
        retries_s: tuple[float, ...] = RETRIES_S,
        ping_interval_s: float = 30.0,
    ) -> None:
        self.world = world or World()
        known = self.world.find_user(bot_name)
        self.app = app or (App(app_id=known.app_id) if known is not None and known.app_id else App())
        if signing_secret is not None:
            self.app.signing_secret = signing_secret
        self.faults = Faults(POINTS, self.world.changes.tell)
        self._port = port
        own = (user for user in self.world.users.values() if user.app_id == self.app.app_id)
        bot = next(own, None) or self.world.add_user(bot_name, is_bot=True)
        bot.app_id = self.app.app_id
        self.service = Service(world=self.world, app=self.app, bot=bot, faults=self.faults)
        self.socket = SocketMode(self.service, ack_timeout_s=ack_timeout_s, ping_interval_s=ping_interval_s)
        self._http = HttpEvents(self.service, events_url, ack_timeout_s=ack_timeout_s)
        self._outbox = Outbox(
            self.world, self.faults, self.socket if mode == "socket" else self._http, retries_s
        )
        self._events = Events(self.service, self._outbox)
        self._views = Views(self.service)
        posting = Posting(self.service, self._events)
        self._interactions = Interactions(self.service, self._outbox, posting, self._views)
        desk = Desk(
            service=self.service,
            events=self._events,
            posting=posting,
            views=self._views,
            interactions=self._interactions,
            rates=Rates(self.world.clock, strict=strict_rates),
            new_socket_url=self.socket.new_url if mode == "socket" else None,
        )
        self._api = WebApi(desk)
        self._downloads = Downloads(self.service)
        self._response_urls = ResponseUrls(self.service, self._interactions)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        server = web.Application(client_max_size=8 * 1024 * 1024)
        server.router.add_route("*", "/api/{method}", self._api.call)
        server.router.add_get("/link/", self.socket.link)
        for root in ("files-pri", "files-origin"):
            server.router.add_get(f"/{root}/{{team}}-{{file}}/download/{{name}}", self._downloads.serve)
            server.router.add_get(f"/{root}/{{team}}-{{file}}/{{name}}", self._downloads.serve)
        server.router.add_post("/respond/{path:.+}", self._response_urls.serve)
        server.router.add_post("/control/{verb}", self._control)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.service.base_url = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self._outbox.close()
        await self.socket.close()
        await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def base_url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return self.service.base_url

    @property
    def api_url(self) -> str:
        """What a client takes as ``base_url``; ends with a slash."""
        return f"{self.base_url}/api/"

    @property
    def team_url(self) -> str:
        """The workspace's address for people; ends with a slash."""
        return self.service.team_url

    @property
    def bot_token(self) -> str:
        """The bot's token, ``xoxb-…``."""
        return self.app.bot_token

    @property
    def app_token(self) -> str:
        """The app's token, ``xapp-…``, for Socket Mode."""
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        """What requests to the bot are signed with."""
        return self.app.signing_secret

    @property
    def bot_user_id(self) -> str:
        """The bot's user ID, ``U…``."""
        return self.service.bot.id

    @property
    def bot_id(self) -> str:
        """The bot's ID as an author, ``B…``."""
        return self.service.bot_id

    @property
    def events_url(self) -> str | None:
        """Where the bot takes requests in HTTP mode; may be set late."""
        return self._http.url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._http.url = url

    @property
    def calls(self) -> list[Call]:
        """All calls that the bot made, oldest first; tokens are masked."""
        return self.world.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """All events, commands and interactions for the bot, oldest first."""
        return self._outbox.deliveries

    @property
    def pending(self) -> int:
        """How many of them are neither acknowledged nor given up."""
        return self._outbox.pending

    def called(self, method: str) -> list[Call]:
        """Return the calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def person(self, name: str, **fields: Any) -> Person:
        """Return the person of that name or ID; made with ``fields`` of ``World.add_user`` where new."""
        user = self.world.find_user(name) or self.world.add_user(name, **fields)
        return Person(user, self.service, self._events, self._interactions, self._views)

    def channel(
        self,
        name: str,
        *,
        kind: ChannelKind | str = ChannelKind.PUBLIC,
        members: Iterable[Person | str] = (),
        bot: bool = True,
    ) -> Channel:
        """Return the conversation of that name or ID; where new, made with these members and the bot."""
        found = self.world.find_channel(name)
        if found is not None:
            return found
        people = [member if isinstance(member, Person) else self.person(member) for member in members]
        who = [person.id for person in people] + ([self.bot_user_id] if bot else [])
        return self.world.add_channel(name, kind=ChannelKind(kind), members=who)

    def file_url(self, file_id: str, *, origin: bool = False) -> str:
        """Return a file's download address; ``origin`` is a second one, to redirect to."""
        url = self.service.file_url(self.world.files[file_id], download=True)
        return url.replace("/files-pri/", "/files-origin/") if origin else url

    async def until(self, predicate: Callable[[], T], timeout_s: float = 60.0) -> T:
        """Wait until ``predicate`` gives something true, and return that; woken by every change here.

        Raises:
            TimeoutError: it did not in time; tells the last calls.
        """
        return await self.world.changes.until(predicate, timeout_s, self._last_words)

    async def settled(self, timeout_s: float = 60.0) -> None:
        """Wait until everything for the bot is acknowledged or given up."""
        await self.until(lambda: self.pending == 0, timeout_s)

    async def again(self, delivery: Delivery, event: Json | None = None) -> Delivery:
        """Deliver an event once more, or another in its place; wait until it is acknowledged or given up."""
        payload = delivery.payload if event is None else {**delivery.payload, "event": event}
        name = str(payload["event"]["type"])
        return await self._outbox.ask(Delivery(kind=delivery.kind, name=name, payload=payload), {})

    async def verify_events_url(self) -> bool:
        """Send the bot the challenge that Slack sends when its address is entered."""
        return await self._http.verify()

    def _last_words(self) -> str:
        calls = [f"{call.method} {call.answer.get('error', 'ok')}" for call in self.calls[-8:]]
        return f"Last calls: {', '.join(calls) or 'none'}. Unacknowledged: {self.pending}."

    async def _control(self, request: web.Request) -> web.StreamResponse:
        async def run(verb: str, arguments: Json) -> Json:
            return await control(self, verb, arguments)

        try:
            return await answered(request, run)
        except CannotDo as exc:
            return web.json_response({"error": str(exc)}, status=409)
