"""How often the bot may call: by a method's tier, and about one new message a second per conversation.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

import math
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.slack.service import SlackError

POST_BURST = 4
"""How many messages a conversation takes at once before one a second is kept to."""


@dataclass
class _Bucket:
    tokens: float
    at: float


class Rates:
    """Counts calls; refuses none unless ``strict``."""

    def __init__(self, clock: Clock, *, strict: bool) -> None:
        self._clock = clock
        self._strict = strict
        self._buckets: dict[str, _Bucket] = {}

    def call(self, method: str, per_minute: int) -> None:
        """Count a call of a method.

        Raises:
            SlackError: ``ratelimited``.
        """
        self._take(method, per_minute / 60, per_minute)

    def post(self, channel: str) -> None:
        """Count a new message.

        Raises:
            SlackError: ``ratelimited``.
        """
        self._take(channel, 1.0, POST_BURST)

    def _take(self, key: str, per_second: float, burst: int) -> None:
        if not self._strict:
            return
        now = self._clock.now()
        bucket = self._buckets.setdefault(key, _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * per_second)
        bucket.at = now
        if bucket.tokens < 1:
            wait_s = max(1, math.ceil((1 - bucket.tokens) / per_second))
            raise SlackError("ratelimited", retry_after=wait_s)
        bucket.tokens -= 1
