"""A made-up side scanner beside Zscaler's: an HTTP service on loopback, its client, and its registration.

This is all that a new side scanner is to the bot: a client with ``reach``, ``submit``, ``report`` and
``quota``, and a ``SideScanner`` with its profile.
"""

from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from bot.core.build import FileType
from bot.errors import Refused, SubmissionError, TryLater
from bot.features.verdicts.models import Quota, Report, ReportStatus, SandboxReceipt, SandboxVerdict, Threat
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.features.verdicts.side_scanner import SideScanner

ACME = ScannerProfile(
    name="acme",
    vendor="Acme",
    product="Analyzer",
    rejection=lambda file_type, _: "Only Android builds." if file_type is FileType.IPA else None,
    daily_limit=10,
)


class AcmeClient:
    """Speaks with the service. Implements ``SubmissionApi`` and ``ReportApi``."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def reach(self) -> None:
        await self._call("GET", "/health")

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        await self._call("PUT", f"/files/{md5}", content=path.read_bytes())  # noqa: ASYNC240 - a few bytes
        return SandboxReceipt()

    async def report(self, md5: str, *, full: bool = False) -> Report:
        told = await self._call("GET", f"/files/{md5}", params={"full": str(full)})
        if told["status"] != "done":
            return Report(status=ReportStatus(told["status"].upper()))
        verdict = SandboxVerdict(threat=Threat(told["threat"]), score=told["score"], is_full=full)
        return Report(status=ReportStatus.COMPLETED, verdict=verdict)

    async def quota(self) -> tuple[Quota, ...]:
        return ()

    async def _call(self, method: str, path: str, **about: Any) -> Any:
        failure: SubmissionError
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
                response = await client.request(method, f"{self._url}{path}", **about)
        except httpx.HTTPError as error:
            raise TryLater("Acme can't be reached right now.") from error
        if response.status_code == 200:
            return response.json()
        failure = TryLater("Acme is busy.") if response.status_code >= 500 else Refused("Acme says no.")
        raise failure


class AcmeService:
    """The service: judges each file as soon as it has it, as ``threat`` says; 503 while it is ``down``."""

    def __init__(self) -> None:
        self.threat = Threat.BENIGN
        self.down = False
        self.files: dict[str, bytes] = {}
        self.submitted: list[str] = []
        self._server: web.AppRunner | None = None

    async def start(self) -> SideScanner:
        """Listen, and return how the bot knows it."""
        app = web.Application(middlewares=[self._availability])
        app.router.add_get("/health", self._health)
        app.router.add_put("/files/{md5}", self._take)
        app.router.add_get("/files/{md5}", self._tell)
        self._server = web.AppRunner(app)
        await self._server.setup()
        site = web.TCPSite(self._server, "127.0.0.1", 0)
        await site.start()
        client = AcmeClient(f"http://127.0.0.1:{self._server.addresses[0][1]}")
        return SideScanner(profile=ACME, submissions=client, reports=client, first_report_s=0.1)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.cleanup()

    @web.middleware
    async def _availability(self, request: web.Request, handler: Any) -> web.StreamResponse:
        return web.Response(status=503) if self.down else await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def _take(self, request: web.Request) -> web.Response:
        md5 = request.match_info["md5"]
        self.files[md5] = await request.read()
        self.submitted.append(md5)
        return web.json_response({})

    async def _tell(self, request: web.Request) -> web.Response:
        if request.match_info["md5"] not in self.files:
            return web.json_response({"status": "notfound"})
        return web.json_response({"status": "done", "threat": self.threat.value, "score": 77})
