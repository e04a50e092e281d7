"""``make demo``: the real bot on stand-ins for Slack, OneTrust, Zscaler and SFTP, and what people read.

Plays a few scenes and prints them. On a terminal it then stays, for typing ``/appscan …`` or ``share PATH``.
"""

import asyncio
import hashlib
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent

from sandbox import builds
from sandbox.bot_process import BotProcess, environ_for
from sandbox.console import Console
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.reading import Reader
from sandbox.slack import Person, Shared, SlackSandbox
from sandbox.world import Channel, Message
from sandbox.zscaler import ZscalerSandbox

START_S = 60.0
SCENE_S = 300.0  # a slow machine takes a while for 100 MB by SFTP
SCAN_S = 1.0
"""How long the stand-ins take for a scan, or an analysis; the real ones take minutes."""
LARGE_BYTES = 100_000_000
HOSTS = ("https://api.acmeshop.app/v2/basket", "https://events.appsflyer.com/track")
"""What the code of the shop's Android app names."""
TRACKER = "https://cdn.adtrack-eu.top/sdk.js"
CATEGORIES: dict[str, tuple[list[str], list[str]]] = {
    "api.acmeshop.app": (["ONLINE_SHOPPING"], []),
    "events.appsflyer.com": (["WEB_BANNERS"], []),
    "cdn.adtrack-eu.top": ([], ["ADWARE_OR_SPYWARE"]),
}
THIRD_PARTY_APP = "22c49a0d-d21c-4792-aed1-8f163c982546"


class Demo:
    """A workspace with dana, eli and the bot in #mobile-builds."""

    def __init__(self, slack: SlackSandbox, onetrust: OneTrustSandbox, zscaler: ZscalerSandbox) -> None:
        self.slack = slack
        self.onetrust = onetrust
        self.zscaler = zscaler
        self.dana = slack.person("dana", tz="Europe/Berlin")
        self.eli = slack.person("eli", tz="America/New_York")
        self.channel: Channel = slack.channel("mobile-builds", members=[self.dana, self.eli])

    async def play(self) -> None:
        """Play the scenes."""
        await self._share(
            "Dana shares an Android build.",
            self.dana,
            "shop-4.2.0.apk",
            _apk("4.2.0", 420),
        )
        await self._share(
            "Eli shares an iOS build, and names the app.",
            self.eli,
            "Shop.ipa",
            builds.make_ipa(
                bundle_id="com.example.shop",
                name="Shop",
                display_name="Shop",
                version="4.2.0",
                build_number="88",
            ),
            comment="name: Shop for iPhone",
        )
        await self._rescan()
        await self._share(
            "Eli shares a build of 100 MB, which is too large for OneTrust's webhook.",
            self.eli,
            "maps-1.0.apk",
            builds.make_apk(
                package="com.example.maps",
                version_name="1.0",
                version_code=1,
                label="Maps",
                padding_bytes=LARGE_BYTES,
            ),
        )
        await self._malware()
        await self._command("Dana asks which apps hold a certain SDK.", "sdk appsflyer")
        await self._command(
            "Dana looks for this week's Android scans.", "history shop platform:android since:7d"
        )
        await self._command(
            "Dana asks what Zscaler knows of a third-party app.", f"governance {THIRD_PARTY_APP}"
        )
        await self._command(
            "Dana asks where two addresses lead.", "urls https://cdn.adtrack-eu.top/x api.acmeshop.app"
        )
        await self._share(
            "Eli shares a build whose upload broke off.",
            self.eli,
            "shop-4.4.0.apk",
            _apk("4.4.0", 440, padding_bytes=40_000)[:20_000],
            results=False,
        )

    async def _malware(self) -> None:
        build = builds.make_apk(
            package="com.example.flashlight", version_name="9.9", version_code=99, label="Flashlight"
        )
        self.zscaler.verdict_for(
            hashlib.md5(build, usedforsecurity=False).hexdigest(),
            type="MALICIOUS",
            category="MALWARE_BOTNET",
            score=96,
            malware="Android.Trojan.Agent",
            risks=[("HIGH", "Sends SMS messages"), ("MODERATE", "Reads the contacts")],
        )
        await self._share("Eli shares a build that Zscaler knows to be bad.", self.eli, "light.apk", build)

    async def _rescan(self) -> None:
        app = self.onetrust.apps[0]
        self._title(f"OneTrust made app {app.id}. Dana asks for its rescan, and replies with a new build.")
        known = len(self.dana.messages(self.channel))
        await self.dana.slash(self.channel, "/appscan", f"rescan {app.id}")
        await self.slack.until(lambda: len(self.dana.messages(self.channel)) > known, SCENE_S)
        ask = self.dana.messages(self.channel)[-1]
        shared = self.dana.share(
            self.channel, [("shop-4.3.0.apk", _apk("4.3.0", 430, TRACKER))], thread_ts=ask.ts
        )
        await settled(self.slack, self.dana, shared)
        await self._scanned(self.dana, shared)
        await self.slack.until(lambda: "answered" in self._read(self.dana, [ask]), SCENE_S)
        self._print(self.dana, self.dana.thread(self.channel, ask.ts))

    async def _share(
        self, title: str, who: Person, name: str, build: bytes, comment: str = "", *, results: bool = True
    ) -> None:
        self._title(title)
        shared = who.share(self.channel, [(name, build)], comment)
        await settled(self.slack, who, shared)
        if results:
            await self._scanned(who, shared)
        self._print(who, who.thread(self.channel, shared.ts))

    async def _scanned(self, who: Person, shared: Shared) -> None:
        """Wait until the thread tells what OneTrust and Zscaler found."""

        def told() -> bool:
            thread = who.thread(shared.channel, shared.thread_ts or shared.ts)
            later = [each for each in thread if each.user == self.slack.bot_user_id and each.ts > shared.ts]
            read = self._read(who, later)
            second = "Sandbox: " in read and not any(
                word in read for word in ("analysing", "to be submitted")
            )
            looked_up = "Talks to" in read or "No host is named" in read
            return len(later) >= 2 and "SDKs" in read and "⏳" not in read and second and looked_up

        await self.slack.until(told, SCENE_S)

    async def _command(self, title: str, text: str) -> None:
        self._title(title)
        print(f"  > /appscan {text}")
        invocation = await self.dana.slash(self.channel, "/appscan", text)
        await self.slack.until(lambda: invocation.answers, SCENE_S)
        self._print(self.dana, invocation.answers)

    def _read(self, who: Person, messages: list[Message]) -> str:
        return Reader(self.slack.world, who.user).thread(messages)

    def _print(self, who: Person, messages: list[Message]) -> None:
        print(indent(self._read(who, messages), "  "))

    @staticmethod
    def _title(text: str) -> None:
        print(f"\n── {text}\n")


