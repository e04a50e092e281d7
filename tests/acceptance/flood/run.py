"""A run: one channel is flooded, others share a few builds each, and commands are typed all the time.

Slack's limits are kept to strictly by the stand-in: a call too many is answered 429.
"""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import builds
from sandbox.bot_process import BotProcess, environ_for
from sandbox.onetrust import OneTrustSandbox
from sandbox.reading import Reader
from sandbox.slack import Invocation, SlackSandbox
from sandbox.world import Channel, Message

CONCURRENCY = 4
SETTLE_S = 900.0
LOOK_S = 0.5


@dataclass
class Flood:
    """What was seen. Times are seconds, sizes bytes."""

    builds: int
    commands: int = 0
    late: int = 0
    """Commands that Slack saw no acknowledgement of within its 3 seconds."""
    unanswered: int = 0
    ack_s: list[float] = field(default_factory=list)
    redelivered: int = 0
    """Events that Slack had to deliver more than once."""
    states: dict[str, int] = field(default_factory=dict)
    submitted: int = 0
    """Builds that OneTrust received."""
    replies: int = 0
    doubled: int = 0
    """Shares with more than one reply."""
    notices: list[str] = field(default_factory=list)
    """What the notices of the flooded channel said last."""
    waits_s: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    """From share to submission: in the flooded channel, and in the others."""
    at_work: int = 0
    """The most builds that were worked on at once."""
    rss: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def growth_bytes(self) -> int:
        """How much more memory the bot used at its most than before the flood."""
        return max(self.rss) - self.rss[0]

    def table(self) -> str:
        """Return all of it for people."""
        ack_ms = sorted(each * 1000 for each in self.ack_s)
        p99 = len(ack_ms) * 99 // 100
        flooded, others = (statistics.median(self.waits_s[each] or [0.0]) for each in (True, False))
        rows = {
            "builds shared": self.builds,
            "ended": ", ".join(f"{count} {state}" for state, count in sorted(self.states.items())),
            "received by OneTrust": self.submitted,
            "replies": f"{self.replies} ({self.doubled} doubled)",
            "events delivered again": self.redelivered,
            "commands": f"{self.commands} ({self.late} acknowledged late, {self.unanswered} not answered)",
            "acknowledged within": f"p50 {statistics.median(ack_ms):.0f} ms, p99 {ack_ms[p99]:.0f} ms",
            "wait in the flooded channel": f"p50 {flooded:.1f} s",
            "wait in the others": f"p50 {others:.1f} s",
            "worked on at once": f"{self.at_work} at most (of {CONCURRENCY})",
            "memory": f"{self.rss[0] / 1e6:.0f} MB before, {max(self.rss) / 1e6:.0f} MB at most",
            "open files": f"{self.files[0]} before, {max(self.files)} at most",
            "notices": " / ".join(self.notices) or "none",
        }
        return "\n".join(f"{name:<28} {value}" for name, value in rows.items())


async def run(
    *,
    flooding: int,
    others: int,
    channels: int,
    commands_per_s: int,
    within_s: float,
    folder: Path,
    tell: Callable[[str], None] | None = None,
) -> Flood:
    """Share ``flooding`` builds in one channel and ``others`` in each of ``channels`` more, and watch."""
    async with (
        SlackSandbox(strict_rates=True) as slack,
        OneTrustSandbox(client_secret="onetrust-client-s3cret") as onetrust,
    ):
        seen = Flood(builds=flooding + others * channels)
        flooded = slack.channel("flooded", members=["dana", "eli"])
        quiet = [slack.channel(f"quiet-{number}", members=["dana", "eli"]) for number in range(channels)]
        environ = environ_for(slack, onetrust, folder / "appscan.db")
        bot = await BotProcess(
            environ | {"APPSCAN_CONCURRENCY": str(CONCURRENCY), "ONETRUST_RESULTS_HOURS": "0"},
            folder / "bot.log",
        ).start()
        await slack.until(lambda: slack.socket.connections or not bot.running, 60)
        watching = asyncio.create_task(_watch(bot, folder, seen))
        typing = asyncio.create_task(_type(slack, quiet[0], commands_per_s, within_s, seen))
        shares = [flooded] * flooding + [channel for _ in range(others) for channel in quiet]
        for number, channel in enumerate(shares):
            apk = builds.make_apk(
                package=f"com.example.n{number}", version_name="1", version_code=1, label=f"N{number}"
            )
            slack.person("dana").share(channel, [(f"n{number}.apk", apk)])
            await asyncio.sleep(within_s / len(shares) / 2)  # all of them in the first half of the time
        await typing
        await _settle(slack, folder / "appscan.db", seen, flooded, tell or (lambda _: None))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await bot.stop()
        _look(slack, onetrust, folder / "appscan.db", seen, flooded)
        return seen


