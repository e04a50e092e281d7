"""How a call comes in and an answer goes out: the log of calls, and the faults that any point may have."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.clock import Clock
from sandbox.faults import Fault, Faults

ANSWER = ("status", "retry_after", "error", "body", "content_type", "headers", "location", "content_length")
"""The fields of a fault that change an answer."""
FIELDS = (*ANSWER, "drop", "answer_lost", "reset", "hold")
"""The fields of a fault that all points of the API look at."""

Worked = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
"""The status of an answer, its JSON, and headers of its own."""
Work = Callable[[Fault | None], Awaitable[Worked]]
"""Does what a call asks for, and returns its answer; may raise ``Refusal`` and ``Cut``."""


class Refusal(Exception):  # noqa: N818 - an answer, not an error of this program
    """A call is refused with a status; ``answer`` is what is told, ``{"message": why}`` if not given."""

    def __init__(
        self, status: int, why: str, headers: Mapping[str, str] | None = None, *, answer: Any = None
    ) -> None:
        super().__init__(why)
        self.status = status
        self.headers = dict(headers or {})
        self.answer = {"message": why} if answer is None else answer


class Cut(Exception):  # noqa: N818 - asked for by a fault
    """The connection is to be closed here, without an answer."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that has ended."""

    at: float
    """In seconds since the epoch."""
    point: str
    """The point of faults that it passed, such as ``token``, ``webhook`` or ``scans``."""
    status: int | None
    """What was answered; ``None`` where the connection was closed without an answer."""
    cached_risk: bool = False
    """Whether it lacked what keeps caches on the way from answering it, where an API asks for that."""


def takes(fault: Fault | None) -> bool:
    """Tell whether the work of a call is done in spite of a fault."""
    if fault is None or fault.status is None or fault.answer_lost or fault.value == "taken":
        return True
    return fault.status < 300


class Front:
    """The calls of one stand-in: ``calls`` lists those that have ended.

    ``error`` gives the JSON in which the service tells a fault's ``error`` at a point; ``cached_risk`` judges
    requests for that flag of ``Call``; ``headers`` are of every answer.
    """

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        changed: Callable[[], None],
        *,
        error: Callable[[str, str], Any] = lambda _point, error: {"error": error},
        cached_risk: Callable[[web.Request], bool] = lambda _request: False,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.calls: list[Call] = []
        self._error = error
        self._cached_risk = cached_risk
        self._headers = headers
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
            worked = await work(fault)
        except Refusal as refusal:
            return self.answer(request, point, refusal.status, refusal.answer, None, refusal.headers)
        except (Cut, ConnectionError):
            return self.close(request, point, fault)
        if fault is not None and fault.answer_lost:
            return self.close(request, point, fault)
        headers = worked[2] if len(worked) == 3 else None
        return self.answer(request, point, worked[0], worked[1], fault, headers)

    def close(self, request: web.Request, point: str, fault: Fault | None) -> web.StreamResponse:
        """Close the connection without an answer."""
        self._log(request, point, None)
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
        text, content_type, headers = (
            json.dumps(answer),
            "application/json",
            {**self._headers(), **(more or {})},
        )
        if fault is not None:
            status = fault.status or (302 if fault.location else status)
            text = json.dumps(self._error(point, fault.error)) if fault.error else text
            text = text if fault.body is None else fault.body
            content_type = fault.content_type or content_type
            if fault.retry_after is not None:
                headers["Retry-After"] = f"{fault.retry_after:g}"
            if fault.location:
                headers["Location"] = fault.location
            headers |= fault.headers
        self._log(request, point, status)
        if fault is not None and fault.content_length is not None and request.transport is not None:
            lines = [f"HTTP/1.1 {status} Told", f"Content-Type: {content_type}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {fault.content_length}", "", text]
            request.transport.write("\r\n".join(lines).encode())
            _prepare_reset(request.transport, fault)
            request.transport.close()
        return web.Response(status=status, text=text, content_type=content_type, headers=headers)

    def _log(self, request: web.Request, point: str, status: int | None) -> None:
        risk = self._cached_risk(request)
        self.calls.append(Call(at=self._clock.now(), point=point, status=status, cached_risk=risk))
        self._changed()


def _prepare_reset(transport: asyncio.Transport, fault: Fault | None) -> None:
    """Let the closing of a connection be a reset, where the fault wants one."""
    if fault is not None and fault.reset:
        at_once = struct.pack("ii", 1, 0)  # linger for no time: what closes such a socket sends RST
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
