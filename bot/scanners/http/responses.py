"""The JSON object and the ``Retry-After`` of a response."""

import json
import math
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT_S = 24 * 3600.0
"""The longest ``Retry-After``; a longer one counts as this."""


def read_json(body: bytes) -> Any:
    """Return the JSON in a body; ``None`` without it."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, cut off, or nested too deep
        return None


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in a body; an empty one without it."""
    value = read_json(body)
    return value if isinstance(value, dict) else {}


def retry_after_s(value: str | None, now: float) -> float | None:
    """Return the seconds of a ``Retry-After``, at most a day; ``None`` if it can't be read.

    It is a number of seconds or an HTTP date (RFC 9110, section 10.2.3); ``now`` is seconds since the epoch.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            # asctime's form names no zone: it is UTC, not this machine's (section 5.6.7).
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
