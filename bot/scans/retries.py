"""When to try again. The only place that decides it.

Source: the status table of OneTrust's "Getting started" page: 429 is a rate limit (its ``Retry-After`` says
how long), 503 is "try again later".
"""

import random
from collections.abc import Callable

FIRST_S = 5.0
LONGEST_S = 900.0
SEND_TRIES = 300
"""So often a build is offered to a scanner that says "later": a long weekend, at the longest waits.

Waiting while nothing is sent to the scanner at all is no try.
"""
RECORD_TRIES = 60
"""So often the scanner's receipt is written to a database that can't be written to."""
PULL_TRIES = 6
"""So often in a row a file is asked of Slack."""

ROOM_LONGEST_S = 60.0
"""The longest wait for room on the bot's own disk."""


def room_delay_s(failures: int) -> float:
    """Return how long to wait, in seconds, after the bot's disk took no more for the ``failures``-th time."""
    longest: float = min(ROOM_LONGEST_S, FIRST_S * 2 ** max(0, min(failures - 1, 10)))
    return longest


def delay_s(attempt: int, asked_s: float | None, jitter: Callable[[], float] = random.random) -> float:
    """Return how long to wait after the ``attempt``-th try (from 1), in seconds.

    What the server asked for is kept to; else the wait doubles up to a quarter of an hour, each time
    shortened by up to half, so that scans that failed together don't come back together.
    """
    if asked_s is not None:
        return max(1.0, asked_s)
    longest: float = min(LONGEST_S, FIRST_S * 2 ** max(0, min(attempt - 1, 10)))
    return longest * (1 - jitter() / 2)
