"""The long run: 500 builds and 50 commands a second within a minute. Prints what was seen."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.acceptance.flood.run import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="make flood", description="Share hundreds of builds at once.")
    parser.add_argument("--flooding", type=int, default=260, help="builds in the flooded channel")
    parser.add_argument("--others", type=int, default=60, help="builds in each of four other channels")
    parser.add_argument("--commands", type=int, default=50, help="commands typed a second")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="appscan-flood-") as name:
        seen = asyncio.run(
            run(
                flooding=asked.flooding,
                others=asked.others,
                channels=4,
                commands_per_s=asked.commands,
                within_s=60.0,
                folder=Path(name),
                tell=lambda line: print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True),
            )
        )
    print(f"{seen.table()}\ntook {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
