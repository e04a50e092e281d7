"""The stand-in's server: its address, its state, and the faults it is told to have.

With ``content_length`` an answer ends before that length. At ``webhook`` and ``application_scan``, a fault's
answer comes when the whole body has been read; ``value="early"`` lets it come before any of it is read. The
build counts as taken where the status is 2xx, or with ``answer_lost``, or with ``value="taken"``; so it is at
``ftp_webhook``, and with what ``application_create`` makes. ``drop`` closes the connection before the body is
read, ``cut_after`` when that many bytes of the file have been read. ``hold`` holds when more than
``hold_after`` bytes of the file have been read; without it, where nothing has been. With ``reset``, whatever
closes the connection resets it. ``Retry-After`` in another form than seconds is one of the ``headers``.
"""

import ssl
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, Self, TypeVar

from aiohttp import web

from sandbox.changes import Changes
from sandbox.clock import Clock
from sandbox.control import Json, answered
from sandbox.faults import Faults, points
from sandbox.front import FIELDS, Call, Front
from sandbox.onetrust import applications, scanning, webhooks, workflow
from sandbox.onetrust.access import SCOPES
from sandbox.onetrust.applications import Applications
from sandbox.onetrust.control import control
from sandbox.onetrust.limits import Limits
from sandbox.onetrust.reading import Reading
from sandbox.onetrust.records import App, Submission
from sandbox.onetrust.results import Results
from sandbox.onetrust.scanning import Scan, Scanner
from sandbox.onetrust.tokens import ClientAuth, Tokens
from sandbox.onetrust.webhooks import Webhooks
from sandbox.onetrust.workflow import Fetch, Workflow

T = TypeVar("T")

POINTS = (
    *points(["token"], *FIELDS),
    *webhooks.POINTS,
    *workflow.POINTS,
    *scanning.POINTS,
    *applications.POINTS,
)
"""Everything that can go wrong at OneTrust."""


