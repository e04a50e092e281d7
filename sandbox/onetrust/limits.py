"""OneTrust's rate limits: so many calls to an endpoint in any minute, a block on webhooks beyond theirs."""

import math
import uuid
from collections import deque
from collections.abc import Callable

from sandbox.front import Refusal

_MINUTE_S = 60.0


class Limits:
    """Counts the calls to each endpoint by the stand-in's clock.

    Beyond ``per_minute`` an endpoint answers 429 until fewer were made in the last minute. The path of the
    webhooks takes ``webhooks_per_minute``, all of them together, and then nothing for a minute.
    """

    def __init__(self, now: Callable[[], float], *, per_minute: int, webhooks_per_minute: int) -> None:
        self.per_minute = per_minute
        self.webhooks_per_minute = webhooks_per_minute
        self._now = now
        self._made: dict[str, deque[float]] = {}
        self._blocked_until = 0.0

    def endpoint(self, name: str) -> None:
        """Count one call.

        Raises:
            Refusal: there were too many.
        """
        made = self._count(name)
        if len(made) >= self.per_minute:
            raise self._refusal(made[0] + _MINUTE_S, self.per_minute, len(made))
        made.append(self._now())

    def webhook(self) -> None:
        """Count one call on the path of the webhooks.

        Raises:
            Refusal: there were too many, now or within the last minute.
        """
        made = self._count("webhooks")
        if len(made) >= self.webhooks_per_minute and self._blocked_until <= self._now():
            self._blocked_until = self._now() + _MINUTE_S
        if self._blocked_until > self._now():
            raise self._refusal(self._blocked_until, self.webhooks_per_minute, len(made))
        made.append(self._now())

    def _count(self, name: str) -> deque[float]:
        made = self._made.setdefault(name, deque())
        while made and made[0] <= self._now() - _MINUTE_S:
            made.popleft()
        return made

    def _refusal(self, until: float, allowed: int, made: int) -> Refusal:
        headers = {
            "Retry-After": str(max(1, math.ceil(until - self._now()))),
            "ot-period": "MINUTE",
            "ot-requests-allowed": str(allowed),
            "ot-request-made": str(made + 1),
            "ot-ratelimit-event-id": str(uuid.uuid4()),
        }
        return Refusal(429, "too many requests", headers)
