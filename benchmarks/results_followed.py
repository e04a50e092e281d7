"""How 300 scans that are followed at once share the budget of 60 calls a minute, on the OneTrust stand-in.

Time is held and moved, so that half an hour passes in seconds. The figures are of the stand-in's own log.

    python -m benchmarks.results_followed
"""

import argparse
import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bot.core.rate_limit import RateLimiter
from bot.core.scheduler import Scheduler
from bot.features.compliance.rules import judge_by
from bot.features.results.fetcher import ResultFetcher
from bot.features.results.poller import ResultPoller
from bot.scanners.onetrust.applications import OneTrustApplications
from bot.scanners.onetrust.auth import ApiKey
from bot.scanners.onetrust.client import REQUESTS, Inquiry
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from sandbox.onetrust import OneTrustSandbox
from sandbox.onetrust.manifest import Manifest
from tests.fakes import FakeAnnouncer, HeldClock, submitted_apps

FIRST_S = 30.0
BUILD = Manifest(identifier=None, version="4.2.0")
POINTS = ("applications", "scans", "scan", "sdks", "permissions", "privacy_manifest")


async def follow(scans: int, folder: Path) -> None:
    """Follow so many new apps of one moment until all are completed, and say what that took."""
    clock, ended = HeldClock(), []
    database = await open_database(folder / "bench.db")
    async with OneTrustSandbox(clock=clock, scan_s=0) as onetrust, httpx.AsyncClient() as client:
        store, budget = Repositories(database, clock), RateLimiter(clock, REQUESTS)
        await submitted_apps(database, clock.now(), scans)
        for nth in range(1, scans + 1):
            app = onetrust.add_app(f"App {nth}", "ANDROID")
            onetrust.scanner.make(app, BUILD, sha256=f"{nth:064x}", size_bytes=1)
        applications = OneTrustApplications(
            onetrust.url, Inquiry(client, ApiKey(onetrust.api_key), budget, now=clock.now)
        )
        fetcher = ResultFetcher(
            store=store,
            applications=applications,
            announcer=FakeAnnouncer(),
            clock=clock,
            may_create_link=lambda _: True,
            wake=lambda: None,
            ended=ended.append,
            judge=judge_by(()),
            first_s=FIRST_S,
            within_s=86_400.0,
        )
        poller = ResultPoller(
            store=store,
            applications=applications,
            fetcher=fetcher,
            clock=clock,
            wait_s=budget.wait_s,
            first_s=FIRST_S,
        )
        began, foretold_s = clock.now() + FIRST_S, poller.late_s(scans)
        scheduler = Scheduler(clock)
        scheduler.start(poller.job)
        while len(ended) < scans:
            await asyncio.sleep(0.001)
            if clock.naps:
                clock.advance(clock.naps[0])
        await scheduler.stop()
        print(f"{scans} scans followed at once: all completed after {(clock.now() - began) / 60:.1f} minutes")
        print(f"foretold in the threads: up to {foretold_s / 60:.1f} minutes late")
        calls, most = sum(map(onetrust.count, POINTS)), onetrust.most_per_minute(*POINTS)
        print(f"calls: {calls:,}; most within a minute: {most}")
    await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scans", type=int, default=300)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        asyncio.run(follow(asked.scans, Path(folder)))


if __name__ == "__main__":
    main()