class OneTrustSandbox:
    """OneTrust on loopback: ``async with OneTrustSandbox() as onetrust: …``.

    ``client_auth`` is how the token endpoint wants the client to say who it is; tokens age by ``clock``; with
    ``tls`` it speaks https. ``port`` 0 takes any that is free. ``scopes`` are what the credential may do.
    ``scan_s`` is how long a scan takes; without it scans stay PENDING until ``finish``. ``depot`` is the
    folder that the login of the FTP workflows sees as the server's root; ``fetch`` brings files in its place.
    """

    def __init__(
        self,
        *,
        client_auth: ClientAuth = "basic",
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox secret: 50%+/=",
        token_lifetime_s: float = 3600.0,
        scopes: Iterable[str] = SCOPES,
        has_applications_api: bool = True,
        scan_s: float | None = None,
        requests_per_minute: int = 1000,
        depot: Path | None = None,
        fetch: Fetch | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.client_id = client_id
        self.client_secret = client_secret
        self.api_key = "sandbox-api-key-" + uuid.uuid4().hex
        self.org_id = str(uuid.uuid4())
        self.tokens = Tokens(
            client_id,
            client_secret,
            client_auth=client_auth,
            lifetime_s=token_lifetime_s,
            now=self.clock.now,
            scopes=scopes,
        )
        self._changes = Changes()
        changed = self._changes.tell
        self.faults = Faults(POINTS, changed)
        self.limits = Limits(self.clock.now, per_minute=requests_per_minute, webhooks_per_minute=3000)
        self.scanner = Scanner(self.clock, self.faults, changed, scan_s=scan_s)
        self.workflow = Workflow(self.clock, self.faults, changed, self.scanner)
        self.workflow.depot, self.workflow.fetch = depot, fetch
        self._front = Front(self.clock, self.faults, changed)
        self._reading = Reading(self.workflow, self.scanner, org_id=self.org_id)
        self._webhooks = Webhooks(self._front, self.limits, self.tokens, self.api_key, self.workflow)
        self.applications = Applications(
            self._front,
            self.limits,
            self.tokens,
            self.api_key,
            workflow=self.workflow,
            reading=self._reading,
            is_there=has_applications_api,
        )
        self._port = port
        self._tls = tls
        app = web.Application()
        app.router.add_post("/api/access/v1/oauth/token", self._token)
        self._webhooks.add_to(app.router)
        self.applications.add_to(app.router)
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
        await self.workflow.stop()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def webhook_url(self) -> str:
        """The HTTP POST URL of the workflow's Webhook Action."""
        return f"{self.url}{webhooks.PATH}{self._webhooks.form_id}"

    @property
    def ftp_webhook_url(self) -> str:
        """The HTTP POST URL of the workflow for new scans of files on FTP."""
        return f"{self.url}{webhooks.PATH}{self._webhooks.ftp_id}"

    @property
    def ftp_rescan_webhook_url(self) -> str:
        """The HTTP POST URL of the workflow for rescans with files on FTP."""
        return f"{self.url}{webhooks.PATH}{self._webhooks.ftp_rescan_id}"

    @property
    def received(self) -> list[Submission]:
        """The builds that were taken, oldest first."""
        return self.workflow.received

    @property
    def apps(self) -> list[App]:
        """The list of apps."""
        return self.workflow.apps

    @property
    def calls(self) -> list[Call]:
        """The calls that have ended."""
        return self._front.calls

    @property
    def scans(self) -> list[Scan]:
        """All scans, oldest first."""
        return self.scanner.made

    def add_app(self, name: str, platform: str, *, app_id: str | None = None) -> App:
        """Put an app into the list of apps, as a person does in OneTrust."""
        return self.workflow.add_app(name, platform, app_id)

    def status(self, scan: Scan) -> str:
        """Return the status of a scan now."""
        return self.scanner.status(scan)

    def finish(
        self,
        which: str,
        status: str | None = None,
        *,
        results: Results | None = None,
        version: str | None = None,
    ) -> Scan:
        """Say what a scan is now, see ``Scanner.finish``: ``which`` is its ID, or that of its app."""
        return self.scanner.finish(which, status, results=results, version=version)

    def results_for(self, app: str, version: str | None, results: Results) -> None:
        """Say what scans of an app (by identifier, name or ID) find in a version, or in all with ``None``."""
        self.scanner.results_for(app, version, results)

    def blank(self, point: str, *fields: str, how: Literal["null", "missing"] = "null") -> None:
        """Tell null for fields of what is read at a point, or leave them out, see ``Reading.blank``."""
        self._reading.blank(point, *fields, how=how)

    def count(self, point: str) -> int:
        """Tell how many calls to a point have ended."""
        return sum(call.point == point for call in self.calls)

    def most_per_minute(self, *names: str) -> int:
        """Tell how many calls came within a minute at most, to these points or to all."""
        times = sorted(call.at for call in self.calls if not names or call.point in names)
        first = most = 0
        for last, at in enumerate(times):
            while times[first] <= at - 60:
                first += 1
            most = max(most, last - first + 1)
        return most

    async def until(self, predicate: Callable[[], T], timeout_s: float = 60.0) -> T:
        """Wait until ``predicate`` gives something true, and return that.

        Raises:
            TimeoutError: it did not in time.
        """
        return await self._changes.until(predicate, timeout_s, lambda: f"OneTrust's calls: {self.calls}")

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
                return self._front.close(request, "token", fault)
        if request.content_type != "application/x-www-form-urlencoded":
            status, answer = 400, {"error": "invalid_request"}
        elif fault is not None and fault.status is not None and fault.status >= 300:
            status, answer = fault.status, {}
        else:
            status, answer = self.tokens.ask(request.headers.get("Authorization", ""), form)
        if fault is not None and fault.answer_lost:
            return self._front.close(request, "token", fault)
        return self._front.answer(request, "token", status, answer, fault)
