"""Receives Slack's requests over HTTP, and checks their size and signature before Bolt sees them.

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
BODY_TIMEOUT_S: Final = 10.0
MAX_AGE_S: Final = 300.0
"""An older request is rejected as a replay."""

_CONTENT_TYPES = {"application/json", "application/x-www-form-urlencoded"}
_SINGLE_HEADERS = (
    *("X-Slack-Request-Timestamp", "X-Slack-Signature"),
    *("Content-Type", "Content-Length", "Content-Encoding"),
)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


class HttpReceiver:
    """Accepts requests signed with ``signing_secret`` in the last five minutes, up to ``BODY_LIMIT_BYTES``.

    Compressed requests are rejected. The application's ``client_max_size`` ends a body without a length.
    """

    def __init__(self, signing_secret: str, *, body_timeout_s: float = BODY_TIMEOUT_S) -> None:
        if not signing_secret:
            raise ValueError("the signing secret is empty")
        self._verifier = SignatureVerifier(signing_secret)
        self._body_timeout_s = body_timeout_s

    async def handle(self, request: web.Request, dispatch: Dispatch) -> web.StreamResponse:
        """Pass a request to ``dispatch``; return its response.

        Raises:
            HTTPException: 400, 401, 408, 413 or 415, if the request is invalid.
        """
        timestamp, signature = _headers(request)
        if abs(time.time() - int(timestamp)) > MAX_AGE_S:
            raise web.HTTPUnauthorized
        try:
            async with asyncio.timeout(self._body_timeout_s):
                body = (await request.read()).decode()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        except UnicodeDecodeError as error:
            raise web.HTTPBadRequest from error
        if not self._verifier.is_valid(body, timestamp, signature):
            logger.warning("rejected a request that Slack did not sign")
            raise web.HTTPUnauthorized
        headers: dict[str, str | Sequence[str]] = {name: [value] for name, value in request.headers.items()}
        forwarded = AsyncBoltRequest(body=body, query=request.query_string, headers=headers)
        return await to_aiohttp_response(await dispatch(forwarded))


def _headers(request: web.Request) -> tuple[str, str]:
    """Return the timestamp and the signature of a request; reject invalid headers."""
    if any(len(request.headers.getall(name, ())) > 1 for name in _SINGLE_HEADERS):
        raise web.HTTPBadRequest
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
        raise web.HTTPUnauthorized
    encoding = request.headers.get("Content-Encoding", "identity")
    if request.content_type not in _CONTENT_TYPES or encoding != "identity":
        raise web.HTTPUnsupportedMediaType
    if (size_bytes := request.content_length or 0) > BODY_LIMIT_BYTES:
        raise web.HTTPRequestEntityTooLarge(BODY_LIMIT_BYTES, size_bytes)
    return timestamp, signature


def only_to_slack(api_url: str) -> Callable[..., Awaitable[BoltResponse]]:
    """Return a middleware for Bolt that rejects payloads whose response would be posted outside Slack."""
    api = URL(api_url)

    async def check(body: dict[str, Any], next_: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        if answers_to_slack(body, api):
            return await next_()
        logger.warning("rejected a payload with a response URL outside Slack")
        return BoltResponse(status=400)

    return check
