"""When the bot is killed, and what is out of order meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from sandbox.faults import Faults, Gate
from sandbox.ftp import FtpSandbox
from sandbox.onetrust import OneTrustSandbox
from sandbox.slack import SlackSandbox
from sandbox.zscaler import ZscalerSandbox

PATIENCE_S = 3.0
"""How long a moment is waited for; a bot with nothing to do never comes to some."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that a stand-in does wrong."""

    service: str
    point: str
    what: Mapping[str, Any] = field(default_factory=dict)

    def add(self, to: Mapping[str, Faults]) -> "Hold":
        """Let it happen from now on; ``to`` has the faults of each service."""
        return to[self.service].add(self.point, **self.what)


class Hold(Protocol):
    """What goes wrong for a while, and may hold the bot."""

    async def reached(self) -> None:
        """Wait until the bot is held."""
        ...

    def cancel(self) -> None:
        """Let go."""
        ...


class Stall:
    """Holds whatever is written to the FTP server."""

    def __init__(self, ftp: FtpSandbox) -> None:
        self._ftp = ftp
        self._gate = ftp.gate = Gate()

    async def reached(self) -> None:
        """Wait until something is held."""
        await self._gate.reached()

    def cancel(self) -> None:
        """Let it go on."""
        self._ftp.gate = None
        self._gate.release()


HELD = {
    "while it asks about a file": Fault(service="slack", point="files.info", what={"hold": True}),
    "while it pulls": Fault(service="slack", point="download", what={"hold": True, "hold_after": 500}),
    "while it asks for a token": Fault(service="onetrust", point="token", what={"hold": True}),
    "as it begins to send": Fault(service="onetrust", point="webhook", what={"hold": True}),
    "while it sends": Fault(
        service="onetrust", point="webhook", what={"hold": True, "hold_after": 1_000_000}
    ),
    "when the last bytes are on their way": Fault(
        service="onetrust", point="webhook", what={"hold": True, "hold_after": 1}
    ),
    "as it tells a workflow of a build": Fault(service="onetrust", point="ftp_webhook", what={"hold": True}),
    "as it makes an application": Fault(service="onetrust", point="application_create", what={"hold": True}),
    "as it asks for a scan": Fault(
        service="onetrust", point="application_scan", what={"hold": True, "hold_after": 1}
    ),
    "while it posts": Fault(service="slack", point="chat.postMessage", what={"hold": True}),
    "while it updates": Fault(service="slack", point="chat.update", what={"hold": True}),
}
"""Moments at which a stand-in holds the bot until it is killed. What it had sent by then goes on its way."""
JUDGING = {
    "while it sends to the Sandbox": Fault(
        service="zscaler", point="sandbox.submit", what={"hold": True, "hold_after": 500}
    ),
    "as it asks for a report": Fault(service="zscaler", point="cloud.report", what={"hold": True}),
    "while it looks hosts up": Fault(service="zscaler", point="cloud.lookup", what={"hold": True}),
}
"""Such moments at Zscaler."""

UPLOADING = "while it uploads"
TAKEN = "as OneTrust has taken a build"
POSTED = "as Slack has posted a reply"
STARTING = "while it starts"
ANY = "at any time"
JUDGED = "as the Sandbox has taken a build"
MOMENTS = [*HELD, UPLOADING, UPLOADING, TAKEN, POSTED, STARTING, ANY, ANY, ANY]
WITH_ZSCALER = [*MOMENTS, *JUDGING, JUDGED, JUDGED]

