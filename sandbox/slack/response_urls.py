"""Response URLs over HTTP: where the bot answers to what a person set off.

Fault point: ``response_url`` (``hold``, ``drop``, ``status`` with ``body`` and ``retry_after``).
Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import json

from aiohttp import web

from sandbox.faults import points
from sandbox.slack.app import mask
from sandbox.slack.interactions import Interactions
from sandbox.slack.service import Service, SlackError
from sandbox.world import Json

POINTS = points(["response_url"], "status", "retry_after", "body", "drop", "hold")
"""Where this can go wrong."""


class ResponseUrls:
    """Takes what the bot posts to a response URL."""

    def __init__(self, service: Service, interactions: Interactions) -> None:
        self._service = service
        self._interactions = interactions

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Take one answer."""
        fault = self._service.faults.take("response_url")
        if fault:
            await fault.hold()
            if fault.drop and request.transport:
                request.transport.abort()
            if fault.drop or fault.status:
                headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
                return web.Response(status=fault.status or 500, text=fault.body or "", headers=headers)
        body: Json = {}
        try:
            body = _object(await request.text())
            self._interactions.respond(request.match_info["path"], body)
        except SlackError as exc:
            answer: Json = {"ok": False, "error": exc.error, **exc.more}
            status = 404 if exc.error in {"expired_url", "used_url"} else 400
        else:
            answer, status = {"ok": True}, 200
        self._service.world.log("response_url", mask(body), answer, status)
        return web.Response(text="ok") if status == 200 else web.json_response(answer, status=status)


def _object(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError as exc:
        raise SlackError("invalid_payload") from exc
    if not isinstance(body, dict):
        raise SlackError("invalid_payload")
    return body
