"""One WebSocket of Socket Mode, from Slack's greeting to its end.

The SDK's own client closes a connection before it opens the next, tries one dead address for ever, and
comes back at once whatever Slack gave as the reason. So connections are made here, and each has one life.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
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

PING_S = 10.0
MOST_UNANSWERED = 3
"""How many pings in a row may stay without any word from the other side."""
DRAIN_S = 3.0
"""How long a close waits for what is being answered: as long as Slack waits for an acknowledgement."""
CLOSE_S = 2.0
"""How long the other side may take to say goodbye."""

_ENDED = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class NotGreeted(Exception):  # noqa: N818 - it is what Slack did not do
    """Slack took the connection and sent it away again; ``reason`` is Slack's word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Connection:
    """A connection that Slack has greeted.

    ``changed`` is called when something about it is different: each beat, Slack's farewell, the end.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        app: AsyncApp,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._session = session
        self._socket = socket
        self._app = app
        self._clock = clock
        self._changed = changed
        self._beats = 0
        self._unanswered = 0
        self._answering: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.open = True
        """Whether Slack can send something over it."""
        self.farewell: str | None = None
        """Why Slack will end it, in Slack's word; it still works until it ends."""
        self.silent = False
        """Whether it ended because nothing came from the other side any more."""

    @classmethod
    async def make(
        cls,
        url: str,
        app: AsyncApp,
        clock: Clock,
        changed: Callable[[], None],
        *,
        proxy: str | None = None,
        tls: SSLContext | None = None,
    ) -> Self:
        """Connect to an address that Slack gave, and wait for the greeting, for as long as it takes.

        Raises:
            NotGreeted: Slack said farewell instead, or nothing.
            aiohttp.ClientError, OSError: nobody could be reached there.
        """
        session = aiohttp.ClientSession()
        socket: aiohttp.ClientWebSocketResponse | None = None
        try:
            socket = await session.ws_connect(
                url,
                autoping=False,  # its pings run on the wall's clock
                proxy=proxy,
                ssl=tls or True,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            )
            await _greeting(socket)
        except BaseException:
            await _abandon(session, socket)
            raise
        connection = cls(session, socket, app, clock, changed)
        connection._tasks = [
            asyncio.create_task(connection._listen(), name="socket-listen"),
            asyncio.create_task(connection._beat(), name="socket-beat"),
        ]
        return connection

    @property
    def age_s(self) -> float:
        """How long it has lived, in whole beats; the wall's clock may be set, and has no say here."""
        return self._beats * PING_S

    async def close(self) -> None:
        """Answer what is being answered, say goodbye, and end it; may be called again."""
        if self._answering and self.open:
            with contextlib.suppress(TimeoutError):
                await within(self._clock, DRAIN_S, asyncio.wait(set(self._answering)))
        if self.open:
            with contextlib.suppress(ConnectionError):
                await self._socket.close()
        self._end()
        await cancel_all(*self._tasks, *self._answering)
        await _abandon(self._session, self._socket)

    def _end(self) -> None:
        if self.open:
            self.open = False
            self._changed()

    async def _beat(self) -> None:
        while self.open:
            await self._clock.sleep(PING_S)
            self._beats += 1
            if self._unanswered >= MOST_UNANSWERED:
                self.silent = True
                self._end()
                return
            self._unanswered += 1
            with contextlib.suppress(TimeoutError, ConnectionError):  # a full buffer must not stop the count
                await within(self._clock, PING_S, self._socket.ping())
            self._changed()

    async def _listen(self) -> None:
        try:
            while (frame := await self._socket.receive()).type not in _ENDED:
                self._unanswered = 0
                if frame.type is WSMsgType.PING:
                    await self._socket.pong(frame.data)
                elif frame.type is WSMsgType.TEXT:
                    self._take(_read(frame.data))
        except ConnectionError:
            pass  # it broke while a ping was answered
        finally:
            self._end()

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("type") == "disconnect":
            self.farewell = str(message.get("reason"))
            self._changed()
            return
        request = SocketModeRequest.from_dict(message)
        if request is not None:
            task = asyncio.create_task(self._answer(request), name="socket-answer")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, request: SocketModeRequest) -> None:
        """Let Bolt work on it, and acknowledge it as Bolt says; what isn't comes again."""
        try:
            response = await run_async_bolt_app(self._app, request)
            if response.status != 200:
                logger.info("not acknowledged: %s (%d)", request.type, response.status)
                return
            await self._socket.send_json({"envelope_id": request.envelope_id, **_payload(response)})
        except ConnectionError:
            logger.info("the connection to Slack ended before an acknowledgement")
        except Exception:  # one payload must not end the connection
            logger.exception("a payload from Slack could not be worked on")


async def _abandon(session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse | None) -> None:
    """End it without waiting for the other side."""
    await session.close()
    if socket is not None:
        await socket.close()


async def _greeting(socket: aiohttp.ClientWebSocketResponse) -> None:
    while True:
        frame = await socket.receive()
        if frame.type in _ENDED:
            raise NotGreeted("closed")
        if frame.type is WSMsgType.PING:
            await socket.pong(frame.data)
        message = _read(frame.data) if frame.type is WSMsgType.TEXT else {}
        if message.get("type") == "disconnect":
            raise NotGreeted(str(message.get("reason")))
        if message.get("type") == "hello":
            return


def _read(text: str) -> dict[str, Any]:
    """Return a message, empty where it is none."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _payload(response: BoltResponse) -> dict[str, Any]:
    if not response.body:
        return {}
    kind = response.headers.get("content-type", [""])[0]
    plain = not kind.startswith("application/json")
    return {"payload": {"text": response.body} if plain else json.loads(response.body)}
