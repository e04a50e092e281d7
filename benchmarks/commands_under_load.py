"""How soon slash commands are acknowledged while four builds of 60 MB are being scanned.

The bot runs as a process of its own. The time is from Slack's sending a command to its acknowledgement,
first with nothing else to do (the reference), then while four scans run all the time.
"""

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox import builds
from sandbox.bot_process import BotProcess, environ_for
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox

COMMANDS = 200
SCANS = 4
BUILD_BYTES = 60_000_000
PAUSE_S = 0.05
LIMIT_MS = 100.0


async def measure(slack: SlackSandbox, *, until_s: float = 0.0) -> list[float]:
    """Type commands one after the other; return how long each took to be acknowledged, in milliseconds."""
    dana, channel = slack.person("dana"), slack.channel("mobile-builds")
    took = []
    while len(took) < COMMANDS or time.monotonic() < until_s:
        began = time.perf_counter()
        invocation = await dana.slash(channel, "/appscan", "history shop since:7d")
        took.append((time.perf_counter() - began) * 1000)
        assert invocation.acked, invocation.error
        await asyncio.sleep(PAUSE_S)
    return took


async def keep_scanning(slack: SlackSandbox, onetrust: OneTrustSandbox, paths: list[Path]) -> None:
    """Keep four scans running: share a build in each of four channels as soon as its last one is through."""

    async def one(number: int, path: Path) -> None:
        dana = slack.person("dana")
        channel = slack.channel(f"builds-{number}", members=[dana])
        while True:
            before = len(onetrust.received)
            dana.share(channel, [("large.apk", path)], "rescan 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d")
            await onetrust.until(lambda before=before: len(onetrust.received) > before, 120)

    await asyncio.gather(*(one(number, path) for number, path in enumerate(paths)))


def report(name: str, took: list[float]) -> float:
    """Print and return the 95th percentile."""
    p95 = statistics.quantiles(took, n=20)[18]
    print(f"{name:<28} {len(took):>4} commands  p50 {statistics.median(took):6.1f} ms  p95 {p95:6.1f} ms")
    return p95


async def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = []
        for number in range(SCANS):
            paths.append(folder / f"large-{number}.apk")
            builds.write_apk(
                paths[-1], package=f"com.example.n{number}", version_name="1", padding_bytes=BUILD_BYTES
            )
        async with SlackSandbox() as slack, OneTrustSandbox(client_secret="bench-client-secret") as onetrust:
            slack.channel("mobile-builds", members=["dana"])
            bot = BotProcess(environ_for(slack, onetrust, folder / "bench.db"), folder / "bot.log")
            await bot.start()
            try:
                await slack.until(lambda: slack.socket.connections, 60)
                idle = report("idle (reference)", await measure(slack))
                scanning = asyncio.create_task(keep_scanning(slack, onetrust, paths))
                await onetrust.until(lambda: len(onetrust.received) >= 1, 60)
                busy = report(f"while {SCANS} scans run", await measure(slack))
                scanning.cancel()
                await asyncio.gather(scanning, return_exceptions=True)
                print(f"{len(onetrust.received)} builds of {BUILD_BYTES // 10**6} MB went through meanwhile")
            finally:
                await bot.stop()
    print(f"ratio of p95 {busy / idle:.1f}; wanted: p95 within {LIMIT_MS:.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())
