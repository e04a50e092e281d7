"""A channel is flooded with builds: none is lost, others are not held up, and one notice says so."""

import statistics
from pathlib import Path

from tests.acceptance.flood.run import CONCURRENCY, run

MB = 1_000_000


async def test_a_flood_in_one_channel_loses_nothing_and_holds_nobody_up(tmp_path: Path):
    seen = await run(flooding=16, others=2, channels=2, commands_per_s=4, within_s=6.0, folder=tmp_path)

    assert seen.states == {"submitted": 20}, seen.table()
    assert (seen.submitted, seen.replies, seen.doubled) == (20, 20, 0)
    assert seen.unanswered == 0  # how soon they were is the machine's as well: ``make flood`` tells
    assert statistics.median(seen.waits_s[False]) < 24  # as Slack takes one reply a second for the flooding
    assert seen.at_work <= CONCURRENCY
    assert seen.growth_bytes() < 40 * MB
    assert max(seen.files) < seen.files[0] + 40
    (notice,) = seen.notices
    assert "Every build that was shared here has its reply" in notice
