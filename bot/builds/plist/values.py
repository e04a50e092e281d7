"""What is kept of a property list: a dictionary of its strings and numbers."""

import re
from typing import Any

from bot.builds.problems import BuildProblem, BuildProblemError

Properties = dict[str, Any]
"""By key: text, a number, a dictionary of such (where asked for), or ``None`` for everything else."""

IDENTIFIER = "CFBundleIdentifier"

_INTEGER = re.compile(r"\s*+([+-]?)\s*+(?:0[xX]([0-9A-Fa-f]{1,40})|([0-9]{1,40}))\s*+")


def put(properties: Properties, key: str, value: object) -> None:
    """Set a value: of a key that is repeated the last counts, as for Apple.

    Raises:
        BuildProblemError: the bundle identifier is in it twice, and not the same.
    """
    if key == IDENTIFIER and properties.get(key, value) != value:
        raise BuildProblemError(BuildProblem.AMBIGUOUS)
    properties[key] = value


def integer(text: str) -> int | None:
    """Return an integer, decimal or hexadecimal, with or without a sign; ``None`` if the text is invalid."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    sign, hexadecimal, decimal = match.groups()
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return -number if sign == "-" else number


def real(text: str) -> float | None:
    """Return a real number; ``None`` if the text is invalid."""
    try:
        return float(text)
    except ValueError:
        return None
