"""The stand-in's server: its address, its state, and the faults it is told to have.

With ``content_length`` an answer ends before that length. At ``webhook``, a fault's answer comes when the
whole body has been read; ``value="early"`` lets it come before any of it is read. The build counts as taken
where the status is 2xx, or with ``answer_lost``, or with ``value="taken"``. ``drop`` closes the connection
before the body is read, ``cut_after`` when that many bytes of the file have been read. ``hold`` holds when
more than ``hold_after`` bytes of the file have been read; without ``hold_after``, where nothing has been.
With ``reset``, whatever closes the connection resets it. ``Retry-After`` in another form than seconds is
one of the ``headers``.
"""

import asyncio
import json
import socket
import ssl
import struct
import uuid
from collections.abc import Callable
from typing import Any, Self, TypeVar

from aiohttp import web

from sandbox.changes import Changes
from sandbox.clock import Clock
from sandbox.control import Json, answered
from sandbox.faults import Fault, Faults, points
from sandbox.onetrust.control import control
from sandbox.onetrust.records import App, Call, Submission
from sandbox.onetrust.tokens import ClientAuth, Tokens
from sandbox.onetrust.upload import Cut, Refusal, Upload, read_upload

T = TypeVar("T")

_ANSWER = ("status", "retry_after", "error", "body", "content_type", "headers", "location", "content_length")
_FIELDS = (*_ANSWER, "drop", "answer_lost", "reset", "hold")

POINTS = (
    *points(["token"], *_FIELDS),
    *points(["webhook"], *_FIELDS, "cut_after", "hold_after", "value"),
)
"""Everything that can go wrong at OneTrust."""

_WEBHOOK = "/integrationmanager/api/v1/webhook/"


class OneTrustSandbox:
    """OneTrust on loopback: ``async with OneTrustSandbox() as onetrust: …``.

    ``client_auth`` is how the token endpoint wants the client to say who it is; tokens age by ``clock``; with
    ``tls`` it speaks https. ``port`` 0 takes any that is free.
    """

    def __init__(
        self,
        *,
        client_auth: ClientAuth = "basic",
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox secret: 50%+/=",
        token_lifetime_s: float = 3600.0,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.client_id = client_id
        self.client_secret = client_secret
        self.api_key = "sandbox-api-key-" + uuid.uuid4().hex
        self.webhook_id = str(uuid.uuid4())
        self.tokens = Tokens(
            client_id, client_secret, client_auth=client_auth, lifetime_s=token_lifetime_s, now=self.clock.now
        )
        self.received: list[Submission] = []
        self.apps: list[App] = []
        self.calls: list[Call] = []
        self._changes = Changes()
        self.faults = Faults(POINTS, self._changes.tell)
        self._port = port
        self._tls = tls
        app = web.Application()
        app.router.add_post("/api/access/v1/oauth/token", self._token)
        app.router.add_post(_WEBHOOK + "{id}", self._webhook)
        app.router.add_post("/control/{verb}", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.faults.clear()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def webhook_url(self) -> str:
        """The HTTP POST URL of the workflow's Webhook Action."""
        return f"{self.url}{_WEBHOOK}{self.webhook_id}"

    def count(self, point: str) -> int:
        """Tell how many calls to ``token`` or ``webhook`` have ended."""
        return sum(call.point == point for call in self.calls)

    async def until(self, predicate: Callable[[], T], timeout_s: float = 10.0) -> T:
        """Wait until ``predicate`` gives something true, and return that.

        Raises:
            TimeoutError: it did not in time.
        """
        return await self._changes.until(predicate, timeout_s, lambda: f"OneTrust's calls: {self.calls}")

    def _log(self, point: str, status: int | None) -> None:
        self.calls.append(Call(at=self.clock.now(), point=point, status=status))
        self._changes.tell()

    async def _control(self, request: web.Request) -> web.StreamResponse:
        async def run(verb: str, arguments: Json) -> Json:
            return await control(self, verb, arguments)

        return await answered(request, run)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take("token")
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        if fault is not None:
            await fault.hold()
            if fault.drop:
                return self._close(request, "token", fault)
        if request.content_type != "application/x-www-form-urlencoded":
            status, answer = 400, {"error": "invalid_request"}
        elif fault is not None and fault.status is not None and fault.status >= 300:
            status, answer = fault.status, {}
        else:
            status, answer = self.tokens.ask(request.headers.get("Authorization", ""), form)
        if fault is not None and fault.answer_lost:
            return self._close(request, "token", fault)
        return self._answer(request, "token", status, answer, fault)

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take("webhook")
        if fault is not None:
            if fault.gate is not None and not fault.hold_after:
                await fault.hold()
            if fault.drop:
                return self._close(request, "webhook", fault)
            if fault.value == "early":
                return self._answer(request, "webhook", fault.status or 202, {}, fault)
        try:
            self._check(request)
            upload = await read_upload(request, fault)
        except Refusal as refusal:
            return self._answer(request, "webhook", refusal.status, {"message": str(refusal)}, None)
        except (Cut, ConnectionError):
            return self._close(request, "webhook", fault)
        status = 202 if fault is None or fault.status is None else fault.status
        answer: dict[str, Any] = {}
        if status < 300 or (fault is not None and (fault.answer_lost or fault.value == "taken")):
            answer["requestId"] = self._take(upload).request_id
        if fault is not None and fault.answer_lost:
            return self._close(request, "webhook", fault)
        return self._answer(request, "webhook", status, answer, fault)

    def _check(self, request: web.Request) -> None:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not (bearer == self.api_key or self.tokens.is_live(bearer)):
            raise Refusal(401, "no live bearer")
        if request.match_info["id"] != self.webhook_id:
            raise Refusal(404, "no such webhook")

    def _take(self, upload: Upload) -> Submission:
        name, app_id = upload.fields.get("name"), upload.fields.get("appId")
        known = app_id is None or any(app.id == app_id for app in self.apps)
        if name is not None:
            app_id = str(uuid.uuid4())
            self.apps.append(App(id=app_id, name=name, platform=upload.platform))
        submission = Submission(
            request_id=str(uuid.uuid4()),
            at=self.clock.now(),
            name=name,
            app_id=app_id or "",
            is_rescan=name is None,
            is_known=known,
            platform=upload.platform,
            file_name=upload.file_name or "",
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
        )
        self.received.append(submission)
        self._changes.tell()
        return submission

    def _close(self, request: web.Request, point: str, fault: Fault | None) -> web.StreamResponse:
        """Close the connection without an answer."""
        self._log(point, None)
        if request.transport is not None:
            _prepare_reset(request.transport, fault)
            request.transport.abort()
        return web.Response()

    def _answer(
        self, request: web.Request, point: str, status: int, answer: dict[str, Any], fault: Fault | None
    ) -> web.StreamResponse:
        text, content_type, headers = json.dumps(answer), "application/json", {}
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


def _prepare_reset(transport: asyncio.Transport, fault: Fault | None) -> None:
    """Let the closing of a connection be a reset, where the fault wants one."""
    if fault is not None and fault.reset:
        at_once = struct.pack("ii", 1, 0)  # linger for no time: what closes such a socket sends RST
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
