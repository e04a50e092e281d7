"""A run: so many kills while builds are shared, then a bot that is left alone until all has settled."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from sandbox.bot_process import BotProcess, environ_for, zscaler_settings
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from sandbox.zscaler import ZscalerSandbox
from tests.acceptance.kills.moments import ANY, STARTING, Moments
from tests.acceptance.kills.people import People
from tests.acceptance.kills.verdict import Verdict, read_rows, unjudged, unsettled

RETRIES_S = (0.0, 2.0, 5.0)
"""When Slack delivers an event again; Slack's own 1 and 5 minutes would outlast many kills."""
START_S = 60.0
SETTLE_S = 240.0
LOOK_S = 0.25
REST_LIMIT = 1_000_000
"""In place of 64 MB: what is larger goes by FTP, and App Bundles go by the Applications API."""
HOLD_S = 3
"""For how long a build waits for its verdict, in the lives in which it does."""


async def run(
    *,
    kills: int,
    builds: int,
    seed: int,
    folder: Path,
    zscaler: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Verdict:
    """Kill the bot so many times, and return what became of the builds. ``folder`` is empty before.

    With ``zscaler`` it is asked too: in some of the bot's lives builds wait for its verdict, and in some it
    is not set up.
    """
    async with (
        SlackSandbox(retries_s=RETRIES_S) as slack,
        OneTrustSandbox(client_secret="onetrust-client-s3cret") as onetrust,
        FtpSandbox() as ftp,
        AsyncExitStack() as stack,
    ):
        onetrust.workflow.depot = ftp.root
        judge = await stack.enter_async_context(_judge()) if zscaler else None
        play = _Run(slack, onetrust, ftp, folder, seed, judge).play
        return await play(kills, builds, tell or (lambda _: None))


def _judge() -> ZscalerSandbox:
    return ZscalerSandbox(
        client_secret="zscaler-client-s3cret", report_s=1.0, strict_rates=False, submissions_a_day=10**6
    )


class _Run:
    def __init__(
        self,
        slack: SlackSandbox,
        onetrust: OneTrustSandbox,
        ftp: FtpSandbox,
        folder: Path,
        seed: int,
        zscaler: ZscalerSandbox | None,
    ) -> None:
        self._chance = Random(seed)  # noqa: S311 - to be had again, not a secret
        self._slack = slack
        self._onetrust = onetrust
        self._ftp = ftp
        self._zscaler = zscaler
        self._people = People(slack, onetrust, self._chance, zscaler)
        self._moments = Moments(slack, onetrust, ftp, self._chance, zscaler)
        self._database = folder / "appscan.db"
        self._temporary = folder / "tmp"
        self._temporary.mkdir()
        environ = environ_for(slack, onetrust, self._database, ftp) | {
            "TMPDIR": str(self._temporary),
            "ONETRUST_ROUTES": "webhook,ftp,direct",
            "ONETRUST_REST_LIMIT": str(REST_LIMIT),
            "ONETRUST_RESULTS_HOURS": "0",  # what is uncertain stays so, to be counted
        }
        self._bot = BotProcess(environ, folder / "bot.log")
        self._verdict = Verdict(seed=seed)

    async def play(self, kills: int, builds: int, tell: Callable[[str], None]) -> Verdict:
        for number in range(kills):
            to_share = round(builds * (number + 1) / kills) - len(self._people.sent)
            await self._live_and_die(to_share)
            if (number + 1) % 10 == 0:
                tell(f"{number + 1} kills, {len(self._people.sent)} builds")
        for faults in (self._slack.faults, self._onetrust.faults):
            faults.clear()
        if self._zscaler is not None:
            self._zscaler.faults.clear()
            self._bot.environ |= zscaler_settings(self._zscaler)
        await self._start()
        await self._settle()
        if (code := await self._bot.stop()) != 0:
            self._verdict.damage.append(f"stopped with exit code {code}")
        self._verdict.look(self._people.sent, self._database, self._slack, self._onetrust, self._temporary)
        self._verdict.look_at_depot(self._database, self._ftp, self._onetrust)
        if self._zscaler is not None:
            self._verdict.look_at_verdicts(self._people.sent, self._database, self._slack)
        return self._verdict

    async def _live_and_die(self, to_share: int) -> None:
        """Start the bot, share builds before it is there and after, and kill it at some moment."""
        moment = self._moments.choose()
        self._set_up_zscaler()
        early = sum(self._chance.random() < 0.3 for _ in range(to_share))
        for _ in range(early):
            self._people.share()
        await self._bot.start()
        if moment != STARTING:
            await self._connected()
        self._moments.worsen()
        rule = self._moments.prepare(moment)
        for _ in range(to_share - early):
            self._people.share()
        self._people.press()
        came = await self._moments.come(moment, rule)
        await self._kill()
        if rule is not None:
            rule.cancel()  # what had left the bot arrives
        self._verdict.kills[moment if came else ANY] += 1

    def _set_up_zscaler(self) -> None:
        """Let it be asked in the next life of the bot, or waited for, or neither."""
        if self._zscaler is None:
            return
        for name in [name for name in self._bot.environ if name.startswith("ZSCALER_")]:
            del self._bot.environ[name]
        if (luck := self._chance.random()) < 0.85:
            self._bot.environ |= zscaler_settings(self._zscaler)
        if luck < 0.3:
            self._bot.environ |= {"ZSCALER_HOLD": "1", "ZSCALER_HOLD_MAX_S": str(HOLD_S)}

    async def _kill(self) -> None:
        if self._bot.running:
            self._bot.signal(signal.SIGKILL)
        if (code := await self._bot.ended()) != -signal.SIGKILL:
            self._verdict.damage.append(f"ended by itself with exit code {code}")
        await self._slack.until(lambda: self._slack.socket.connections == 0, START_S)

    async def _start(self) -> None:
        await self._bot.start()
        await self._connected()

    async def _connected(self) -> None:
        def is_up() -> bool:
            return self._slack.socket.connections > 0 or not self._bot.running

        await self._slack.until(is_up, START_S)

    async def _settle(self) -> None:
        """Wait until all that was shared has come to rest, and Slack has nothing more for the bot."""
        await self._people.rest()
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until and self._bot.running:
            late = unsettled(self._people.sent, read_rows(self._database)) or unjudged(self._database)
            if not self._slack.pending and not late:
                return
            await asyncio.sleep(LOOK_S)
