"""A channel is flooded with builds: none is lost, others are not held up, and one notice says so."""

from pathlib import Path

import pytest

from tests.acceptance.flood.run import CONCURRENCY, run

MB = 1_000_000


@pytest.mark.timeout(300)
async def test_a_flood_in_one_channel_loses_nothing_and_holds_nobody_up(tmp_path: Path):
    seen = await run(flooding=24, others=4, channels=2, commands_per_s=8, within_s=6.0, folder=tmp_path)

    assert seen.states == {"submitted": 32}, seen.table()
    assert (seen.submitted, seen.replies, seen.doubled) == (32, 32, 0)
    assert (seen.redelivered, seen.late, seen.unanswered) == (0, 0, 0)
    assert seen.at_work <= CONCURRENCY
    assert seen.growth_bytes() < 40 * MB
    assert max(seen.files) < seen.files[0] + 40
    (notice,) = seen.notices
    assert "Every build that was shared here has its reply" in notice
