"""What an answer says beside its text: a JSON object, and how long to wait."""

import json
import math
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 24 * 3600.0
"""A longer ``Retry-After`` is taken as this."""


def read_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in a body; an empty one where it holds no such thing."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, half of it, or nested without end
        return {}
    return value if isinstance(value, dict) else {}


def retry_after_s(value: str | None, now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for, at most a day; ``None`` where it can't be read.

    It is a number of seconds or an HTTP date (RFC 9110, section 10.2.3); ``now`` is seconds since the epoch.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            if (
                date.tzinfo is None
            ):  # C's asctime names no zone: it is UTC, not this machine's (section 5.6.7)
                date = date.replace(tzinfo=UTC)
            seconds = date.timestamp() - now
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
