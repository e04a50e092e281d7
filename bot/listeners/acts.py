"""Who did what and where, read from what Slack delivers; of a payload nothing is taken for granted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import UsageError

UNSIGNED = "Slack did not say who did that, or where. Try it again in the conversation itself."


@dataclass(frozen=True, kw_only=True)
class Act:
    """A press of a button, or a shortcut."""

    user: str
    channel: str
    value: str
    """The button's, or of what was chosen in a menu; empty where there is none."""

    def number(self, *, digits: int, example: str) -> int:
        """Return the value as the number that it is.

        Raises:
            UsageError: it is none of so many digits.
        """
        if not (self.value.isascii() and self.value.isdigit() and len(self.value) <= digits):
            raise UsageError("That button is out of date.", example=example)
        return int(self.value)


def act(body: Mapping[str, Any]) -> Act:
    """Read a press or a shortcut.

    Raises:
        UsageError: it does not say who, or where.
    """
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    return Act(
        user=actor(body),
        channel=said(body, "channel", "id") or needed(body, "container", "channel_id"),
        value=said(first, "value") or said(first, "selected_option", "value"),
    )


def actor(body: Mapping[str, Any]) -> str:
    """Return who acted.

    Raises:
        UsageError: the payload does not say.
    """
    return needed(body, "user", "id")


def needed(payload: object, *keys: str) -> str:
    """Return the text at these keys.

    Raises:
        UsageError: there is none.
    """
    found = said(payload, *keys)
    if not found:
        raise UsageError(UNSIGNED)
    return found


def said(payload: object, *keys: str) -> str:
    """Return the text at these keys, one within the other, as valid Unicode; empty where there is none."""
    for key in keys:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    # JSON can spell half a surrogate pair, which nothing takes that is asked about it.
    return payload.encode(errors="replace").decode() if isinstance(payload, str) else ""
