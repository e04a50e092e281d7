"""Whether Zscaler makes OneTrust's part slower: from the share of a build until OneTrust has it.

Four bots, each a process of its own with its own stand-ins for Slack and OneTrust: one without Zscaler, one
whose Zscaler answers, one whose Zscaler is down, and one whose Zscaler takes connections and never answers.
They take turns, so that whatever else the machine does meets all; only the one whose turn it is gets builds.

    python -m benchmarks.second_opinion
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox import builds
from sandbox.bot_process import BotProcess, environ_for, zscaler_settings
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from sandbox.zscaler import ZscalerSandbox
from tests.dead_servers import dead_server

WAYS = ("without", "answering", "down", "wedged")
HOSTS = tuple(f"https://api{nth}.example.org/v1" for nth in range(40))
"""What each build names, so that there is something to look up."""
PAUSE_S = 1.0
"""Between two turns, for what the first one's Zscaler still has to do."""


@dataclass(kw_only=True)
class Lane:
    """One bot and its stand-ins."""

    way: str
    slack: SlackSandbox
    onetrust: OneTrustSandbox
    zscaler: ZscalerSandbox
    took_ms: list[float] = field(default_factory=list)

    async def share(self, number: int) -> None:
        """Share one build in a channel of its own, and wait until OneTrust has it."""
        dana = self.slack.person("dana")
        channel = self.slack.channel(f"builds-{number}", members=[dana])
        urls = "\n".join(HOSTS).encode()
        build = builds.make_apk(
            package=f"com.example.n{number}", version_name="1", files={"assets/urls.txt": urls}
        )
        began = time.perf_counter()
        dana.share(channel, [("shop.apk", build)])
        await self.onetrust.until(lambda: len(self.onetrust.received) > number)
        self.took_ms.append((time.perf_counter() - began) * 1000)


@asynccontextmanager
async def opened(way: str, folder: Path) -> AsyncIterator[Lane]:
    """Open the stand-ins, and start the bot."""
    async with (
        SlackSandbox() as slack,
        OneTrustSandbox(client_secret="bench-client-secret") as onetrust,
        ZscalerSandbox(
            client_secret="bench-zscaler-secret", report_s=0.0, submissions_a_day=10**6
        ) as zscaler,
        AsyncExitStack() as stack,
    ):
        environ = environ_for(slack, onetrust, folder / f"{way}.db")
        if way != "without":
            asked = zscaler_settings(zscaler)
            if way != "answering":
                url = await stack.enter_async_context(dead_server(way))
                asked = {name: value.replace(zscaler.url, url) for name, value in asked.items()}
            environ |= asked
        bot = await BotProcess(environ, folder / f"{way}.log").start()
        try:
            await slack.until(lambda: slack.socket.connections, 60)
            yield Lane(way=way, slack=slack, onetrust=onetrust, zscaler=zscaler)
        finally:
            await bot.stop()


async def measure(rounds: int, a_turn: int) -> None:
    """Let the bots take turns, and print what each took."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        lanes = [await stack.enter_async_context(opened(way, folder)) for way in WAYS]
        for lane in lanes:  # the first build of a process pays for what is imported then
            await lane.share(0)
            lane.took_ms.clear()
        for turn in range(rounds):
            for lane in lanes:
                await asyncio.sleep(PAUSE_S)
                for number in range(turn * a_turn + 1, (turn + 1) * a_turn + 1):
                    await lane.share(number)
        reference = statistics.median(lanes[0].took_ms)
        for lane in lanes:
            p50, p95 = statistics.median(lane.took_ms), statistics.quantiles(lane.took_ms, n=20)[18]
            print(
                f"Zscaler {lane.way:<10} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  "
                f"ratio of p50 {p50 / reference:4.2f}  submitted {len(lane.onetrust.received)}, "
                f"taken by Zscaler {len(lane.zscaler.submissions)}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--a-turn", type=int, default=10, help="builds of one turn")
    asked = parser.parse_args()
    asyncio.run(measure(asked.rounds, asked.a_turn))


if __name__ == "__main__":
    main()
