"""Socket Mode: two connections over which Slack sends what people do, so that there is always one.

Any payload may come over either. When Slack says that it will end a connection, its successor is made first.
When one ends without a word, the other goes on. They are made some time apart, so that they don't grow old
together. Each attempt asks for an address of its own: Slack's are good for one connection.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.backoff import Backoff
from bot.core.clock import cancel_all, within
from bot.core.ports import Clock
from bot.errors import SLACK_REFUSALS, ShutOut, slack_code, slack_wait_s
from bot.slack.transport.socket_connection import Connection, NotGreeted

logger = logging.getLogger(__name__)

WANTED = 2
CONNECT_S = 20.0
"""How long an attempt may take, from asking for an address to Slack's greeting."""
STEADY_S = 30.0
"""A connection of this age is steady: the second one follows, and failures before it are forgotten."""
LINGER_S = 10.0
"""How long a connection that Slack will end is kept once its successor is up."""
RECONNECT_BACKOFF = Backoff(first_s=1.0, maximum_s=61.0)
"""Less ``first_s`` each time: the first attempt follows at once, then after 1, 3, 7 and up to 60 seconds."""
MOST_ASKED_S = 600.0
"""A longer pause that Slack asks for is taken as this."""
CROWDED_S = 60.0
CROWDED_WITH_ANOTHER_S = 300.0
"""The pause where Slack says that there are too many connections; this, where one of ours is up."""

SWITCHED_OFF = frozenset({"link_disabled", "socket_mode_not_enabled"})


