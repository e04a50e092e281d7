"""The long run: ``python -m tests.acceptance.kills [--kills N] [--builds N] [--seed N] [--zscaler]``.

Prints a table, and ends with 1 where anything is wrong; the files of the run are then kept.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.kills.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make kills", description="Kill the bot while builds are shared.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--builds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--zscaler", action="store_true", help="ask Zscaler about each build too")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="appscan-kills-"))
    began = time.monotonic()
    verdict = asyncio.run(
        run(
            kills=asked.kills,
            builds=asked.builds,
            seed=asked.seed,
            folder=folder,
            zscaler=asked.zscaler,
            tell=lambda line: print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True),
        )
    )
    print(f"{verdict.table()}\ntook {time.monotonic() - began:.0f} s")
    if not verdict.is_clean:
        print(f"the bot's log and database are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
