"""The door for what Slack sends over HTTP: measured, and its signature checked, before Bolt sees it.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from yarl import URL

from bot.slack.transport.allowed_hosts import answers_to_slack

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES: Final = 1_000_000
"""Of one request; Slack's payloads are far smaller."""
BODY_S: Final = 10.0
"""How long a body may take to come."""
FRESH_S: Final = 300.0
"""A request that is older has been sent again by somebody."""

_KINDS = {"application/json", "application/x-www-form-urlencoded"}
_SINGLE = (
    "X-Slack-Request-Timestamp",
    "X-Slack-Signature",
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


class HttpReceiver:
    """Lets in what ``signing_secret`` signed within the last five minutes, up to ``BODY_LIMIT_BYTES``.

    Nothing is unpacked: what comes compressed is refused. ``body_s`` bounds how long a body may take.
    """

    def __init__(self, signing_secret: str, *, body_s: float = BODY_S) -> None:
        if not signing_secret:
            raise ValueError("an empty secret signs nothing")
        self._verifier = SignatureVerifier(signing_secret)
        self._body_s = body_s

    async def take(self, request: web.Request, dispatch: Dispatch) -> web.StreamResponse:
        """Give a request to ``dispatch``; return its answer.

        Raises:
            HTTPException: 400, 401, 408, 413 or 415, by what is wrong with the request.
        """
        timestamp, signature = _headers(request)
        if abs(time.time() - int(timestamp)) > FRESH_S:
            raise web.HTTPUnauthorized  # a replay: no use in reading on
        try:
            body = (await self._read(request)).decode()
        except UnicodeDecodeError as error:
            raise web.HTTPBadRequest from error
        if not self._verifier.is_valid(body, timestamp, signature):
            logger.warning("a request that Slack did not sign was refused")
            raise web.HTTPUnauthorized
        headers: dict[str, str | Sequence[str]] = {name: [value] for name, value in request.headers.items()}
        return await to_aiohttp_response(
            await dispatch(AsyncBoltRequest(body=body, query=request.query_string, headers=headers))
        )

    async def _read(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._body_s):
                body = bytearray()
                async for block in request.content.iter_any():
                    body += block
                    if len(body) > BODY_LIMIT_BYTES:
                        raise web.HTTPRequestEntityTooLarge(BODY_LIMIT_BYTES, len(body))
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        return bytes(body)


def _headers(request: web.Request) -> tuple[str, str]:
    """Return the timestamp and the signature of a request; refuse what its headers show to be wrong."""
    for name in _SINGLE:
        if len(request.headers.getall(name, ())) > 1:
            raise web.HTTPBadRequest
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
        raise web.HTTPUnauthorized
    if (
        request.content_type not in _KINDS
        or request.headers.get("Content-Encoding", "identity") != "identity"
    ):
        raise web.HTTPUnsupportedMediaType
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        raise web.HTTPRequestEntityTooLarge(BODY_LIMIT_BYTES, request.content_length or 0)
    return timestamp, signature


def only_to_slack(api_url: str) -> Callable[..., Awaitable[BoltResponse]]:
    """Return a middleware of Bolt's that refuses payloads whose answer would be posted off Slack."""
    api = URL(api_url)

    async def check(body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        if answers_to_slack(body, api):
            return await next_()
        logger.warning("a payload that wants its answer sent off Slack was refused")
        return BoltResponse(status=400)

    return check