class SocketMode:
    """Keeps Slack connected to the bot from ``start`` to ``stop``, or until Slack shuts it out."""

    def __init__(self, app: AsyncApp, app_token: str, clock: Clock) -> None:
        self._app = app
        self._app_token = app_token
        self._clock = clock
        # Bolt's own client may wait out a rate limit by itself; here that is a pause like others.
        self._client = AsyncWebClient(
            base_url=app.client.base_url,
            ssl=app.client.ssl,
            proxy=app.client.proxy,
            session=app.client.session,
            retry_handlers=[],
        )
        self._connections: list[Connection] = []
        self._newest: Connection | None = None
        """The last that was made, until it is steady."""
        self._up = False
        """Whether there was a fresh one at the last look."""
        self._failures = 0
        self._pausing: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self.shut_out: asyncio.Future[ShutOut] = asyncio.get_running_loop().create_future()
        """Has a result once Slack has shut the bot out."""
        self.made = 0
        """How many connections were made since the start."""

    @property
    def connected(self) -> bool:
        """Whether Slack can reach the bot now."""
        return not self.shut_out.done() and any(connection.open for connection in self._connections)

    @property
    def open_count(self) -> int:
        """How many connections are open now."""
        return sum(connection.open for connection in self._connections)

    async def start(self) -> None:
        """Connect, and keep connected; where Slack can't be reached now, that is done later.

        Raises:
            ShutOut: Slack refuses the app-level token, or Socket Mode is switched off.
        """
        await self._add()
        self._keeper = asyncio.create_task(self._keep(), name="socket-keeper")

    async def stop(self) -> None:
        """Disconnect; nothing more comes from Slack."""
        await cancel_all(self._keeper, self._pausing, *self._endings)
        await asyncio.gather(*(connection.close() for connection in self._connections))
        self._connections.clear()

    async def _keep(self) -> None:
        try:
            while True:
                self._changed.clear()
                self._look()
                if self._another_is_due():
                    await self._add()
                else:
                    await self._changed.wait()
        except ShutOut as error:
            self.shut_out.set_result(error)

    @property
    def _fresh(self) -> list[Connection]:
        return [each for each in self._connections if each.open and each.farewell is None]

    def _another_is_due(self) -> bool:
        fresh = self._fresh
        return (
            len(fresh) < WANTED
            and (self._pausing is None or self._pausing.done())
            and not (fresh and fresh[-1].age_s < STEADY_S)
        )

    def _look(self) -> None:
        """Take note of what became of the connections.

        Raises:
            ShutOut: Slack says that Socket Mode is switched off.
        """
        was_up, self._up = self._up, bool(self._fresh)
        if was_up and not self._up:
            self._end_pause()  # it was made while another connection worked
        for connection in list(self._connections):
            if connection.farewell in SWITCHED_OFF:
                raise _shut_out(connection.farewell)
            crowded = connection.farewell == "too_many_websockets"
            if connection.open and not crowded:
                continue
            self._connections.remove(connection)
            self._start(connection.close())
            if crowded:
                self._crowded()
            elif connection.farewell is None:
                why = "nothing comes over it any more" if connection.silent else "it was cut"
                logger.warning("a connection to Slack was lost: %s", why)
        newest = self._newest
        if newest is not None and newest.age_s >= STEADY_S:
            self._newest, self._failures = None, 0
        elif newest is not None and newest not in self._fresh:
            self._newest = None  # a server that greets and leaves is not to be asked without pause
            if newest.farewell != "too_many_websockets":
                self._failed()

    async def _add(self) -> None:
        """Try once to make a connection.

        Raises:
            ShutOut: Slack says that trying again is of no use.
        """
        try:
            await within(self._clock, CONNECT_S, self._make())
        except NotGreeted as error:
            if error.reason in SWITCHED_OFF:
                raise _shut_out(error.reason) from error
            if error.reason == "too_many_websockets":
                self._crowded()
            else:
                self._failed("Slack took the connection and closed it")
        except SlackApiError as error:
            code = slack_code(error)
            if code in SWITCHED_OFF | SLACK_REFUSALS:
                raise _shut_out(str(code)) from error
            self._failed(f"Slack says {code}", min(slack_wait_s(error) or 0.0, MOST_ASKED_S))
        except Exception as error:  # noqa: BLE001 - whatever it was, there is another attempt
            self._failed(type(error).__name__)

    async def _make(self) -> None:
        answer = await self._client.apps_connections_open(app_token=self._app_token)
        connection = await Connection.make(
            str(answer["url"]),
            self._app,
            self._clock,
            self._changed.set,
            proxy=self._client.proxy,
            tls=self._client.ssl,
        )
        # Taken up here, without a pause: a stop at this moment must find it and close it.
        logger.info("connected to Slack")
        self.made += 1
        for leaving in [each for each in self._connections if each.farewell is not None]:
            self._start(self._retire(leaving))
        self._connections.append(connection)
        self._newest = connection

    async def _retire(self, connection: Connection) -> None:
        await self._clock.sleep(LINGER_S)
        await connection.close()

    def _failed(self, why: str = "", at_least_s: float = 0.0) -> None:
        self._failures += 1
        grown_s = RECONNECT_BACKOFF.delay_s(self._failures) - RECONNECT_BACKOFF.first_s
        pause_s = max(grown_s, at_least_s)
        if why:
            logger.warning("no new connection to Slack (%s); trying again in %d s", why, pause_s)
        self._pause(pause_s)

    def _crowded(self) -> None:
        pause_s = CROWDED_WITH_ANOTHER_S if self._fresh else CROWDED_S
        logger.warning(
            "Slack says that the app has too many connections; trying again in %d s. "
            "Does another bot use the same SLACK_APP_TOKEN?",
            pause_s,
        )
        self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        self._end_pause()
        self._pausing = asyncio.create_task(self._clock.sleep(seconds), name="socket-pause")
        self._pausing.add_done_callback(lambda _: self._changed.set())

    def _end_pause(self) -> None:
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None

    def _start(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ending, name="socket-ending")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)


def _shut_out(code: str) -> ShutOut:
    if code in SWITCHED_OFF:
        return ShutOut(
            "Socket Mode is switched off for the Slack app. Switch it on at api.slack.com/apps, under Socket "
            "Mode, and start the bot again.",
            detail=code,
        )
    return ShutOut(
        f"Slack refuses SLACK_APP_TOKEN ({code}). Make an app-level token with connections:write at "
        "api.slack.com/apps, under Basic Information, and start the bot with it.",
        detail=code,
    )
