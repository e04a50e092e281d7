"""One call of the Web API: its arguments, read the way Slack reads them."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.slack.service import SlackError


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """A call's arguments, from the query, a form or JSON."""

    values: Mapping[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """Return an argument; one without a default has to be there.

        Raises:
            SlackError: ``invalid_arguments``.
        """
        value = self.values.get(name)
        if value in (None, ""):
            if default is not None:
                return default
            told = f"[ERROR] missing required field: {name}"
            raise SlackError("invalid_arguments", response_metadata={"messages": [told]})
        return str(value)

    def maybe(self, name: str) -> str | None:
        """Return an argument that may be left out."""
        value = self.values.get(name)
        return None if value in (None, "") else str(value)

    def flag(self, name: str) -> bool:
        """Return whether an argument says yes."""
        return str(self.values.get(name, "")).lower() in {"1", "true"}

    def number(self, name: str, default: int, *, most: int) -> int:
        """Return a count between 1 and ``most``.

        Raises:
            SlackError: ``invalid_limit``.
        """
        value = self.text(name, str(default))
        if not value.isdigit() or int(value) < 1:
            raise SlackError("invalid_limit")
        return min(int(value), most)

    def start(self, count: int) -> int:
        """Return where the page that ``cursor`` names begins, among ``count`` items.

        Raises:
            SlackError: ``invalid_cursor``.
        """
        cursor = self.maybe("cursor")
        if cursor is None:
            return 0
        try:
            word = base64.b64decode(cursor, validate=True).decode()
            at = int(word.removeprefix("offset:"))
        except (binascii.Error, UnicodeDecodeError, ValueError) as exc:
            raise SlackError("invalid_cursor") from exc
        if not 0 <= at <= count:
            raise SlackError("invalid_cursor")
        return at


def cursor_at(place: int, count: int) -> str:
    """Return the cursor of the page that begins there; empty where nothing is left."""
    return base64.b64encode(f"offset:{place}".encode()).decode() if place < count else ""


async def read_arguments(request: web.Request, *, takes_json: bool) -> tuple[dict[str, Any], str]:
    """Return a call's arguments and its token.

    The token comes in the ``Authorization`` header or as a form's ``token``. JSON is read only where Slack
    reads it: elsewhere its arguments are not there. Source: https://docs.slack.dev/apis/web-api/

    Raises:
        SlackError: ``invalid_json``, ``json_not_object``, ``invalid_form_data``.
    """
    values: dict[str, Any] = dict(request.query)
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""
    if request.method == "POST" and request.content_type == "application/json":
        if takes_json:
            try:
                body = json.loads(await request.text() or "{}")
            except ValueError as exc:
                raise SlackError("invalid_json") from exc
            if not isinstance(body, dict):
                raise SlackError("json_not_object")
            values |= body
    elif request.method == "POST":
        try:
            values |= dict(await request.post())
        except ValueError as exc:
            raise SlackError("invalid_form_data") from exc
    return values, token or str(values.get("token", ""))