async def _watch(bot: BotProcess, folder: Path, seen: Flood) -> None:
    """Note every now and then what the bot's process holds."""
    while bot.running:
        _note(Path(f"/proc/{bot.pid}"), folder / "appscan.db.builds", seen)
        await asyncio.sleep(LOOK_S)


def _note(process: Path, work_dir: Path, seen: Flood) -> None:
    status = (process / "status").read_text()
    seen.rss.append(int(status.split("VmRSS:")[1].split()[0]) * 1024)
    seen.files.append(len(list((process / "fd").iterdir())))
    seen.at_work = max(seen.at_work, len(list(work_dir.glob("scan-*"))))


async def _type(slack: SlackSandbox, channel: Channel, per_s: int, within_s: float, seen: Flood) -> None:
    """Type commands at a steady pace, whether or not the last one was answered."""
    asked: list[asyncio.Task[Invocation]] = []

    async def one(number: int) -> Invocation:
        began = time.perf_counter()
        words = ("history state:submitted", "status 1", "apps", "history n1")[number % 4]
        invocation = await slack.person(("dana", "eli")[number % 2]).slash(channel, "/appscan", words)
        seen.ack_s.append(time.perf_counter() - began)
        return invocation

    until = time.monotonic() + within_s
    while time.monotonic() < until:
        asked.append(asyncio.create_task(one(len(asked))))
        await asyncio.sleep(1 / per_s)
    typed = await asyncio.gather(*asked)
    seen.commands = len(typed)
    seen.late = sum(not each.acked for each in typed)
    try:
        await slack.until(lambda: all(each.answers for each in typed), 120)
    except TimeoutError:
        seen.unanswered = sum(not each.answers for each in typed)


async def _settle(
    slack: SlackSandbox, database: Path, seen: Flood, flooded: Channel, tell: Callable[[str], None]
) -> None:
    """Wait until every build has come to rest and its reply says so, and no notice is open."""
    until, told_at = time.monotonic() + SETTLE_S, 0.0
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        while time.monotonic() < until:
            ended, shown = db.execute(
                "SELECT sum(state = 'submitted'), sum(shown_revision >= revision) FROM scans"
            ).fetchone()
            notices = db.execute("SELECT count(*) FROM notices").fetchone()[0]
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                tell(f"{ended} builds ended, {shown} shown; the notice: {_notices(slack, flooded)[-1:]}")
            if (ended, shown, notices) == (seen.builds, seen.builds, 0):
                return
            await asyncio.sleep(LOOK_S)


def _notices(slack: SlackSandbox, channel: Channel) -> list[str]:
    reader = Reader(slack.world)
    return [reader.body(message) for message in _of_bot(slack, channel) if message.thread_ts is None]


def _of_bot(slack: SlackSandbox, channel: Channel) -> list[Message]:
    everything = slack.world.messages.values()
    return [each for each in everything if each.channel == channel.id and each.user == slack.bot_user_id]


def _look(
    slack: SlackSandbox, onetrust: OneTrustSandbox, database: Path, seen: Flood, flooded: Channel
) -> None:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        seen.states = dict(db.execute("SELECT state, count(*) FROM scans GROUP BY state"))
        for channel, waited_s in db.execute(
            "SELECT channel, at - created_at FROM events "
            "JOIN scans ON scan = scans.number WHERE after = 'submitted'"
        ):
            seen.waits_s[channel == flooded.id].append(waited_s)
    seen.submitted = len({each.name for each in onetrust.received})
    replies: dict[str, int] = {}
    for message in slack.world.messages.values():
        if message.user == slack.bot_user_id and message.thread_ts is not None:
            replies[message.thread_ts] = replies.get(message.thread_ts, 0) + 1
    seen.replies = len(replies)
    seen.doubled = sum(count > 1 for count in replies.values())
    seen.redelivered = sum(each.attempts > 1 for each in slack.deliveries if each.kind == "events_api")
    seen.notices = _notices(slack, flooded)
