"""Which scan a request from Slack is about, so that the log says it while the request is dealt with."""

import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.core import log_context


class ListeningApp(AsyncApp):
    """Bolt's app; what is said to be the current scan within one request ends with that request."""

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Deal with a request."""
        with log_context.working_on(None):
            return await super().async_dispatch(req)


def register(app: AsyncApp, scan_buttons: Collection[str]) -> None:
    """Register what looks at each request, once its signature has been checked.

    ``scan_buttons`` are the action IDs, without a side scanner's name, whose value is a scan's number.
    """

    @app.middleware
    async def name_scan(body: dict[str, Any], next: Callable[[], Awaitable[None]]) -> None:  # noqa: A002 - Bolt's
        log_context.turn_to(scan_in(body, scan_buttons))
        await next()


def scan_in(body: dict[str, Any], scan_buttons: Collection[str]) -> int | None:
    """Return the scan whose button was pressed or whose form was used; ``None`` where there is none."""
    try:
        if body.get("type") == "block_actions" and "view" not in body:
            pressed = body["actions"][0]
            action, _, _ = pressed["action_id"].partition(":")  # behind it is the name of a side scanner
            value = pressed["value"] if action in scan_buttons else None
        elif body.get("type") in {"block_actions", "view_submission"}:
            value = json.loads(body["view"]["private_metadata"])["scan"]
        else:
            value = None
        number = int(value) if value is not None else None
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    return number if number is not None and 0 < number < 10**15 else None
