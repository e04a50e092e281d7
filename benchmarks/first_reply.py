"""How soon a shared build has its reply in the thread, and how soon it is submitted.

The bot runs as a process of its own; each build goes into a channel of its own, as Slack takes about one new
message a second in a channel. The reference is one ``/appscan help``, shared out and answered the same way.
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

BUILDS = 40


async def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with SlackSandbox() as slack, OneTrustSandbox(client_secret="bench-client-secret") as onetrust:
            bot = BotProcess(environ_for(slack, onetrust, folder / "bench.db"), folder / "bot.log")
            await bot.start()
            try:
                await slack.until(lambda: slack.socket.connections, 60)
                dana = slack.person("dana")
                helped, replied, submitted = [], [], []
                for number in range(BUILDS):
                    channel = slack.channel(f"builds-{number}", members=[dana])
                    began = time.perf_counter()
                    invocation = await dana.slash(channel, "/appscan", "help")
                    await slack.until(lambda asked=invocation: asked.answers)
                    helped.append((time.perf_counter() - began) * 1000)

                    build = builds.make_apk(package=f"com.example.n{number}", version_name="1")
                    began = time.perf_counter()
                    shared = dana.share(channel, [("shop.apk", build)])
                    await slack.until(lambda at=shared: len(dana.thread(at.channel, at.ts)) > 1)
                    replied.append((time.perf_counter() - began) * 1000)
                    await onetrust.until(lambda count=number: len(onetrust.received) > count)
                    submitted.append((time.perf_counter() - began) * 1000)
            finally:
                await bot.stop()
    for what, took in (
        ("help answered (reference)", helped),
        ("first reply", replied),
        ("received by OneTrust", submitted),
    ):
        p95 = statistics.quantiles(took, n=20)[18]
        ratio = statistics.median(took) / statistics.median(helped)
        print(
            f"{what:<28} p50 {statistics.median(took):6.1f} ms  p95 {p95:6.1f} ms  ratio of p50 {ratio:4.1f}"
        )


if __name__ == "__main__":
    asyncio.run(main())
