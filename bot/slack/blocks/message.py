"""A message to Slack: its blocks, and the same in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from bot.slack.blocks.text import link

TEXT_LIMIT = 3900
"""Characters in ``Message.text``; ``chat.update`` refuses more than 4,000."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What to post, update or answer with."""

    text: str
    """Everything the blocks say, for notifications, screen readers and where blocks are refused."""
    blocks: list[dict[str, Any]]
    """Block Kit, within Slack's limits."""


def compose(blocks: Iterable[dict[str, Any] | None]) -> Message:
    """Make a message of blocks, leaving out ``None``; its text is what they say, line by line."""
    kept = [block for block in blocks if block is not None]
    lines = list(_lines(kept))
    ends = accumulate(len(line) + 1 for line in lines)
    fitting = sum(end <= TEXT_LIMIT for end in ends)
    return Message(text="\n".join([*lines[:fitting], *["…"][: len(lines) - fitting]]), blocks=kept)


def _lines(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what blocks say in whole lines, so that no mention or entity is ever cut in two."""
    for block in blocks:
        if "text" in block:
            yield from block["text"]["text"].split("\n")
        for field in block.get("fields", ()):
            yield field["text"].replace("\n", ": ")
        for element in block.get("elements", ()):
            if element["type"] == "mrkdwn":
                yield from element["text"].split("\n")
            elif "url" in element:
                yield link(element["url"], element["text"]["text"])
