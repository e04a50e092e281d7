"""Counts and lists in a sentence, and long texts in several sections."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

NAMED: Final = 8
"""How many of a list are named; the rest is counted."""
T = TypeVar("T")


def count(number: int, what: str) -> str:
    """Say how many: "1 SDK", "12 permissions"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def listed(items: Sequence[T], name: Callable[[T], str], limit: int = NAMED) -> str:
    """Name the first of many: "A, B and 12 more"."""
    named = ", ".join(name(item) for item in items[:limit])
    return f"{named} and {len(items) - limit:,} more" if len(items) > limit else named


def paragraphs(lines: Iterable[str], limit: int = 2900) -> list[str]:
    """Join lines into as few paragraphs as Slack's sections allow, each line whole."""
    joined: list[str] = []
    for line in lines:
        if joined and len(joined[-1]) + 1 + len(line) <= limit:
            joined[-1] += f"\n{line}"
        else:
            joined.append(line)
    return joined
