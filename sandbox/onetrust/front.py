"""How a call comes in and an answer goes out: the log of calls, and the faults that any point may have."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.onetrust.records import Call
from sandbox.onetrust.upload import Cut, Refusal

ANSWER = ("status", "retry_after", "error", "body", "content_type", "headers", "location", "content_length")
"""The fields of a fault that change an answer."""
FIELDS = (*ANSWER, "drop", "answer_lost", "reset", "hold")
"""The fields of a fault that all points of the API look at."""

Work = Callable[[Fault | None], Awaitable[tuple[int, Any]]]
"""Does what a call asks for, and returns a status and JSON; may raise ``Refusal`` and ``Cut``."""


def takes(fault: Fault | None) -> bool:
    """Tell whether the work of a call is done in spite of a fault."""
    if fault is None or fault.status is None or fault.answer_lost or fault.value == "taken":
        return True
    return fault.status < 300


class Front:
    """The calls of one stand-in: ``calls`` lists those that have ended."""

    def __init__(self, clock: Clock, faults: Faults, changed: Callable[[], None]) -> None:
        self.calls: list[Call] = []
        self._clock = clock
        self._faults = faults
        self._changed = changed

    async def call(
        self,
        request: web.Request,
        point: str,
        work: Work,
        *,
        facts: Mapping[str, str] | None = None,
        early_status: int = 202,
    ) -> web.StreamResponse:
        """Do one call's work, and answer it, with what goes wrong at ``point``."""
        fault = self._faults.take(point, facts)
        if fault is not None:
            if not fault.hold_after:
                await fault.hold()
            if fault.drop:
                return self.close(request, point, fault)
            if fault.value == "early":
                return self.answer(request, point, fault.status or early_status, {}, fault)
        try:
            status, answer = await work(fault)
        except Refusal as refusal:
            told = {"message": str(refusal)}
            return self.answer(request, point, refusal.status, told, None, refusal.headers)
        except (Cut, ConnectionError):
            return self.close(request, point, fault)
        if fault is not None and fault.answer_lost:
            return self.close(request, point, fault)
        return self.answer(request, point, status, answer, fault)

    def close(self, request: web.Request, point: str, fault: Fault | None) -> web.StreamResponse:
        """Close the connection without an answer."""
        self._log(point, None)
        if request.transport is not None:
            _prepare_reset(request.transport, fault)
            request.transport.abort()
        return web.Response()

    def answer(
        self,
        request: web.Request,
        point: str,
        status: int,
        answer: Any,
        fault: Fault | None,
        more: Mapping[str, str] | None = None,
    ) -> web.StreamResponse:
        """Answer with JSON, or with what a fault puts in its place."""
        text, content_type, headers = json.dumps(answer), "application/json", dict(more or {})
        if fault is not None:
            status = fault.status or (302 if fault.location else status)
            text = json.dumps({"error": fault.error}) if fault.error else text
            text = text if fault.body is None else fault.body
            content_type = fault.content_type or content_type
            if fault.retry_after is not None:
                headers["Retry-After"] = f"{fault.retry_after:g}"
            if fault.location:
                headers["Location"] = fault.location
            headers |= fault.headers
        self._log(point, status)
        if fault is not None and fault.content_length is not None and request.transport is not None:
            lines = [f"HTTP/1.1 {status} Told", f"Content-Type: {content_type}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {fault.content_length}", "", text]
            request.transport.write("\r\n".join(lines).encode())
            _prepare_reset(request.transport, fault)
            request.transport.close()
        return web.Response(status=status, text=text, content_type=content_type, headers=headers)

    def _log(self, point: str, status: int | None) -> None:
        self.calls.append(Call(at=self._clock.now(), point=point, status=status))
        self._changed()


def _prepare_reset(transport: asyncio.Transport, fault: Fault | None) -> None:
    """Let the closing of a connection be a reset, where the fault wants one."""
    if fault is not None and fault.reset:
        at_once = struct.pack("ii", 1, 0)  # linger for no time: what closes such a socket sends RST
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