def _apk(version: str, code: int, *urls: str, padding_bytes: int = 0) -> bytes:
    return builds.make_apk(
        package="com.example.shop",
        version_name=version,
        version_code=code,
        label="Shop",
        strings=(*HOSTS, *urls),
        padding_bytes=padding_bytes,
    )


async def settled(slack: SlackSandbox, who: Person, shared: Shared) -> Message:
    """Wait until the bot's reply to a share shows no hourglass; return it."""

    def last() -> Message | None:
        thread = who.thread(shared.channel, shared.thread_ts or shared.ts)
        replies = [
            m for m in thread if m.user == slack.bot_user_id and m.ts > shared.ts and not m.ephemeral_to
        ]
        return replies[-1] if replies and "hourglass" not in replies[-1].text else None

    message = await slack.until(last, SCENE_S)
    if message is None:
        raise AssertionError("until() waits for something true")
    return message


async def demo() -> int:
    """Run the demo; return the exit code."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="appscan-demo-")))
        slack = await stack.enter_async_context(SlackSandbox())
        ftp = await stack.enter_async_context(FtpSandbox())
        onetrust = await stack.enter_async_context(
            OneTrustSandbox(client_secret="demo-client-secret", scan_s=SCAN_S, depot=ftp.root)
        )
        zscaler = await stack.enter_async_context(
            ZscalerSandbox(client_secret="demo-zscaler-secret", report_s=SCAN_S)
        )
        zscaler.world.categories.update(CATEGORIES)
        environ = environ_for(slack, onetrust, folder / "appscan.db", ftp, zscaler=zscaler)
        environ["ONETRUST_RESULTS_POLL_S"] = "5"
        bot = BotProcess(environ, folder / "bot.log")
        print(
            "Starting stand-ins for Slack, OneTrust, Zscaler and an SFTP server on this machine, and the bot "
            "as production runs it …"
        )
        await bot.start()
        stack.push_async_callback(bot.stop)
        try:
            await slack.until(lambda: slack.socket.connections, START_S)
            stage = Demo(slack, onetrust, zscaler)
            await stage.play()
            print(
                "\nThat was the bot itself; only Slack, OneTrust, Zscaler and the SFTP server were stand-ins."
            )
            if sys.stdin.isatty():
                await Console(slack, stage.dana, stage.channel).run()
        except TimeoutError as error:
            print(f"The demo is stuck: {error}\nThe bot's log:\n{bot.log.read_text()}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(demo()))
    except KeyboardInterrupt:
        sys.exit(130)
