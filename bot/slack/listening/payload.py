"""Reading who did what, and where, from the payloads that Slack delivers; any field may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import UsageError

UNSIGNED = "Slack did not say who did that, or where. Try again in the conversation itself."


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A press of a button, or a shortcut."""

    user: str
    channel: str
    value: str
    """Of the button or of the selected option; empty without one."""
    action: str = ""
    """The action ID; empty without one."""

    def number(self, *, digits: int, example: str) -> int:
        """Return the value as a number; raises ``UsageError`` if it is invalid, or has more digits."""
        if not (self.value.isascii() and self.value.isdigit() and len(self.value) <= digits):
            raise UsageError("That button is out of date.", example=example)
        return int(self.value)


def read_payload(body: Mapping[str, Any]) -> Payload:
    """Read a press or a shortcut; raises ``UsageError`` without a person or a conversation."""
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    return Payload(
        user=actor(body),
        channel=said(body, "channel", "id") or needed(body, "container", "channel_id"),
        value=said(first, "value") or said(first, "selected_option", "value"),
        action=said(first, "action_id"),
    )


def actor(body: Mapping[str, Any]) -> str:
    """Return the ID of the person who acted; raises ``UsageError`` without one."""
    return needed(body, "user", "id")


def needed(payload: object, *keys: str) -> str:
    """Return the text at a path of keys; raises ``UsageError`` without one."""
    if found := said(payload, *keys):
        return found
    raise UsageError(UNSIGNED)


def said(payload: object, *keys: str) -> str:
    """Return the text at a path of keys, as valid Unicode; empty if it is missing."""
    for key in keys:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    # JSON can contain a lone surrogate, which can't be encoded for another request.
    return payload.encode(errors="replace").decode() if isinstance(payload, str) else ""
