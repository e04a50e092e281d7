"""Reading values out of Zscaler's answers: what is not of the published shape is not there.

Texts come from outside, and stay so: they are cut and made of printable signs here, and escaped where shown.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, TypeVar

WORD_LIMIT: Final = 100
"""Characters of a text that is a word, such as a category."""

_SAYS_NONE: Final = frozenset({"none", "null", "n/a", "-"})

Word = TypeVar("Word", bound=StrEnum)


def text(value: Any, limit: int = WORD_LIMIT) -> str | None:
    """Return a text as one line of printable signs, cut to ``limit``; ``None`` where there is none."""
    if not isinstance(value, str) or not value[: 2 * limit].strip():
        return None
    line = " ".join(value[: 2 * limit].split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return line if line.isprintable() else "".join(sign if sign.isprintable() else "�" for sign in line)


def told(value: Any, limit: int = WORD_LIMIT) -> str | None:
    """Return a text as ``text`` does; ``None`` for a word that says that there is none, too."""
    line = text(value, limit)
    return None if line is None or line.lower() in _SAYS_NONE else line


def texts(value: Any, most: int, limit: int = WORD_LIMIT) -> tuple[str, ...]:
    """Return the texts of a list, ``most`` at most, each once."""
    entries = value if isinstance(value, list) else [value]
    found = dict.fromkeys(line for entry in entries[: 2 * most] if (line := text(entry, limit)))
    return tuple(found)[:most]


def number(value: Any) -> float | None:
    """Return a number or a numeral that is finite; ``None`` for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value[:40] if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any, most: int) -> int | None:
    """Return a whole number between 0 and ``most``, which it is pulled to."""
    found = number(value)
    return None if found is None else round(min(max(found, 0), most))


def one_of(kind: type[Word], value: Any, otherwise: Word) -> Word:
    """Return the member of an enum by its value, whatever its case."""
    word = value.strip().upper() if isinstance(value, str) else ""
    return next((member for member in kind if member.value == word), otherwise)


def section(value: Any, name: str) -> dict[str, Any]:
    """Return an object in an object; an empty one where there is none."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def objects(value: Any, most: int) -> Iterator[dict[str, Any]]:
    """Return the objects of a list, of its first ``most`` entries."""
    return (entry for entry in (value[:most] if isinstance(value, list) else ()) if isinstance(entry, dict))
