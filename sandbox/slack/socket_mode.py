"""Socket Mode: the WebSocket that the bot opens, and envelopes over it.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode

Fault points: ``socket.connect`` (``status``, ``drop``, ``hold``), ``socket.hello`` (``hold`` and say nothing;
``error`` is the reason of a ``disconnect`` in place of the greeting; ``drop`` closes) and ``socket.ping``
(``drop``: the bot's ping is not answered, as on a socket that died without a word). An address that leads
nowhere is given by ``apps.connections.open`` with a ``body``.
"""

import asyncio
import contextlib
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox.faults import points
from sandbox.slack.delivery import Delivery, NotAcked
from sandbox.slack.service import Service
from sandbox.world import Json

POINTS = (
    *points(["socket.connect"], "status", "drop", "hold"),
    *points(["socket.hello"], "error", "drop", "hold"),
    *points(["socket.ping"], "drop"),
)
"""Where this can go wrong."""

MOST_CONNECTIONS = 10


@dataclass(kw_only=True, eq=False)
class _Connection:
    socket: web.WebSocketResponse
    request: web.Request
    pending: dict[str, asyncio.Future[Json | None]] = field(default_factory=dict)


class SocketMode:
    """The bot's open connections; any payload may go to any of them."""

    def __init__(self, service: Service, *, ack_timeout_s: float, ping_interval_s: float) -> None:
        self._service = service
        self._ack_timeout_s = ack_timeout_s
        self._ping_interval_s = ping_interval_s
        self._connections: list[_Connection] = []
        self._tickets: set[str] = set()
        self._connected = asyncio.Event()
        self._turn = 0
        self.most = MOST_CONNECTIONS
        """How many connections the app may have."""
        self.greeted = 0
        """How many connections were ever greeted."""

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def ready(self) -> None:
        """Wait until there is a connection."""
        await self._connected.wait()

    def new_url(self) -> str:
        """Return an address that can be connected to once."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        host = self._service.base_url.replace("http://", "ws://")
        return f"{host}/link/?ticket={ticket}&app_id={self._service.app.app_id}"

    async def deliver(self, delivery: Delivery, attempt: int, reason: str) -> Json | None:
        """Send an envelope and wait for its acknowledgement.

        Raises:
            NotAcked: it did not come in time, or the connection was lost.
        """
        if not self._connections:
            raise NotAcked("timeout", again_at_once=True)
        connection = self._connections[self._turn % len(self._connections)]
        self._turn += 1
        envelope: Json = {
            "envelope_id": str(uuid.uuid4()),
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != "events_api",
            "payload": delivery.payload,
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        acked: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        connection.pending[envelope["envelope_id"]] = acked
        try:
            await connection.socket.send_json(envelope)
            return await self._service.world.clock.within(self._ack_timeout_s, acked)
        except TimeoutError as exc:
            raise NotAcked("timeout") from exc
        except ConnectionError as exc:
            raise NotAcked("timeout", again_at_once=True) from exc
        finally:
            connection.pending.pop(envelope["envelope_id"], None)

    async def link(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection, as long as it lives."""
        fault = self._service.faults.take("socket.connect")
        if fault:
            await fault.hold()
            if fault.drop and request.transport:
                request.transport.abort()
            if fault.drop or fault.status:
                return web.Response(status=fault.status or 500)
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="no such ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False, heartbeat=self._ping_interval_s)
        await socket.prepare(request)
        connection = _Connection(socket=socket, request=request)
        fault = self._service.faults.take("socket.hello")
        if fault:
            await fault.hold()
        refusal = fault.error if fault else None
        if len(self._connections) >= self.most:
            refusal = "too_many_websockets"
        try:
            if refusal:
                await socket.send_json(self._farewell(refusal))
            if refusal or (fault and fault.drop):
                await socket.close()
                return socket
            await socket.send_json(self._hello())
            self._connections.append(connection)
            self.greeted += 1
            self._connected.set()
            self._service.world.changes.tell()
            await self._listen(connection)
        except ConnectionError:
            pass  # the bot went away while it was being greeted or answered
        finally:
            self._forget(connection)
        return socket

    async def disconnect(self, reason: str, *, close: bool = True, which: int | None = None) -> None:
        """Send a ``disconnect``, and close unless Slack would leave that for later.

        To every connection, or to one: ``which`` counts from the oldest, from 0.
        """
        for connection in self._some(which):
            with contextlib.suppress(ConnectionError):
                await connection.socket.send_json(self._farewell(reason))
            if close:
                await connection.socket.close(code=WSCloseCode.OK)

    def cut(self, which: int | None = None) -> None:
        """Break every connection without a word, or one, as ``disconnect`` counts them."""
        for connection in self._some(which):
            if connection.request.transport:
                connection.request.transport.abort()
            self._forget(connection)

    async def say(self, text: str, which: int | None = None) -> None:
        """Send a text as it is, whatever it is, over connections as ``disconnect`` counts them."""
        for connection in self._some(which):
            await connection.socket.send_str(text)

    def _some(self, which: int | None) -> list[_Connection]:
        return list(self._connections) if which is None else [self._connections[which]]

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)
            self._forget(connection)

    async def _listen(self, connection: _Connection) -> None:
        async for frame in connection.socket:
            if frame.type is WSMsgType.PING:
                fault = self._service.faults.take("socket.ping")
                if not (fault and fault.drop):
                    await connection.socket.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                self._acknowledged(connection, frame.data)

    def _acknowledged(self, connection: _Connection, text: str) -> None:
        try:
            ack: Any = json.loads(text)
        except ValueError:
            return
        waiting = connection.pending.get(ack.get("envelope_id", "")) if isinstance(ack, dict) else None
        if waiting is not None and not waiting.done():
            payload = ack.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else None)

    def _forget(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        if not self._connections:
            self._connected.clear()
        for waiting in connection.pending.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the connection was lost"))
        self._service.world.changes.tell()

    def _debug_info(self) -> Json:
        return {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060}

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections) + 1,
            "connection_info": {"app_id": self._service.app.app_id},
            "debug_info": self._debug_info(),
        }

    def _farewell(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": self._debug_info()}
