"""The Applications API of Cookie Consent: apps are made, scanned and listed, and results of scans are read.

From the published OpenAPI definition, which ``results.py`` names.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.front import FIELDS, Front, Refusal, takes
from sandbox.onetrust import reading
from sandbox.onetrust.access import check_access
from sandbox.onetrust.limits import Limits
from sandbox.onetrust.manifest import read_manifest
from sandbox.onetrust.reading import Reading
from sandbox.onetrust.tokens import Tokens
from sandbox.onetrust.upload import read_build
from sandbox.onetrust.workflow import Workflow

POINTS = (
    *points([*reading.POINTS, "application_create"], *FIELDS, "value"),
    *points(["application_scan"], *FIELDS, "cut_after", "hold_after", "value"),
)

_BASE = "/api/cmp/v1"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FILE_TYPES = {"IOS": "ipa", "ANDROID": "apk"}


class Applications:
    """The API of one tenant; where ``is_there`` is false, every address of it is answered 404."""

    def __init__(
        self,
        front: Front,
        limits: Limits,
        tokens: Tokens,
        api_key: str,
        *,
        workflow: Workflow,
        reading: Reading,
        is_there: bool,
    ) -> None:
        self.is_there = is_there
        self._front = front
        self._limits = limits
        self._tokens = tokens
        self._api_key = api_key
        self._workflow = workflow
        self._reading = reading

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the API's routes."""
        scans = f"{_BASE}/applications/{{id}}/scans"
        router.add_post(f"{_BASE}/application", self._create)
        router.add_put(f"{_BASE}/application/{{id}}/scan", self._scan)
        for point, path in (
            ("applications", f"{_BASE}/applications"),
            ("scans", scans),
            ("scan", f"{scans}/{{scan_id}}"),
            ("sdks", f"{scans}/{{scan_id}}/sdks"),
            ("permissions", f"{scans}/{{scan_id}}/permissions"),
            ("privacy_manifest", f"{scans}/{{scan_id}}/privacy-manifest"),
        ):
            router.add_get(path, self._handler(point))

    def _handler(self, point: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the handler of a call that reads."""

        async def handle(request: web.Request) -> web.StreamResponse:
            app_id, scan_id = (request.match_info.get(name, "") for name in ("id", "scan_id"))

            async def work(_fault: Fault | None) -> tuple[int, Any]:
                self._check(request, point, "COOKIE_READ")
                return 200, self._reading.read(point, app_id, scan_id, request.query)

            facts = {"app_id": app_id, "scan_id": scan_id} | dict(request.query)
            return await self._front.call(request, point, work, facts=facts, early_status=200)

        return handle

    async def _create(self, request: web.Request) -> web.StreamResponse:
        text = (await request.read()).decode("utf-8", "replace")

        async def work(fault: Fault | None) -> tuple[int, Any]:
            self._check(request, "application_create", "COOKIE")
            if request.content_type != "application/json":
                raise Refusal(400, "the content is not application/json")
            fields = _application_fields(text)
            if not takes(fault):
                return 201, {}
            app = self._workflow.add_app(fields["name"], fields["platform"])
            return 201, {
                "applicationId": app.id,
                "name": app.name,
                "platform": app.platform,
                "fileType": _FILE_TYPES[app.platform],
                "scanId": None,
            }

        return await self._front.call(request, "application_create", work, early_status=201)

    async def _scan(self, request: web.Request) -> web.StreamResponse:
        async def work(fault: Fault | None) -> tuple[int, Any]:
            self._check(request, "application_scan", "COOKIE")
            app = self._reading.app(request.match_info["id"])
            upload = await read_build(request, fault, app.platform)
            if not takes(fault):
                return 201, {}
            submission = self._workflow.accept(
                route="direct",
                app_id=app.id,
                platform=app.platform,
                file_name=upload.file_name or "",
                size_bytes=upload.size_bytes,
                sha256=upload.sha256,
            )
            scan = self._workflow.run_direct(submission, app, read_manifest(upload.head))
            return 201, {"scanId": None if scan is None else scan.id}

        facts = {"app_id": request.match_info["id"]}
        return await self._front.call(request, "application_scan", work, facts=facts, early_status=201)

    def _check(self, request: web.Request, point: str, scope: str) -> None:
        self._limits.endpoint(point)
        if not self.is_there:
            raise Refusal(404, "not found")
        check_access(request, self._tokens, self._api_key, scope)


def _application_fields(text: str) -> dict[str, str]:
    """Read the body that makes an application.

    Raises:
        Refusal: it is something else.
    """
    try:
        fields: Any = json.loads(text)
    except ValueError as exc:
        raise Refusal(400, "the body is no JSON") from exc
    if not isinstance(fields, dict) or set(fields) != {"name", "solutionType", "platform", "orgId"}:
        raise Refusal(400, "the body has other keys than it should")
    if not all(isinstance(value, str) for value in fields.values()):
        raise Refusal(400, "a value is no text")
    if not fields["name"].strip() or len(fields["name"]) > 255:
        raise Refusal(400, "name is empty, or longer than 255")
    if fields["solutionType"] not in {"API", "ONETRUST_SDK"}:
        raise Refusal(400, "solutionType is neither API nor ONETRUST_SDK")
    if fields["platform"] not in _FILE_TYPES:
        raise Refusal(400, "platform is neither IOS nor ANDROID")
    if not _GUID.fullmatch(fields["orgId"]):
        raise Refusal(400, "orgId is no GUID")
    return fields
