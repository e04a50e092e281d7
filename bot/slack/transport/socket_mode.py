"""Socket Mode with two connections, so that one is always open.

Slack sends each payload on either. When Slack announces that it will end a connection, the replacement is
opened first; when one breaks, the other is still there. They are opened some time apart, so that they don't
expire at the same time. Each attempt requests a new URL, as Slack's URLs are valid for one connection.
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
from bot.slack.transport.socket_connection import HelloMissingError, SocketConnection

logger = logging.getLogger(__name__)

WANTED = 2
CONNECT_TIMEOUT_S = 20.0
"""For an attempt, from requesting a URL to Slack's ``hello``."""
STABLE_S = 30.0
"""A connection of this age is stable: the second one is opened, and the count of failures reset."""
LINGER_S = 10.0
"""A connection that Slack will end is kept this long after its replacement is open."""
RECONNECT_BACKOFF = Backoff(first_s=1.0, maximum_s=61.0)
"""Less ``first_s`` each time: the first attempt follows at once, then after 1, 3, 7 and up to 60 seconds."""
MAX_RETRY_AFTER_S = 600.0
"""A longer ``Retry-After`` of Slack's is cut to this."""
TOO_MANY_PAUSE_S = 60.0
TOO_MANY_WITH_ANOTHER_PAUSE_S = 300.0
"""The pause after Slack reports too many connections, without and with another connection of ours."""

SWITCHED_OFF = frozenset({"link_disabled", "socket_mode_not_enabled"})
TOO_MANY = "too_many_websockets"


