"""Which scan a request from Slack is about, so that log lines written during the request carry its number."""

import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.core import log_context


class ListeningApp(AsyncApp):
    """Bolt's app, with a log context for each request."""

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Dispatch a request; the current scan that is set meanwhile ends with it."""
        with log_context.working_on(None):
            return await super().async_dispatch(req)


def register(app: AsyncApp, scan_buttons: Collection[str]) -> None:
    """Register a middleware that sets the current scan, after the signature has been checked.

    ``scan_buttons`` are the action IDs, without a side scanner's name, whose value is a scan's number.
    """

    @app.middleware
    async def name_scan(body: dict[str, Any], next: Callable[[], Awaitable[None]]) -> None:  # noqa: A002 - Bolt's
        log_context.turn_to(scan_in(body, scan_buttons))
        await next()


def scan_in(body: dict[str, Any], scan_buttons: Collection[str]) -> int | None:
    """Return the number of the scan that a button or form belongs to; ``None`` without one."""
    try:
        if body.get("type") == "block_actions" and "view" not in body:
            pressed = body["actions"][0]
            action, _, _ = pressed["action_id"].partition(":")  # behind it is the name of a side scanner
            number = int(pressed["value"]) if action in scan_buttons else 0
        elif body.get("type") in {"block_actions", "view_submission"}:
            number = int(json.loads(body["view"]["private_metadata"])["scan"])
        else:
            number = 0
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    return number if 0 < number < 10**15 else None