WEATHER = [
    Fault(service="onetrust", point="webhook", what={"status": 503, "retry_after": 1}),
    Fault(service="onetrust", point="webhook", what={"status": 429, "retry_after": 1}),
    Fault(service="onetrust", point="webhook", what={"cut_after": 1000}),
    Fault(service="onetrust", point="webhook", what={"answer_lost": True}),
    Fault(service="onetrust", point="ftp_webhook", what={"status": 429, "retry_after": 1}),
    Fault(service="onetrust", point="ftp_webhook", what={"answer_lost": True}),
    Fault(service="onetrust", point="application_create", what={"answer_lost": True}),
    Fault(service="onetrust", point="application_scan", what={"cut_after": 1000}),
    Fault(service="onetrust", point="application_scan", what={"answer_lost": True}),
    Fault(service="onetrust", point="token", what={"status": 503, "retry_after": 1}),
    Fault(service="slack", point="chat.postMessage", what={"status": 429, "retry_after": 1}),
    Fault(service="slack", point="chat.postMessage", what={"answer_lost": True}),
    Fault(service="slack", point="chat.update", what={"status": 429, "retry_after": 1}),
    Fault(service="slack", point="files.info", what={"status": 429, "retry_after": 1}),
    Fault(service="slack", point="download", what={"cut_after": 700}),
    Fault(service="slack", point="event.message", what={"copies": 2}),
    Fault(service="slack", point="event.file_shared", what={"drop": True}),
]
CLOUDS = [
    Fault(service="zscaler", point="sandbox.submit", what={"status": 503, "retry_after": 1}),
    Fault(service="zscaler", point="sandbox.submit", what={"cut_after": 1000}),
    Fault(service="zscaler", point="sandbox.submit", what={"answer_lost": True}),
    Fault(service="zscaler", point="cloud.report", what={"answer_lost": True}),
    Fault(service="zscaler", point="cloud.lookup", what={"status": 503, "retry_after": 1}),
    Fault(service="zscaler", point="oauth.token", what={"status": 503, "retry_after": 1}),
]
"""Such weather at Zscaler."""
SLOW = Fault(service="onetrust", point="webhook", what={"hold": True, "hold_after": 1})


class Moments:
    """Waits for moments, and lets things go wrong, by chance."""

    def __init__(
        self,
        slack: SlackSandbox,
        onetrust: OneTrustSandbox,
        ftp: FtpSandbox,
        chance: Random,
        zscaler: ZscalerSandbox | None,
    ) -> None:
        self._slack = slack
        self._ftp = ftp
        self._onetrust = onetrust
        self._zscaler = zscaler
        self._chance = chance
        self._faults = {"slack": slack.faults, "onetrust": onetrust.faults}
        self._moments, self._weather = MOMENTS, WEATHER
        if zscaler is not None:
            self._faults["zscaler"] = zscaler.faults
            self._moments, self._weather = WITH_ZSCALER, WEATHER + CLOUDS

    def choose(self) -> str:
        """Return some moment."""
        return self._chance.choice(self._moments)

    def worsen(self) -> None:
        """Let something go wrong once, or nothing."""
        luck = self._chance.random()
        if luck < 0.1:
            rule = SLOW.add(self._faults)
            asyncio.get_running_loop().call_later(self._chance.uniform(0.5, 2.0), rule.cancel)
        elif luck < 0.5:
            self._chance.choice(self._weather).add(self._faults)

    def prepare(self, moment: str) -> Hold | None:
        """Return what holds the bot at a moment, from now on; ``None`` for one at which nothing does."""
        if moment == UPLOADING:
            return Stall(self._ftp)
        fault = (HELD | JUDGING).get(moment)
        return fault.add(self._faults) if fault is not None else None

    async def come(self, moment: str, rule: Hold | None) -> bool:
        """Wait for a moment; tell whether it came."""
        took, posts, judged = len(self._onetrust.received), self._posts(), self._judged()
        try:
            if rule is not None:
                await asyncio.wait_for(rule.reached(), PATIENCE_S)
            elif moment == TAKEN:
                await self._onetrust.until(lambda: len(self._onetrust.received) > took, PATIENCE_S)
            elif moment == JUDGED and self._zscaler is not None:
                await self._zscaler.until(lambda: self._judged() > judged, PATIENCE_S)
            elif moment == POSTED:
                await self._slack.until(lambda: self._posts() > posts, PATIENCE_S)
            else:
                await asyncio.sleep(self._chance.uniform(0, 0.8 if moment == STARTING else 2.0))
        except TimeoutError:
            return False
        return True

    def _posts(self) -> int:
        return len(self._slack.called("chat.postMessage"))

    def _judged(self) -> int:
        return len(self._zscaler.submissions) if self._zscaler is not None else 0
