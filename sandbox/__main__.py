"""``python -m sandbox``: the stand-ins for Slack, OneTrust and Zscaler, for a bot of your own, until Ctrl-C.

Prints their addresses and the environment of a bot that works on them. See ``docs/sandbox.md``.
"""

import argparse
import asyncio
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sandbox.bot_process import settings_for, zscaler_settings
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from sandbox.zscaler import ZscalerSandbox


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    told = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Start stand-ins for Slack, OneTrust and Zscaler, and print what a bot needs.",
    )
    told.add_argument("--slack-port", type=int, default=0, metavar="PORT", help="0, the default: any free")
    told.add_argument("--onetrust-port", type=int, default=0, metavar="PORT", help="0, the default: any free")
    told.add_argument("--events-url", metavar="URL", help="HTTP mode: where the bot takes Slack's requests")
    told.add_argument("--env", type=Path, metavar="FILE", help="write the environment there, for a shell")
    told.add_argument(
        "--strict-rates", action="store_true", help="keep Slack's rate limits, answering 429 beyond them"
    )
    told.add_argument(
        "--scan-seconds", type=float, default=20.0, metavar="S", help="how long a scan takes; default: 20"
    )
    told.add_argument(
        "--ftp",
        type=Path,
        metavar="DIR",
        help="serve this folder by SFTP as well, for OneTrust to fetch larger builds from",
    )
    told.add_argument(
        "--zscaler",
        nargs="?",
        const="oauth",
        choices=("oauth", "session"),
        help="start Zscaler as well, which the bot logs in to by OAuth 2.0, the default, or by a session",
    )
    told.add_argument("--zscaler-port", type=int, default=0, metavar="PORT", help="0, the default: any free")
    return told


def _onetrust(asked: argparse.Namespace) -> OneTrustSandbox:
    # Printable without a blank, as the real ones are; the odd one of the default is for tests of clients.
    return OneTrustSandbox(
        port=asked.onetrust_port,
        client_secret="sandbox-client-secret",
        scan_s=asked.scan_seconds,
        depot=asked.ftp,
    )


def _zscaler(asked: argparse.Namespace) -> ZscalerSandbox:
    return ZscalerSandbox(
        port=asked.zscaler_port,
        client_secret="sandbox-zscaler-secret",
        password="sandbox-zscaler-password",
        report_s=asked.scan_seconds,
    )


async def serve(asked: argparse.Namespace) -> None:
    """Run the stand-ins until this process is told to stop."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    slack_sandbox = SlackSandbox(
        port=asked.slack_port,
        mode="http" if asked.events_url else "socket",
        events_url=asked.events_url,
        strict_rates=asked.strict_rates,
    )
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(slack_sandbox)
        onetrust = await stack.enter_async_context(_onetrust(asked))
        ftp = FtpSandbox(root=asked.ftp) if asked.ftp is not None else None
        if ftp is not None:
            asked.ftp.mkdir(parents=True, exist_ok=True)
            await stack.enter_async_context(ftp)
        zscaler = await stack.enter_async_context(_zscaler(asked)) if asked.zscaler else None
        slack.channel("mobile-builds", members=["dana", "eli"])
        settings = settings_for(slack, onetrust, Path("sandbox.db"), ftp)
        if zscaler is not None:
            admins = {"APPSCAN_ADMINS": slack.person("dana").id}
            settings = zscaler_settings(zscaler, asked.zscaler) | admins | settings
        lines = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
        if asked.env:
            asked.env.write_text("\n".join([*lines, ""]), encoding="utf-8")
        print(f"Slack:    {slack.base_url} (dana, eli and the bot are in #mobile-builds)")
        print(f"OneTrust: {onetrust.url}")
        if zscaler is not None:
            print(f"Zscaler:  {zscaler.url} (dana is the bot's admin, who may look after it)")
        print("All take POST /control/<verb>. The environment of a bot:\n")
        print("\n".join(lines), flush=True)
        await stopped.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code."""
    asked = parser().parse_args(arguments)
    try:
        asyncio.run(serve(asked))
    except OSError as error:
        print(f"That could not be done: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
