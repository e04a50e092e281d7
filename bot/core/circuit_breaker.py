"""A circuit breaker for a scanner: after consecutive failures, only a probe is sent from time to time.

While it is open, scans stay queued and are neither pulled nor sent. After each pause one scan is sent as a
probe: an answer closes the breaker, a failure makes the next pause longer. Its state is not stored: the
scans are queued, and after a restart the breaker starts closed.
"""

import logging
from collections.abc import Callable

from bot.core.backoff import Backoff
from bot.core.clock import SteadyClock
from bot.core.ports import Clock

logger = logging.getLogger(__name__)

FAILURES = 5
"""Consecutive failures, of all scans together, that open it."""
PROBE_BACKOFF = Backoff(first_s=30.0, maximum_s=900.0)
AWAY = "OneTrust is not accepting builds right now. This one is sent automatically as soon as it does."


class CircuitBreaker:
    """Closed while the scanner answers; open while it fails or has asked for a pause."""

    def __init__(self, clock: Clock, scanner: str = "OneTrust", *, log: logging.Logger = logger) -> None:
        self._scanner = scanner  # its name in the log
        self._log = log
        self._clock = clock
        self._steady = SteadyClock(clock)  # for all times below
        self._watchers: list[Callable[[bool], None]] = []
        self._failures = 0
        self._open_since: float | None = None
        self.has_answered = False
        """Whether the scanner has answered since this process started."""
        self._failed_probes = 0
        self._probe_at = 0.0
        self._pause_until = 0.0
        self._probe: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether scans wait."""
        return self._open_since is not None

    @property
    def open_s(self) -> float | None:
        """Seconds since it opened; ``None`` while it is closed."""
        return None if self._open_since is None else self._steady.now() - self._open_since

    @property
    def probe_at(self) -> float:
        """When the next probe may be sent, while it is open; seconds since the epoch."""
        return self._clock.now() + self.wait_s

    @property
    def wait_s(self) -> float:
        """Seconds until a scan may be sent."""
        return max(0.0, self._probe_at - self._steady.now()) if self.is_open else 0.0

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Call ``changed`` with ``is_open`` when that changes; it must return at once and not raise."""
        self._watchers.append(changed)

    def enter(self, number: int) -> bool:
        """Tell whether a scan may be sent now; while the breaker is open, only one may, as its probe."""
        if self.is_open and self._probe is None and self.wait_s <= 0:
            self._probe = number
        return not self.is_open or self._probe == number

    def leave(self, number: int) -> None:
        """Note that a scan which entered is no longer being sent, whatever the outcome."""
        if self._probe == number:
            self._probe = None

    def answered(self, number: int) -> None:
        """Note that the scanner answered: it accepted or rejected the build."""
        self.has_answered = True
        if self.is_open and self._probe != number and self._steady.now() < self._pause_until:
            return  # sent before the scanner asked for a pause, which is not over
        self._failures = 0
        if self._open_since is None:
            return
        away_s = self._steady.now() - self._open_since
        self._open_since = self._probe = None
        text = "%s accepts builds again after %.0f s; waiting scans continue"
        self._log.warning(text, self._scanner, away_s)
        self._notify()

    def failed(self, number: int, retry_after_s: float | None = None) -> None:
        """Note that the scanner failed; ``retry_after_s`` is the pause that it asked for, if any."""
        now, pause_s = self._steady.now(), 0.0
        if retry_after_s is not None:
            pause_s = max(1.0, retry_after_s)
            self._pause_until = max(self._pause_until, now + pause_s)
        if self.is_open:
            if self._probe == number:
                self._failed_probes += 1
                self._probe_at = now + max(PROBE_BACKOFF.delay_s(self._failed_probes), pause_s)
                wait_s = self._probe_at - now
                self._log.warning("%s still accepts no builds; next probe in %.0f s", self._scanner, wait_s)
            elif pause_s:
                self._probe_at = max(self._probe_at, now + pause_s)
            return
        self._failures += 1
        if pause_s or self._failures >= FAILURES:
            self._open_since = now
            self._failed_probes = 0 if pause_s else 1  # the failures that opened it count as a probe
            self._probe_at = now + (pause_s or PROBE_BACKOFF.first_s)
            why = "it asked for a pause" if pause_s else f"{self._failures} consecutive failures"
            text = "%s accepts no builds (%s); scans wait, next probe in %.0f s"
            self._log.warning(text, self._scanner, why, self._probe_at - now)
            self._notify()

    def _notify(self) -> None:
        for changed in self._watchers:
            changed(self.is_open)
