"""Checks of JSON from an app against what Slack takes, with Slack's words for what is wrong.

A ``Check`` looks at one value and notes problems by JSON pointer, as Slack does in ``response_metadata``:
``must be less than 151 characters [json-pointer:/blocks/0/text/text]``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit


class Problems:
    """What is wrong with a value, in the order it was found."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, pointer: str, words: str) -> None:
        """Note a problem at a place."""
        self.messages.append(f"{words} [json-pointer:{pointer}]")


Check = Callable[[Any, str, Problems], None]
Fields = Mapping[str, Check]


def string(most: int, *, least: int = 1) -> Check:
    """Take a string of so many characters."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.add(at, "must provide a string")
        elif len(value) < least:
            problems.add(at, f"must be more than {least - 1} characters")
        elif len(value) > most:
            problems.add(at, f"must be less than {most + 1} characters")

    return check


def url(most: int = 3000) -> Check:
    """Take an absolute web address."""
    length = string(most)

    def check(value: Any, at: str, problems: Problems) -> None:
        length(value, at, problems)
        if isinstance(value, str) and not (urlsplit(value).scheme and urlsplit(value).netloc):
            problems.add(at, "invalid url")

    return check


def number(least: int, most: int) -> Check:
    """Take a whole number in a range."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            problems.add(at, "must provide a number")
        elif not least <= value <= most:
            problems.add(at, f"must be between {least} and {most}")

    return check


def boolean(value: Any, at: str, problems: Problems) -> None:
    """Take true or false."""
    if not isinstance(value, bool):
        problems.add(at, "must provide a boolean")


def anything(_value: Any, _at: str, _problems: Problems) -> None:
    """Take whatever there is."""


def one_of(*allowed: str) -> Check:
    """Take one of these words."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if value not in allowed:
            problems.add(at, f"must be one of {', '.join(allowed)}")

    return check


def matching(pattern: str) -> Check:
    """Take a string of this form."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            problems.add(at, "must match the expected format")

    return check


def array(item: Check, *, least: int = 1, most: int) -> Check:
    """Take a list of so many items."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.add(at, "must provide an array")
            return
        if len(value) < least:
            problems.add(at, f"no less than {least} items allowed")
        if len(value) > most:
            problems.add(at, f"no more than {most} items allowed")
        for place, one in enumerate(value):
            item(one, f"{at}/{place}", problems)

    return check


def mapping(required: Fields, optional: Fields | None = None) -> Check:
    """Take an object with these fields and no others; a field that is null counts as not there."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add(at, "must provide an object")
            return
        for name in required:
            if value.get(name) is None:
                problems.add(at, f"missing required field: {name}")
        for name, part in value.items():
            if name not in known:
                problems.add(at, f"invalid additional property: {name}")
            elif part is not None:
                known[name](part, f"{at}/{name}", problems)

    return check


def typed(kinds: Mapping[str, Check]) -> Check:
    """Take an object by its ``type``."""

    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add(at, "must provide an object")
            return
        kind = value.get("type")
        if kind is None:
            problems.add(at, "missing required field: type")
        elif not isinstance(kind, str) or kind not in kinds:
            problems.add(f"{at}/type", f"unsupported type: {kind}")
        else:
            kinds[kind](value, at, problems)

    return check


def both(first: Check, *others: Check) -> Check:
    """Take what passes every check."""

    def check(value: Any, at: str, problems: Problems) -> None:
        for part in (first, *others):
            part(value, at, problems)

    return check
