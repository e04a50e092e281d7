"""Socket Mode on the stand-in, with time that stands still."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.transport.socket_mode import STABLE_S, SocketMode
from sandbox.slack import SlackSandbox
from tests.fakes import HeldClock, until
from tests.sockets import at_rest


@dataclass
class Line:
    """A bot that notes what it is told, and the line from Slack to it."""

    slack: SlackSandbox
    clock: HeldClock
    socket: SocketMode
    heard: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """How often an address was asked for."""
        return len(self.slack.called("apps.connections.open"))

    @property
    def open(self) -> int:
        return self.slack.socket.connections

    async def rest(self, *, hangs: bool = False) -> None:
        """Let all happen that happens without time; ``hangs``: but for an attempt to connect that is held."""
        await at_rest(self.socket, hangs=hangs)

    async def live(self, seconds: float) -> None:
        """Let time pass, from one thing that waits for it to the next."""
        end = self.clock.now() + seconds
        while (left := end - self.clock.now()) > 0:
            await self.rest()
            self.clock.advance(min([left, *self.clock.naps]))
        await self.rest()

    async def pair(self) -> None:
        """Live until both connections are up and steady."""
        await self.live(2 * STABLE_S)
        await self.slack.until(lambda: self.open == 2)

    async def wait(self, so: Callable[[], bool], *, most_s: float = 600.0, hangs: bool = False) -> float:
        """Let time pass until something is so; return how many seconds that took."""
        began = self.clock.now()
        await self.rest(hangs=hangs)
        while not so():
            assert self.clock.now() - began < most_s
            self.clock.advance(min(self.clock.naps, default=0))
            await self.rest(hangs=hangs)
        return self.clock.now() - began

    async def says(self, text: str) -> None:
        """Let a person say something, and wait until the bot has heard it."""
        self.slack.person("ana").say("builds", text)
        await self.slack.until(lambda: text in self.heard)

    async def up(self) -> None:
        await until(lambda: self.socket.connected)


def make(slack: SlackSandbox, clock: HeldClock, app_token: str | None = None) -> Line:
    app = AsyncApp(
        client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url),
        signing_secret=slack.signing_secret,
    )
    line = Line(
        slack,
        clock,
        SocketMode(app, app_token or slack.app_token, clock),
    )

    async def hear(event: dict[str, str]) -> None:
        line.heard.append(event["text"])

    app.event("message")(hear)
    return line


@pytest.fixture
def quiet_sdk(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("slack_sdk", "slack_bolt"):
        caplog.set_level(logging.CRITICAL, logger=name)
    caplog.handler.setLevel(logging.NOTSET)  # set by the lines above as well


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(retries_s=(0.0, 0.0, 0.0)) as sandbox:
        sandbox.channel("builds", members=["ana"])
        yield sandbox


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def unconnected(slack: SlackSandbox, clock: HeldClock, quiet_sdk: None) -> AsyncIterator[Line]:
    line = make(slack, clock)
    yield line
    slack.faults.clear()
    await line.socket.stop()


@pytest.fixture
async def line(unconnected: Line) -> Line:
    await unconnected.socket.start()
    await unconnected.slack.until(lambda: unconnected.open == 1)
    return unconnected
