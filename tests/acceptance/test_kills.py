"""The bot is killed at moments of all sorts: nothing is lost, doubled or left behind. See ``make kills``."""

import os
import secrets
from pathlib import Path

from tests.acceptance.kills.run import run


async def test_nothing_is_lost_or_done_twice_by_kills(tmp_path: Path):
    seed = int(os.environ.get("APPSCAN_KILLS_SEED", secrets.randbits(32)))
    verdict = await run(kills=5, builds=8, seed=seed, folder=tmp_path, zscaler=True)
    assert verdict.is_clean, verdict.table()
    assert (verdict.builds, verdict.kills.total()) == (8, 5)
