"""The pieces of Block Kit that this project uses.

Text is Slack's ``mrkdwn`` with ``verbatim``, so that Slack makes no link or mention out of what
only looks like one (https://docs.slack.dev/reference/block-kit/composition-objects/text-object).
"""

import json
from collections.abc import Callable
from typing import Any

from bot.errors import UsageError
from bot.slack.blocks.text import plain

Block = dict[str, Any]

_BUTTON_LIMIT = 75
_URL_LIMIT = 3000
_NUMBER_LIMIT = 2**53


def mrkdwn(text: str) -> Block:
    """Make a text object; ``text`` holds no raw outside text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def words(text: str) -> Block:
    """Make a text object that Slack never formats."""
    return {"type": "plain_text", "text": text, "emoji": False}


def section(text: str, *, accessory: Block | None = None) -> Block:
    """Make a paragraph of at most 3,000 characters, with a button beside it if one is given."""
    return _set({"type": "section", "text": mrkdwn(text)}, accessory=accessory)


def facts(pairs: list[tuple[str, str]]) -> Block:
    """Make two columns of a name and a value each; at most 10 pairs."""
    return {"type": "section", "fields": [mrkdwn(f"*{name}*\n{value}") for name, value in pairs]}


def context(*parts: str | None) -> Block:
    """Make one small grey line of its parts, leaving out ``None`` and the empty."""
    return {"type": "context", "elements": [mrkdwn(" · ".join(part for part in parts if part))]}


def button(
    label: str, action_id: str, value: str, *, style: str | None = None, confirm: Block | None = None
) -> Block:
    """Make a button; its value comes back with the press."""
    text = words(plain(label, _BUTTON_LIMIT))
    element = {"type": "button", "text": text, "action_id": action_id, "value": value}
    return _set(element, style=style, confirm=confirm)


def button_value(*parts: str | int) -> str:
    """Return the parts as a button's value."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def read_button_value(value: str, *types: type, example: str) -> list[Any]:
    """Return the parts that ``button_value`` wrote; each has exactly its type.

    Raises:
        UsageError: the value is invalid, or has a number below 0 or above ``_NUMBER_LIMIT``.
    """
    try:
        parts = json.loads(value)
    except (ValueError, RecursionError):
        parts = None
    is_valid = isinstance(parts, list) and [type(part) for part in parts] == list(types)
    if not is_valid or any(type(part) is int and not 0 <= part <= _NUMBER_LIMIT for part in parts):
        raise UsageError("That button is out of date.", example=example)
    return list(parts)


def page_buttons(
    labels: tuple[str, str],
    action_ids: tuple[str, str],
    value: Callable[[int], str],
    *,
    offset: int,
    size: int,
    has_more: bool,
) -> Block | None:
    """Make the buttons to the pages before and after; ``value`` returns their value for an offset."""
    return actions(
        button(labels[0], action_ids[0], value(max(0, offset - size))) if offset else None,
        button(labels[1], action_ids[1], value(offset + size)) if has_more else None,
    )


def link_button(label: str, action_id: str, value: str, url: str | None) -> Block | None:
    """Make a button that opens a page; ``None`` without a URL that Slack accepts."""
    if url is None or len(url) > _URL_LIMIT or not url.startswith(("https://", "http://")):
        return None
    return {**button(label, action_id, value), "url": url}


def confirm(title: str, text: str, *, yes: str, no: str) -> Block:
    """Make the question that is asked when a button is pressed."""
    return {"title": words(title), "text": words(text), "confirm": words(yes), "deny": words(no)}


def actions(*buttons: Block | None) -> Block | None:
    """Make a row of buttons, leaving out ``None``; ``None`` without any."""
    kept = [element for element in buttons if element is not None]
    return {"type": "actions", "elements": kept} if kept else None


def _set(element: Block, **fields: Block | str | None) -> Block:
    return element | {name: value for name, value in fields.items() if value is not None}
