"""Typed values from JSON that an outside system sent. A value that is missing or of a wrong type is ``None``.

Strings are still outside data: they are cut and cleaned here, and escaped where they are shown.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeGuard, TypeVar
from unicodedata import normalize

WORD_LIMIT: Final = 100
"""Characters of a string that is a word, such as a category."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_EPOCH = re.compile(r"[0-9]{9,16}(?:\.[0-9]{1,9})?")
_LATEST_S: Final = 4_102_444_800.0  # the year 2100
_MILLISECONDS_FROM: Final = 1e11
_PLACEHOLDERS: Final = frozenset({"none", "null", "n/a", "-"})

T = TypeVar("T")
D = TypeVar("D")
E = TypeVar("E", bound=Enum)


def text(value: object, limit: int = WORD_LIMIT) -> str | None:
    """Return a string or whole number as one line without control characters, cut to ``limit``.

    Characters that can't be seen but belong to a name, as between the parts of an emoji, stay.
    """
    if _is_int(value) and value.bit_length() < 128:
        value = str(value)
    if not isinstance(value, str):
        return None
    return _cut(_clean(value, limit), limit)


def printable(value: object, limit: int = WORD_LIMIT) -> str | None:
    """Return a string as ``text`` does, with single spaces and printable characters only."""
    if not isinstance(value, str):
        return None
    line = " ".join(_clean(value, limit).split())
    return _cut("".join(sign if sign.isprintable() else "�" for sign in line), limit)


def word(value: object, limit: int = WORD_LIMIT) -> str | None:
    """Return a string as ``printable`` does; ``None`` for a placeholder such as "none" or "n/a"."""
    line = printable(value, limit)
    return None if line is None or line.lower() in _PLACEHOLDERS else line


def identifier(value: object, limit: int) -> str | None:
    """Return an ID; ``None`` if it has more than ``limit`` characters."""
    found = text(value, limit + 1)
    return found if found is not None and len(found) <= limit else None


def words(value: object, maximum: int, limit: int = WORD_LIMIT) -> tuple[str, ...]:
    """Return the strings in a list, or a string alone: each once, and ``maximum`` at most."""
    entries = value if isinstance(value, list) else [value]
    return tuple(unique(printable(entry, limit) for entry in entries[: 2 * maximum]))[:maximum]


def number(value: object, maximum: float = math.inf) -> float | None:
    """Return a finite number from 0 to ``maximum``."""
    found = None if isinstance(value, str) else numeral(value)
    return found if found is not None and 0 <= found <= maximum else None


def numeral(value: object) -> float | None:
    """Return a finite number, or one that a string holds; it may be negative."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def clamped(value: object, maximum: int) -> int | None:
    """Return a number or numeral rounded to a whole number, and moved into 0 to ``maximum``."""
    found = numeral(value)
    return None if found is None else round(min(max(found, 0), maximum))


def count(value: object, maximum: int) -> int | None:
    """Return a whole number from 0 to ``maximum``."""
    found = number(value, maximum)
    return int(found) if found is not None and found.is_integer() else None


def timestamp(value: object) -> float | None:
    """Return a time before 2100 in seconds since the epoch.

    It is ISO 8601 (UTC if it names no zone), or seconds or milliseconds since the epoch.
    """
    if isinstance(value, str):
        value = value.strip()[:64]
        if not _EPOCH.fullmatch(value):
            return _possible(_iso(value))
    at = numeral(value)
    return None if at is None else _possible(at / 1000 if at >= _MILLISECONDS_FROM else at)


def member(kind: type[E], value: object, default: D) -> E | D:
    """Return the member of an enum with this string as its value, in any case."""
    wanted = value.strip().lower() if isinstance(value, str) else ""
    return next((each for each in kind if str(each.value).lower() == wanted), default)


def record(value: object, *path: str) -> Mapping[str, object]:
    """Return the object that ``path`` leads to inside a value; an empty one without it."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items(value: object, maximum: int) -> list[object]:
    """Return the first ``maximum`` entries of a list."""
    return value[:maximum] if isinstance(value, list) else []


def records(value: object, maximum: int) -> Iterator[Mapping[str, object]]:
    """Return the objects among the first ``maximum`` entries of a list."""
    return (entry for entry in items(value, maximum) if isinstance(entry, Mapping))


def unique(values: Iterable[T | None], key: Callable[[T], object] = lambda value: value) -> list[T]:
    """Return the values that are not ``None``, the first of each ``key``, in their order."""
    found: dict[object, T] = {}
    for value in values:
        if value is not None:
            found.setdefault(key(value), value)
    return list(found.values())


def _clean(value: str, limit: int) -> str:
    whole = value[: 4 * limit].encode("utf-8", "replace").decode()  # half of a surrogate pair can't be stored
    return _CONTROL.sub(" ", normalize("NFC", whole)).strip()


def _cut(line: str, limit: int) -> str | None:
    return (line if len(line) <= limit else line[: limit - 1].rstrip() + "…") or None


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _iso(value: str) -> float:
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _possible(seconds: float) -> float | None:
    return seconds if 0 < seconds < _LATEST_S else None
