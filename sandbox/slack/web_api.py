"""The Web API over HTTP: tokens, scopes, rates, faults, the log of calls, and Slack's way of answering.

Fault points: each method by its name, as ``chat.update``. They may ``hold`` (before the work), answer with
``status`` (429 says ``ratelimited`` and ``Retry-After``), ``error`` or ``body``, ``drop`` the connection
before the work, or lose the answer after it (``answer_lost``). ``files.info`` with ``value="no_shares"``
answers as when Slack's shares lag behind. The facts are the arguments that are strings.
"""

import json
import secrets
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, points
from sandbox.slack.app import mask
from sandbox.slack.calls import Arguments, read_arguments
from sandbox.slack.conversations import CONVERSATION_METHODS, need_scope
from sandbox.slack.methods import METHODS, Desk, Method
from sandbox.slack.service import SlackError
from sandbox.world import Json

_ALL_METHODS = {**METHODS, **CONVERSATION_METHODS}
_ANSWER = ("status", "retry_after", "error", "body", "content_type", "headers")
_FIELDS = (*_ANSWER, "drop", "answer_lost", "hold")

POINTS = (
    *points(sorted(_ALL_METHODS.keys() - {"files.info"}), *_FIELDS),
    *points(["files.info"], *_FIELDS, "value"),
)
"""Where this can go wrong."""


class WebApi:
    """Answers the bot's calls."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._methods = _ALL_METHODS

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        method = self._methods.get(name)
        values: dict[str, Any] = {}
        fault: Fault | None = None
        status = 200
        headers = {"X-OAuth-Scopes": ",".join(sorted(self._desk.service.app.scopes))}
        try:
            values, token = await read_arguments(request, takes_json=bool(method and method.takes_json))
            facts = {key: value for key, value in values.items() if isinstance(value, str)}
            fault = self._desk.service.faults.take(name, facts) if method else None
            if fault:
                await fault.hold()
            if fault and (fault.drop or fault.body is not None):
                return self._broken(request, name, values, fault)
            _refuse(fault)
            answer: Json = {"ok": True, **self._run(name, method, values, token)}
        except SlackError as exc:
            answer = {"ok": False, "error": exc.error, **exc.more}
            if exc.error == "ratelimited":
                status = 429
                headers["Retry-After"] = str(answer.pop("retry_after"))
        if fault and fault.status and status != 429:
            status = fault.status
        if fault and "file" in answer:
            _lag(answer["file"], fault.value)
        self._log(name, values, answer, status)
        if fault and fault.answer_lost and request.transport:
            request.transport.abort()
        headers["X-Slack-Req-Id"] = secrets.token_hex(16)
        if method and method.scope:
            headers["X-Accepted-OAuth-Scopes"] = method.scope
        return web.json_response(
            answer, status=status, headers={**headers, **(fault.headers if fault else {})}
        )

    def _run(self, name: str, method: Method | None, values: dict[str, Any], token: str) -> Json:
        app = self._desk.service.app
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        if not token:
            raise SlackError("not_authed")
        if token not in {app.bot_token, app.app_token}:
            raise SlackError("invalid_auth")
        if (token == app.app_token) is not method.app_token:
            raise SlackError("not_allowed_token_type")
        if method.scope:
            need_scope(self._desk, method.scope)
        self._desk.rates.call(name, method.per_minute)
        return method.run(self._desk, Arguments(values=values))

    def _broken(
        self, request: web.Request, name: str, values: dict[str, Any], fault: Fault
    ) -> web.StreamResponse:
        status = fault.status or 200
        self._log(name, values, {"ok": False, "error": "(fault)"}, status)
        if fault.drop and request.transport:
            request.transport.abort()
        return web.Response(
            text=fault.body or "",
            status=status,
            headers=dict(fault.headers),
            content_type=fault.content_type or "text/html",
        )

    def _log(self, name: str, values: dict[str, Any], answer: Json, status: int) -> None:
        told = {key: _unpacked(value) for key, value in values.items()}
        self._desk.service.world.log(name, mask(told), mask(answer), status)


def _lag(file: Json, how: Any) -> None:
    """Take shares out of a file, as when Slack's lag behind: all of them, or the newest."""
    if how == "no_shares":
        file |= {"shares": {}, "channels": [], "groups": [], "ims": []}
    elif how == "no_new_share":
        lists = [entries for places in file["shares"].values() for entries in places.values()]
        newest = max(lists, key=lambda entries: float(entries[0]["ts"]))
        del newest[0]


def _refuse(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.status == 429:
        wait_s = 1 if fault.retry_after is None else fault.retry_after
        raise SlackError("ratelimited", retry_after=f"{wait_s:g}")
    if fault.error:
        raise SlackError(fault.error)
    if fault.status and fault.status >= 400:
        raise SlackError("internal_error")


def _unpacked(value: Any) -> Any:
    """Return an argument as the log shows it: JSON that came in a form is taken apart."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
