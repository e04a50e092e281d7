"""Modals that show a message or a form, and reading what was typed into one."""

import json
from collections.abc import Mapping
from typing import Any, Final

from bot.errors import UsageError
from bot.slack.blocks.elements import Block, words
from bot.slack.blocks.message import Message
from bot.slack.blocks.short_answers import notice

NOTICE: Final = "notice"
"""The callback ID of a modal that only shows something."""


def notice_modal(sentence: str) -> Block:
    """Show a sentence of this project in a modal."""
    return message_modal(notice(sentence))


def message_modal(message: Message) -> Block:
    """Show the blocks of a message in a modal."""
    return {
        "type": "modal",
        "callback_id": NOTICE,
        "title": words("appscan"),
        "close": words("Close"),
        "blocks": message.blocks,
    }


def form(callback_id: str, heading: str, submit: str, kept: dict[str, Any], blocks: list[Block]) -> Block:
    """Make a form; ``kept`` comes back when it is submitted."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": json.dumps(kept),
        "title": words(heading),
        "submit": words(submit),
        "close": words("Cancel"),
        "blocks": blocks,
    }


def text_input(
    block_id: str, action_id: str, label: str, hint: str, limit: int, *, multiline: bool = False
) -> Block:
    """Make a required input of at most ``limit`` characters."""
    element = {"type": "plain_text_input", "action_id": action_id, "max_length": limit}
    return {
        "type": "input",
        "block_id": block_id,
        "label": words(label),
        "hint": words(hint),
        "element": {**element, "multiline": multiline, "focus_on_load": True},
    }


def kept_in(view: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ``private_metadata`` of a modal.

    Raises:
        UsageError: it is not what this project writes there; so do ``number_in`` and ``text_in``.
    """
    try:
        kept = json.loads(view.get("private_metadata") or "")
    except (ValueError, TypeError, RecursionError):
        raise outdated() from None
    if not isinstance(kept, dict):
        raise outdated()
    return kept


def number_in(kept: Mapping[str, Any], name: str) -> int:
    """Return a number from ``kept_in``, such as that of a scan."""
    if type(number := kept.get(name)) is int and 0 <= number < 2**53:
        return number
    raise outdated()


def text_in(kept: Mapping[str, Any], name: str) -> str:
    """Return a text from ``kept_in``."""
    if isinstance(found := kept.get(name), str):
        return found
    raise outdated()


def typed_in(view: Mapping[str, Any], block_id: str, action_id: str) -> str:
    """Return what was typed into an input; empty if nothing was."""
    found: Any = view
    for key in ("state", "values", block_id, action_id, "value"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def outdated() -> UsageError:
    """Return the error of a form that an older version made."""
    return UsageError("This form is out of date. Close it and press the button again.")
