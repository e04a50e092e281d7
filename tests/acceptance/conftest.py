"""The bot as a process of its own, on the stand-ins."""

import asyncio
import io
import json
import socket
import sys
import time
import urllib.error
import urllib.request
from asyncio import create_subprocess_exec, subprocess, to_thread
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import needs, parse, perform
from bot.config.settings import Settings
from sandbox.bot_process import BotProcess, environ_for
from sandbox.onetrust import OneTrustSandbox
from sandbox.reading import Reader
from sandbox.slack import Person, Shared, SlackSandbox
from sandbox.world import Channel
from tests import secrecy

START_S = 100.0


@dataclass
class Stage:
    """The stand-ins, and where the bot's processes keep their things."""

    slack: SlackSandbox
    onetrust: OneTrustSandbox
    folder: Path

    @property
    def dana(self) -> Person:
        return self.slack.person("dana")

    @property
    def channel(self) -> Channel:
        return self.slack.channel("mobile-builds", members=["dana"])

    def environ(self, **more: str) -> dict[str, str]:
        mine = environ_for(self.slack, self.onetrust, self.folder / "appscan.db")
        mine["ONETRUST_RESULTS_HOURS"] = "0"  # what is asked of OneTrust is counted here
        return mine | {"APPSCAN_LOG_LEVEL": "DEBUG"} | more

    async def bot(self, **environ: str) -> BotProcess:
        """Start a bot and wait until Slack has greeted it; connections of one before may still be there."""
        known = self.slack.socket.greeted
        bot = await BotProcess(self.environ(**environ), self.folder / "bot.log").start()
        await self.slack.until(lambda: self.slack.socket.greeted > known or not bot.running, START_S)
        assert bot.running, bot.log.read_text()
        secrecy.look_at_processes(bot.pid, self.secrets(bot.environ))
        return bot

    async def start_only(self, **environ: str) -> BotProcess:
        """Start a bot that may end by itself."""
        return await BotProcess(self.environ(**environ), self.folder / "bot.log").start()

    async def command(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        """Run ``python -m bot …``; return its exit code, standard output and standard error."""
        told = await run(self.environ(**environ), *arguments)
        secrecy.look("what a command printed", told[1] + told[2], self.secrets(self.environ(**environ)))
        return told

    async def here(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        """Do what ``command`` does in this process, without what Python and the imports take each time."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                given = parse([*arguments])
                settings = Settings.read(self.environ(**environ), needs(given))
                code = await perform(given, settings, asyncio.Event())
            except SystemExit as end:
                code = _ended_with(end.code)
        secrecy.look("what a command printed", out.getvalue() + err.getvalue(), self.secrets(self.environ()))
        return code, out.getvalue(), err.getvalue()

    def secrets(self, environ: dict[str, str]) -> dict[str, str]:
        return secrecy.secrets_of(environ, self.onetrust)

    def look_for_secrets(self) -> None:
        """Find none in all that the bots of this test left behind."""
        secrets = self.secrets(self.environ())
        secrecy.look_at_slack(self.slack, secrets)
        secrecy.look_at_folder(self.folder, secrets)

    def replies(self, shared: Shared) -> list[str]:
        reader = Reader(self.slack.world)
        thread = self.dana.thread(shared.channel, shared.ts)
        return [reader.body(m) for m in thread if m.user == self.slack.bot_user_id]

    async def reply(self, shared: Shared, words: str, timeout_s: float = 100.0) -> str:
        """Wait until the one reply to a share holds these words; return it."""
        await self.slack.until(lambda: any(words in reply for reply in self.replies(shared)), timeout_s)
        (reply,) = self.replies(shared)
        return reply


def _ended_with(code: str | int | None) -> int:
    """Return the exit code, as Python does: a sentence goes to standard error."""
    if isinstance(code, str):
        print(code, file=sys.stderr)  # noqa: T201
        return 1
    return code or 0


async def run(environ: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    bot = BotProcess(environ, Path("unused"), *arguments)
    process = await create_subprocess_exec(
        *bot.command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=bot.cwd,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def get(port: int, path: str) -> tuple[int, Any]:
    """Return status and JSON of the bot's own web server; 0 where nothing listens."""

    def ask() -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    return await to_thread(ask)


async def listening(bot: BotProcess, port: int) -> None:
    """Wait until a bot's own web server is there, as it is before the bot has the database to itself."""
    while (await get(port, "/healthz"))[0] == 0:
        assert bot.running, bot.log.read_text()
        await asyncio.sleep(0.1)


async def ready(port: int, status: int | None = None, *, timeout_s: float = 100.0, **checks: bool) -> None:
    """Ask ``/readyz`` until its checks, and its status where one is given, are so."""
    said: int = 0
    answer: Any = None
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        said, answer = await get(port, "/readyz")
        if answer and checks.items() <= answer["checks"].items() and status in {None, said}:
            return
        await asyncio.sleep(0.1)  # another process: nothing here tells when it has changed
    raise AssertionError(f"/readyz says {said} {answer}")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with SlackSandbox() as slack, OneTrustSandbox(client_secret="onetrust-client-s3cret") as onetrust:
        opened = Stage(slack=slack, onetrust=onetrust, folder=tmp_path)
        yield opened
        opened.look_for_secrets()
