"""The webhooks of three workflows: one takes builds in form data, two take JSON that names a file on FTP.

A URL for each, as each workflow has a Webhook Action of its own. Of the two with JSON, the body template of
the second also maps ``appId``: it is the one for rescans.
"""

import json
import uuid
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.front import FIELDS, Front, Refusal, takes
from sandbox.onetrust.access import WEBHOOK_SCOPES, check_access
from sandbox.onetrust.limits import Limits
from sandbox.onetrust.manifest import read_manifest
from sandbox.onetrust.tokens import Tokens
from sandbox.onetrust.upload import read_upload
from sandbox.onetrust.workflow import Workflow

POINTS = (
    *points(["webhook"], *FIELDS, "cut_after", "hold_after", "value"),
    *points(["ftp_webhook"], *FIELDS, "value"),
)

PATH = "/integrationmanager/api/v1/webhook/"
_FTP_FIELDS = {"uploadType", "filePath", "fileType", "name", "os"}
_FILE_TYPES = {"IOS": "ipa", "ANDROID": "apk"}


class Webhooks:
    """The webhooks by their IDs, the last part of their URLs."""

    def __init__(
        self, front: Front, limits: Limits, tokens: Tokens, api_key: str, workflow: Workflow
    ) -> None:
        self.form_id = str(uuid.uuid4())
        self.ftp_id = str(uuid.uuid4())
        self.ftp_rescan_id = str(uuid.uuid4())
        self._front = front
        self._limits = limits
        self._tokens = tokens
        self._api_key = api_key
        self._workflow = workflow

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the route of all webhooks."""
        router.add_post(PATH + "{id}", self._post)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["id"] in {self.ftp_id, self.ftp_rescan_id}:
            return await self._post_ftp(request)

        async def work(fault: Fault | None) -> tuple[int, Any]:
            self._check(request)
            upload = await read_upload(request, fault)
            if not takes(fault):
                return 202, {}
            submission = self._workflow.accept(
                route="webhook",
                name=upload.fields.get("name"),
                app_id=upload.fields.get("appId"),
                platform=upload.platform,
                file_name=upload.file_name or "",
                size_bytes=upload.size_bytes,
                sha256=upload.sha256,
            )
            self._workflow.run(submission, read_manifest(upload.head))
            return 202, {"requestId": submission.request_id}

        return await self._front.call(request, "webhook", work)

    async def _post_ftp(self, request: web.Request) -> web.StreamResponse:
        text = (await request.read()).decode("utf-8", "replace")
        is_rescan = request.match_info["id"] == self.ftp_rescan_id

        async def work(fault: Fault | None) -> tuple[int, Any]:
            self._check(request)
            if request.content_type != "application/json":
                raise Refusal(400, "the content is not application/json")
            fields = _ftp_fields(text, is_rescan=is_rescan)
            if not takes(fault):
                return 202, {}
            submission = self._workflow.accept(
                route="ftp",
                name=None if is_rescan else fields["name"],
                app_id=fields.get("appId"),
                platform=fields["os"],
                file_name=fields["filePath"].rpartition("/")[2],
                file_path=fields["filePath"],
            )
            self._workflow.run_ftp(submission)
            return 202, {"requestId": submission.request_id}

        return await self._front.call(request, "ftp_webhook", work, facts=_facts(text))

    def _check(self, request: web.Request) -> None:
        self._limits.webhook()
        check_access(request, self._tokens, self._api_key, *WEBHOOK_SCOPES)
        if request.match_info["id"] not in {self.form_id, self.ftp_id, self.ftp_rescan_id}:
            raise Refusal(404, "no such webhook")


def _facts(text: str) -> dict[str, str]:
    """Return the fields of a JSON object that are texts, for the conditions of faults."""
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    known = fields.items() if isinstance(fields, dict) else ()
    return {key: value for key, value in known if isinstance(value, str)}


def _ftp_fields(text: str, *, is_rescan: bool) -> dict[str, str]:
    """Read the JSON of "Update Webhook Action for FTP", with ``appId`` for a rescan.

    Raises:
        Refusal: it is something else.
    """
    try:
        fields: Any = json.loads(text)
    except ValueError as exc:
        raise Refusal(400, "the body is no JSON") from exc
    if not isinstance(fields, dict) or set(fields) != _FTP_FIELDS | ({"appId"} if is_rescan else set()):
        raise Refusal(400, "the body has other keys than it should")
    if not all(isinstance(value, str) and value.strip() for value in fields.values()):
        raise Refusal(400, "an empty value, or one that is no text")
    if fields["uploadType"] != "FTP":
        raise Refusal(400, "uploadType is not FTP")
    if fields["os"] not in _FILE_TYPES:
        raise Refusal(400, "os is neither IOS nor ANDROID")
    if fields["fileType"] != _FILE_TYPES[fields["os"]]:
        raise Refusal(400, "fileType does not go with os")
    return fields
