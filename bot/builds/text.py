"""Cleaning the strings in a build: short, printable, on one line."""

import re
import unicodedata

MAX_LENGTH = 255
"""Characters kept of any value; Android and Apple show far fewer."""
MAX_TEXT_BYTES = 4 * MAX_LENGTH
"""Bytes of a string in a file that are decoded; the rest is never shown."""

_MAX_BITS = 128  # of a number; Python refuses to format very long ones
_DROPPED = frozenset({"Cc", "Cs"})  # control characters, lone surrogates
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters that are invisible
_BUNDLE_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")


def clean(value: object) -> str | None:
    """Return a value from a build as text; ``None`` if nothing visible is left of it.

    Numbers become their digits. Runs of white space become single blanks; control characters, lone surrogates
    and marks that change the writing direction are dropped. Text that is too long is cut.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return None
    text = str(value)[: 4 * MAX_LENGTH]
    kept = (" " if c.isspace() else c for c in text if c.isspace() or not _is_dropped(c))
    cleaned = " ".join("".join(kept).split())[:MAX_LENGTH].strip()
    return cleaned if any(_is_visible(character) for character in cleaned) else None


def _is_visible(character: str) -> bool:
    return character not in _BLANK and unicodedata.category(character) not in {"Cf", "Co", "Cn", "Zs"}


def _is_dropped(character: str) -> bool:
    return character in _DIRECTION or unicodedata.category(character) in _DROPPED


def is_bundle_id(value: object) -> bool:
    """Return whether it can be a bundle identifier or package: letters, digits, ``.``, ``-`` and ``_``."""
    return isinstance(value, str) and _BUNDLE_ID.fullmatch(value) is not None
