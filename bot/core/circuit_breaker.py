"""Whether the scanner takes builds at all: after failures in a row, nothing is sent but a probe now and then.

While it is open, scans wait in the queue without being pulled or sent. After each pause one of them is sent
as a probe: an answer closes the breaker, a failure makes the next pause longer. Nothing of it is kept over a
restart: the rows are queued, and the next process finds out for itself.
"""

import logging
from collections.abc import Callable

from bot.core.backoff import Backoff
from bot.core.clock import SteadyClock
from bot.core.ports import Clock

logger = logging.getLogger(__name__)

FAILURES = 5
"""So many failures in a row, over all scans, open it."""
PROBE_BACKOFF = Backoff(first_s=30.0, maximum_s=900.0)
AWAY = "OneTrust is not taking builds right now. This one is sent by itself as soon as it does."


class CircuitBreaker:
    """Closed while the scanner answers; open while it doesn't, or wants a pause."""

    def __init__(self, clock: Clock, scanner: str = "OneTrust", *, log: logging.Logger = logger) -> None:
        self._scanner = scanner  # as the log names it
        self._log = log
        self._clock = clock
        self._steady = SteadyClock(clock)  # of which all times here are
        self._watchers: list[Callable[[bool], None]] = []
        self._failures = 0
        self._open_since: float | None = None
        self._heard = False
        self._failed_probes = 0
        self._probe_at = 0.0
        self._asked_until = 0.0
        self._probe: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether builds wait."""
        return self._open_since is not None

    @property
    def open_s(self) -> float | None:
        """For how many seconds it has been open; ``None`` while it is closed."""
        return None if self._open_since is None else self._steady.now() - self._open_since

    @property
    def heard(self) -> bool:
        """Whether the scanner gave an answer since this process began."""
        return self._heard

    @property
    def probe_at(self) -> float:
        """From when on a scan may be sent as a probe, while it is open, by the clock as it is set now."""
        return self._clock.now() + self.wait_s

    @property
    def wait_s(self) -> float:
        """How long it is until a scan may be sent, in seconds."""
        return max(0.0, self._probe_at - self._steady.now()) if self.is_open else 0.0

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Have ``changed`` told ``is_open`` each time that changes; it returns at once and raises nothing."""
        self._watchers.append(changed)

    def enter(self, number: int) -> bool:
        """Tell whether a scan may be sent now; while it is open, the one that may is its probe."""
        if self.is_open and self._probe is None and self.wait_s <= 0:
            self._probe = number
        return not self.is_open or self._probe == number

    def leave(self, number: int) -> None:
        """Say that a scan which entered is sent no more, whatever came of it."""
        if self._probe == number:
            self._probe = None

    def answered(self, number: int) -> None:
        """Say that the scanner gave an answer, a yes or a clear no."""
        self._heard = True
        if self.is_open and self._probe != number and self._steady.now() < self._asked_until:
            return  # begun before the scanner asked for a pause, which it still wants
        self._failures = 0
        if self._open_since is None:
            return
        away_s = self._steady.now() - self._open_since
        self._open_since = self._probe = None
        self._log.warning(
            "%s takes builds again, after %.0f s: those that waited go on", self._scanner, away_s
        )
        self._tell()

    def failed(self, number: int, retry_after_s: float | None = None) -> None:
        """Say that the scanner failed a scan; ``retry_after_s`` is the pause that it asked for, if any."""
        now, asked_s = self._steady.now(), 0.0
        if retry_after_s is not None:
            asked_s = max(1.0, retry_after_s)
            self._asked_until = max(self._asked_until, now + asked_s)
        if self.is_open:
            if self._probe == number:
                self._failed_probes += 1
                self._probe_at = now + max(PROBE_BACKOFF.delay_s(self._failed_probes), asked_s)
                self._log.warning(
                    "%s takes no builds still: the next try is in %.0f s",
                    self._scanner,
                    self._probe_at - now,
                )
            elif asked_s:
                self._probe_at = max(self._probe_at, now + asked_s)
            return
        self._failures += 1
        if asked_s or self._failures >= FAILURES:
            self._open_since = now
            self._failed_probes = 0 if asked_s else 1  # without a pause asked for, the failures were probes
            self._probe_at = now + (asked_s or PROBE_BACKOFF.first_s)
            self._log.warning(
                "%s takes no builds (%s): scans wait, the next try is in %.0f s",
                self._scanner,
                "it asked for a pause" if asked_s else f"{self._failures} failures in a row",
                self._probe_at - now,
            )
            self._tell()

    def _tell(self) -> None:
        for changed in self._watchers:
            changed(self.is_open)