class SocketMode:
    """Keeps Slack connected to the bot from ``start`` to ``stop``, or until Slack shuts it out."""

    def __init__(self, app: AsyncApp, app_token: str, clock: Clock) -> None:
        self._app, self._app_token, self._clock = app, app_token, clock
        # Without the retries of Bolt's client: a rate limit is a pause like others here.
        self._client = AsyncWebClient(
            base_url=app.client.base_url,
            ssl=app.client.ssl,
            proxy=app.client.proxy,
            session=app.client.session,
            retry_handlers=[],
        )
        self._connections: list[SocketConnection] = []
        self._newest: SocketConnection | None = None
        """The last that was opened, until it is stable."""
        self._was_up = False
        """Whether there was a fresh connection at the last check."""
        self._failures = 0
        self._pause_task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.shut_out: asyncio.Future[ShutOut] = asyncio.get_running_loop().create_future()
        """Has a result once Slack has shut the bot out."""
        self.made = 0
        """The number of connections opened since the start."""

    @property
    def connected(self) -> bool:
        """Whether Slack can reach the bot now."""
        return not self.shut_out.done() and self.open_count > 0

    @property
    def open_count(self) -> int:
        """The number of open connections."""
        return sum(connection.open for connection in self._connections)

    async def start(self) -> None:
        """Connect and stay connected; if Slack can't be reached, it is retried in the background.

        Raises:
            ShutOut: Slack refuses the app-level token, or Socket Mode is switched off.
        """
        await self._add()
        self._keeper = asyncio.create_task(self._keep(), name="socket-keeper")

    async def stop(self) -> None:
        """Disconnect; payloads stop arriving."""
        await cancel_all(self._keeper, self._pause_task, *self._closing)
        await asyncio.gather(*(connection.close() for connection in self._connections))
        self._connections.clear()

    async def _keep(self) -> None:
        try:
            while True:
                self._changed.clear()
                self._check()
                if self._needs_another():
                    await self._add()
                else:
                    await self._changed.wait()
        except ShutOut as error:
            self.shut_out.set_result(error)

    @property
    def _fresh(self) -> list[SocketConnection]:
        return [each for each in self._connections if each.open and each.disconnect_reason is None]

    def _needs_another(self) -> bool:
        fresh = self._fresh
        return (
            len(fresh) < WANTED
            and (self._pause_task is None or self._pause_task.done())
            and not (fresh and fresh[-1].age_s < STABLE_S)
        )

    def _check(self) -> None:
        """Remove ended connections, and decide on pauses.

        Raises:
            ShutOut: Slack says that Socket Mode is switched off.
        """
        was_up, self._was_up = self._was_up, bool(self._fresh)
        if was_up and not self._was_up:
            self._end_pause()  # it was chosen while another connection was open
        for connection in list(self._connections):
            if connection.disconnect_reason in SWITCHED_OFF:
                raise _shut_out(connection.disconnect_reason)
            too_many = connection.disconnect_reason == TOO_MANY
            if connection.open and not too_many:
                continue
            self._connections.remove(connection)
            self._start_closing(connection.close())
            if too_many:
                self._too_many()
            elif connection.disconnect_reason is None:
                reason = "pings were not answered" if connection.timed_out else "it was closed"
                logger.warning("lost a connection to Slack: %s", reason)
        newest = self._newest
        if newest is not None and newest.age_s >= STABLE_S:
            self._newest, self._failures = None, 0
        elif newest is not None and newest not in self._fresh:
            self._newest = None  # a server that disconnects right after hello needs a backoff too
            if newest.disconnect_reason != TOO_MANY:
                self._failed()

    async def _add(self) -> None:
        """Try once to open a connection.

        Raises:
            ShutOut: retrying can't help.
        """
        try:
            await within(self._clock, CONNECT_TIMEOUT_S, self._open())
        except HelloMissingError as error:
            if str(error) in SWITCHED_OFF:
                raise _shut_out(str(error)) from error
            if str(error) == TOO_MANY:
                self._too_many()
            else:
                self._failed("Slack closed the connection at once")
        except SlackApiError as error:
            code = slack_code(error)
            if code in SWITCHED_OFF | SLACK_REFUSALS:
                raise _shut_out(str(code)) from error
            self._failed(f"Slack says {code}", min(slack_wait_s(error) or 0.0, MAX_RETRY_AFTER_S))
        except Exception as error:  # noqa: BLE001 - any error is retried
            self._failed(type(error).__name__)

    async def _open(self) -> None:
        answer = await self._client.apps_connections_open(app_token=self._app_token)
        connection = await SocketConnection.open_to(
            str(answer["url"]),
            self._app,
            self._clock,
            self._changed.set,
            proxy=self._client.proxy,
            tls=self._client.ssl,
        )
        # No await from here on: if the bot stops now, it must find the connection and close it.
        logger.info("connected to Slack")
        self.made += 1
        for leaving in self._connections:
            if leaving.disconnect_reason is not None:
                self._start_closing(self._retire(leaving))
        self._connections.append(connection)
        self._newest = connection

    async def _retire(self, connection: SocketConnection) -> None:
        await self._clock.sleep(LINGER_S)
        await connection.close()

    def _failed(self, reason: str = "", at_least_s: float = 0.0) -> None:
        self._failures += 1
        backoff_s = RECONNECT_BACKOFF.delay_s(self._failures) - RECONNECT_BACKOFF.first_s
        pause_s = max(backoff_s, at_least_s)
        if reason:
            logger.warning("could not connect to Slack (%s); retrying in %d s", reason, pause_s)
        self._pause(pause_s)

    def _too_many(self) -> None:
        pause_s = TOO_MANY_WITH_ANOTHER_PAUSE_S if self._fresh else TOO_MANY_PAUSE_S
        logger.warning(
            "Slack says that the app has too many connections; retrying in %d s. "
            "Does another bot use the same SLACK_APP_TOKEN?",
            pause_s,
        )
        self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        self._end_pause()
        self._pause_task = asyncio.create_task(self._clock.sleep(seconds), name="socket-pause")
        self._pause_task.add_done_callback(lambda _: self._changed.set())

    def _end_pause(self) -> None:
        if self._pause_task is not None:
            self._pause_task.cancel()
            self._pause_task = None

    def _start_closing(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(closing, name="socket-closing")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


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
