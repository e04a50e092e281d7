"""What may be believed of the words in a build: short, printable, and in one line."""

import re
import unicodedata

MAX_LENGTH = 255
"""Characters kept of any value; Android and Apple show far fewer."""

_MAX_BITS = 128  # of a number; Python refuses to write out very long ones
_DROPPED = frozenset({"Cc", "Cs"})  # control characters, lone surrogates
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters that show nothing
_BUNDLE_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")


def clean(value: object) -> str | None:
    """Return a value from a build as text, or ``None`` where nothing is left of it.

    Numbers become their digits. White space becomes single blanks; control characters, lone surrogates
    and marks that turn the direction of writing are dropped, and what is too long is cut.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return None
    text = str(value)[: 4 * MAX_LENGTH]
    kept = (" " if c.isspace() else c for c in text if c.isspace() or not _is_dropped(c))
    told = " ".join("".join(kept).split())[:MAX_LENGTH].strip()
    return told if any(_is_seen(character) for character in told) else None


def _is_seen(character: str) -> bool:
    return character not in _BLANK and unicodedata.category(character) not in {"Cf", "Co", "Cn", "Zs"}


def _is_dropped(character: str) -> bool:
    return character in _DIRECTION or unicodedata.category(character) in _DROPPED


def is_bundle_id(value: object) -> bool:
    """Tell whether it can be a bundle identifier or package: letters, digits, ``.``, ``-`` and ``_``."""
    return isinstance(value, str) and _BUNDLE_ID.fullmatch(value) is not None
