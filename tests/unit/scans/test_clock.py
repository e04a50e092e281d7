"""The real clock."""

import time

from bot.scans.clock import SystemClock


async def test_the_clock_is_the_machines():
    clock = SystemClock()
    before = time.time()

    await clock.sleep(-1)

    assert before <= clock.now() <= time.time()
