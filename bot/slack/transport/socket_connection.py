"""One WebSocket connection of Socket Mode.

The SDK's own client closes a connection before it opens the next, retries one dead URL forever, and
reconnects at once whatever reason Slack gave. So connections are opened here, and none is ever reopened.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, Self

import aiohttp
from aiohttp import WSMsgType
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.core.clock import cancel_all, within
from bot.core.ports import Clock

logger = logging.getLogger(__name__)

PING_INTERVAL_S = 10.0
MAX_UNANSWERED_PINGS = 3
"""In a row; any frame from Slack counts as an answer."""
DRAIN_TIMEOUT_S = 3.0
"""For payloads in progress when a connection is closed: as long as Slack waits for an acknowledgement."""
CLOSE_TIMEOUT_S = 2.0

_ENDED = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class HelloMissingError(Exception):
    """Slack accepted the connection but sent no ``hello``; the text is Slack's reason, or ``closed``."""


@dataclass(eq=False, repr=False)
class SocketConnection:
    """A connection on which Slack has said ``hello``; it receives payloads as soon as it is made.

    ``changed`` is called after each ping, when Slack announces a disconnect, and when the connection ends.
    """

    session: aiohttp.ClientSession
    socket: aiohttp.ClientWebSocketResponse
    app: AsyncApp
    clock: Clock
    changed: Callable[[], None]
    open: bool = field(init=False, default=True)
    """Whether Slack can still send payloads on it."""
    disconnect_reason: str | None = field(init=False, default=None)
    """Slack's reason, if it has announced that it will end the connection; until then it still works."""
    timed_out: bool = field(init=False, default=False)
    """Whether it ended because pings were not answered."""
    _pings: int = field(init=False, default=0)
    _unanswered_pings: int = field(init=False, default=0)
    _in_progress: set[asyncio.Task[None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        """Start to receive payloads."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="socket-listen"),
            asyncio.create_task(self._ping(), name="socket-ping"),
        ]

    @classmethod
    async def open_to(
        cls,
        url: str,
        app: AsyncApp,
        clock: Clock,
        changed: Callable[[], None],
        *,
        proxy: str | None = None,
        tls: SSLContext | None = None,
    ) -> Self:
        """Connect to a URL that Slack gave, and wait for ``hello``, without a timeout.

        Raises:
            HelloMissingError: Slack sent a disconnect instead, or closed the connection.
            aiohttp.ClientError, OSError: the connection failed.
        """
        session = aiohttp.ClientSession()
        socket: aiohttp.ClientWebSocketResponse | None = None
        try:
            socket = await session.ws_connect(
                url,
                autoping=False,  # its pings don't use our clock
                proxy=proxy,
                ssl=tls or True,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
            )
            await _wait_for_hello(socket)
        except BaseException:
            await _abandon(session, socket)
            raise
        return cls(session, socket, app, clock, changed)

    @property
    def age_s(self) -> float:
        """Its age, counted in pings, as the system's clock may be changed."""
        return self._pings * PING_INTERVAL_S

    async def close(self) -> None:
        """Finish payloads in progress, then close the connection; may be called again."""
        if self._in_progress and self.open:
            with contextlib.suppress(TimeoutError):
                await within(self.clock, DRAIN_TIMEOUT_S, asyncio.wait(set(self._in_progress)))
        if self.open:
            with contextlib.suppress(ConnectionError):
                await self.socket.close()
        self._end()
        await cancel_all(*self._tasks, *self._in_progress)
        await _abandon(self.session, self.socket)

    def _end(self) -> None:
        if self.open:
            self.open = False
            self.changed()

    async def _ping(self) -> None:
        while self.open:
            await self.clock.sleep(PING_INTERVAL_S)
            self._pings += 1
            if self._unanswered_pings >= MAX_UNANSWERED_PINGS:
                self.timed_out = True
                self._end()
                return
            self._unanswered_pings += 1
            with contextlib.suppress(TimeoutError, ConnectionError):  # a full buffer must not stop the count
                await within(self.clock, PING_INTERVAL_S, self.socket.ping())
            self.changed()

    async def _listen(self) -> None:
        try:
            async for message in _messages(self.socket):
                self._unanswered_pings = 0
                self._receive(message)
        except ConnectionError:
            pass  # it broke while a ping was being answered
        finally:
            self._end()

    def _receive(self, message: dict[str, Any]) -> None:
        if message.get("type") == "disconnect":
            self.disconnect_reason = str(message.get("reason"))
            self.changed()
            return
        request = SocketModeRequest.from_dict(message)
        if request is not None:
            task = asyncio.create_task(self._process(request), name="socket-process")
            self._in_progress.add(task)
            task.add_done_callback(self._in_progress.discard)

    async def _process(self, request: SocketModeRequest) -> None:
        """Pass a payload to Bolt and acknowledge it if Bolt succeeds; otherwise Slack sends it again."""
        try:
            response = await run_async_bolt_app(self.app, request)
            if response.status != 200:
                logger.info("not acknowledged: %s (%d)", request.type, response.status)
                return
            await self.socket.send_json({"envelope_id": request.envelope_id, **_payload(response)})
        except ConnectionError:
            logger.info("the connection to Slack ended before an acknowledgement")
        except Exception:  # one payload must not end the connection
            logger.exception("a payload from Slack could not be processed")


async def _abandon(session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse | None) -> None:
    """Close without waiting for the other side."""
    await session.close()
    if socket is not None:
        await socket.close()


async def _wait_for_hello(socket: aiohttp.ClientWebSocketResponse) -> None:
    async with aclosing(_messages(socket)) as messages:
        async for message in messages:
            if message.get("type") == "disconnect":
                raise HelloMissingError(str(message.get("reason")))
            if message.get("type") == "hello":
                return
    raise HelloMissingError("closed")


async def _messages(socket: aiohttp.ClientWebSocketResponse) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the message in each frame until the connection ends, empty for all but JSON; answer pings."""
    while (frame := await socket.receive()).type not in _ENDED:
        if frame.type is WSMsgType.PING:
            await socket.pong(frame.data)
        message = None
        if frame.type is WSMsgType.TEXT:
            with contextlib.suppress(ValueError, RecursionError):
                message = json.loads(frame.data)
        yield message if isinstance(message, dict) else {}


def _payload(response: BoltResponse) -> dict[str, Any]:
    if not response.body:
        return {}
    is_json = response.headers.get("content-type", [""])[0].startswith("application/json")
    return {"payload": json.loads(response.body) if is_json else {"text": response.body}}
