"""The response of a scanner's API."""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

LONGEST_WAIT_S = 24 * 3600.0
"""The longest ``Retry-After``; a longer one counts as this."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response, whatever its status."""

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_complete: bool = True
    """Whether all of the body was read."""

    @property
    def is_success(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the JSON in the body; ``None`` without it."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # no JSON, no UTF-8, cut off, or nested too deep
            return None

    def object(self) -> dict[str, object]:
        """Return the JSON object in the body; an empty one without it."""
        value = self.json()
        return value if isinstance(value, dict) else {}

    def retry_after_s(self, now: float) -> float | None:
        """Return the seconds of ``Retry-After``; ``now`` is seconds since the epoch."""
        return retry_after_s(self.headers.get("Retry-After"), now)


def retry_after_s(value: str | None, now: float) -> float | None:
    """Return the seconds of a ``Retry-After``, at most a day; ``None`` if it can't be read.

    It is a number of seconds or an HTTP date (RFC 9110, section 10.2.3); ``now`` is seconds since the epoch.
    """
    try:
        seconds = float(value or "")
    except ValueError:
        date = http_date(value)
        if date is None:
            return None
        seconds = date - now
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT_S)


def http_date(value: str | None) -> float | None:
    """Return an HTTP date in seconds since the epoch; ``None`` if it can't be read."""
    try:
        date = parsedate_to_datetime(value or "")
        # asctime's form names no zone: it is UTC, not this machine's (RFC 9110, section 5.6.7).
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
