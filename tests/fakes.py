"""Stand-ins for what the domain needs of the world."""
# ruff: noqa: ASYNC240 - a few bytes, in files of the test's own

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlite_utils

from bot.core.people import Person
from bot.core.ports import Progress
from bot.core.scan import Build, ChannelKind, FileType, Kind, Pulled, Scan, Seen, Share
from bot.errors import NotFound, NotInvited
from bot.features.hosts.models import HostsFound
from bot.features.rescan_requests.models import RescanRequest
from bot.features.results import repository as results
from bot.features.submission.routes import Journal, Order, Receipt
from bot.features.verdicts.models import Quota, Report, ReportStatus, SandboxReceipt
from bot.storage import transitions
from bot.storage.database import Database

START = 1_790_000_000.0
APP_ID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"
OTHER_APP_ID = "5d0e2c31-18f4-4a53-8a0b-6f8a9c3f1e22"
SHOP = Build(
    file_type=FileType.APK,
    bundle_id="com.example.shop",
    display_name="Shop",
    version="4.2.0",
    build_number="4200",
)
SHOP_IOS = Build(
    file_type=FileType.IPA,
    bundle_id="com.example.shop",
    display_name="Shop",
    version="4.2.0",
    build_number="17",
)


async def until(condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 20.0) -> None:
    """Wait until the condition holds; the store works in a thread, so other things have to get their turn."""
    async with asyncio.timeout(within_s):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.002)


class HeldClock:
    """Time that moves only when it is told to."""

    def __init__(self, now: float = START) -> None:
        self._now = now
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        over = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), over))
        self.advance(0)
        await over

    def advance(self, seconds: float) -> None:
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            over = heapq.heappop(self._sleepers)[2]
            if not over.done():
                over.set_result(None)

    @property
    def naps(self) -> list[float]:
        """How much longer each sleeper sleeps, in seconds."""
        return sorted(at - self._now for at, _, over in self._sleepers if not over.done())


class FakeFiles:
    """Slack's files: each file's content is its own ID unless told otherwise."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.troubles: list[Exception] = []
        self.gate: asyncio.Event | None = None
        self.pulled: list[int] = []
        self.paths: list[Path] = []

    async def pull(self, scan: Scan, to: Path, *, limit_bytes: int, progress: Progress) -> Pulled:
        self.pulled.append(scan.number)
        self.paths.append(to)
        to.write_bytes(b"half of it")
        if self.gate is not None:
            await self.gate.wait()
        if self.troubles:
            raise self.troubles.pop(0)
        body = self.content.get(str(scan.file_id), f"the bytes of {scan.file_id}".encode())
        to.write_bytes(body)
        progress(len(body), len(body))
        return Pulled(size_bytes=len(body), sha256=sha256(body).hexdigest())


class FakeReader:
    """Reads the same build in every file, unless told otherwise by what the file is called."""

    def __init__(self) -> None:
        self.build = SHOP
        self.by_name: dict[str, Build] = {}
        self.troubles: list[Exception] = []

    async def read(self, path: Path, file_name: str) -> Build:
        assert path.is_file()
        if self.troubles:
            raise self.troubles.pop(0)
        return self.by_name.get(file_name, self.build)


class FakeRoute:
    """A scanner that gives a receipt, unless it was told of another outcome."""

    name = "webhook"
    title = "the webhook"
    file_types = frozenset({FileType.IPA, FileType.APK})

    def __init__(self) -> None:
        self.limit_bytes = 64_000_000
        self.lacks: dict[Kind, str] = {}
        self.outcomes: list[Exception | Receipt] = []
        self.commits = True
        self.before_commit: asyncio.Event | None = None
        self.after_commit: asyncio.Event | None = None
        self.waiting = 0
        """How many submissions hang at a gate."""
        self.orders: list[Order] = []
        self.bodies: list[bytes] = []

    async def submit(self, order: Order, path: Path, journal: Journal) -> Receipt:
        self.orders.append(order)
        self.bodies.append(path.read_bytes())
        journal.progress(1, 2)
        await self._pass(self.before_commit)
        if self.commits:
            await journal.committing()
        await self._pass(self.after_commit)
        outcome = (
            self.outcomes.pop(0)
            if self.outcomes
            else Receipt(request_id=f"request-{len(self.orders)}", status=202)
        )
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _pass(self, gate: asyncio.Event | None) -> None:
        if gate is not None:
            self.waiting += 1
            try:
                await gate.wait()
            finally:
                self.waiting -= 1


class FakeJournal:
    """Keeps what a route wrote down; ``committing`` may be another."""

    def __init__(self, committing: Callable[[], Awaitable[None]] | None = None) -> None:
        self.committed = 0
        self.moved: list[tuple[int, int]] = []
        self.made: list[str] = []
        self.uploads: list[str] = []
        self.notes: list[str] = []
        self._committing = committing

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        self.moved.append((done_bytes, total_bytes))

    async def committing(self) -> None:
        if self._committing is not None:
            await self._committing()
        self.committed += 1

    async def uploading(self, name: str) -> None:
        self.uploads.append(name)

    async def made_app(self, application_id: str) -> None:
        self.made.append(application_id)

    async def note(self, why: str) -> None:
        self.notes.append(why)


class FakeSandbox:
    """A Sandbox that takes files, unless it was told of another outcome."""

    def __init__(self) -> None:
        self.outcomes: list[Exception | SandboxReceipt] = []
        self.always: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.sent: list[tuple[str, bytes]] = []
        self.away: Exception | None = None
        """What the first question meets, before anything is sent."""

    async def reach(self) -> None:
        if self.away is not None:
            raise self.away

    async def submit(self, path: Path, md5: str) -> SandboxReceipt:
        self.sent.append((md5, path.read_bytes()))
        if self.gate is not None:
            await self.gate.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else self.always or SandboxReceipt()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class FakeReports:
    """Reports that are in progress, unless told otherwise; a quota that is never used up until it is."""

    def __init__(self) -> None:
        self.answers: list[Exception | Report] = []
        self.always: Exception | Report = Report(status=ReportStatus.IN_PROGRESS)
        self.quotas: list[Exception | tuple[Quota, ...]] = []
        self.asked: list[tuple[str, bool]] = []
        self.quota_asked = 0

    async def report(self, md5: str, *, full: bool = False) -> Report:
        self.asked.append((md5, full))
        answer = self.answers.pop(0) if self.answers else self.always
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def quota(self) -> tuple[Quota, ...]:
        self.quota_asked += 1
        quota = self.quotas.pop(0) if self.quotas else (Quota(used=1, allowed=1000),)
        if isinstance(quota, Exception):
            raise quota
        return quota


class FakeHosts:
    """Finds one host in every build, unless told otherwise."""

    def __init__(self) -> None:
        self.outcomes: list[Exception | HostsFound] = []
        self.read: list[bytes] = []

    async def hosts(self, path: Path) -> HostsFound:
        self.read.append(path.read_bytes())
        outcome = self.outcomes.pop(0) if self.outcomes else HostsFound(hosts=("api.example.com",))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class FakeAnnouncer:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.moved: list[tuple[int, int, int]] = []

    def changed(self, number: int) -> None:
        self.told.append(number)

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        self.moved.append((number, done_bytes, total_bytes))


class FakeBoard:
    """Gives each waiting rescan a message of its own."""

    def __init__(self) -> None:
        self.posted: list[tuple[RescanRequest, Scan | None]] = []
        self.updated: list[RescanRequest] = []
        self.trouble: Exception | None = None

    async def post(self, request: RescanRequest, latest: Scan | None) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.posted.append((request, latest))
        return f"1790000500.{request.number:06d}"

    async def update(self, request: RescanRequest, latest: Scan | None) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.updated.append(request)


class FakePeople:
    """People who are members unless told otherwise."""

    def __init__(self) -> None:
        self.known: dict[str, Person | Exception] = {}
        self.asked: list[str] = []

    async def person(self, user: str) -> Person:
        self.asked.append(user)
        known = self.known.get(user, Person())
        if isinstance(known, Exception):
            raise known
        return known


class FakeRefusals:
    """Keeps who was told what."""

    def __init__(self) -> None:
        self.told: list[tuple[Share, str]] = []

    def refuse(self, share: Share, sentence: str) -> None:
        self.told.append((share, sentence))


@dataclass
class FakeWorkspace:
    """A workspace where every channel is public unless told otherwise."""

    kinds: dict[str, ChannelKind] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    """Channels that the bot is not in."""
    private: dict[str, frozenset[str]] = field(default_factory=dict)
    """Private channels by who is in them."""
    public: dict[str, frozenset[str]] = field(default_factory=dict)
    """Public channels by who is in them."""
    messages: dict[tuple[str, str], tuple[Share, ...]] = field(default_factory=dict)
    files: dict[str, list[tuple[Share, ...] | Exception | None]] = field(default_factory=dict)
    """What is said of a file, look by look; the last is said again and again."""
    looks: list[tuple[str, str | None]] = field(default_factory=list)

    def read(self, payload: Mapping[str, Any]) -> Seen:
        return Seen(shares=tuple(payload.get("shares", ())), unnamed=tuple(payload.get("unnamed", ())))

    async def kind_of(self, channel: str) -> ChannelKind:
        if channel in self.elsewhere:
            raise NotInvited("Invite me.")
        return self.kinds.get(channel, ChannelKind.PUBLIC)

    async def private_channels(self, user: str) -> frozenset[str]:
        return self.private.get(user, frozenset())

    async def channels(self, user: str) -> frozenset[str]:
        return self.private.get(user, frozenset()) | self.public.get(user, frozenset())

    async def shares_of_message(
        self,
        channel: str,
        message_ts: str,
        thread_ts: str | None,
    ) -> tuple[Share, ...]:
        await self.kind_of(channel)
        if (channel, message_ts) not in self.messages:
            raise NotFound("There is no such message.")
        return self.messages[channel, message_ts]

    async def shares_of_file(
        self, file_id: str, channel: str | None = None, message_ts: str | None = None
    ) -> tuple[Share, ...] | None:
        self.looks.append((file_id, channel))
        said = self.files.get(file_id, [NotFound("There is no such file.")])
        answer = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def a_share(
    file_id: str = "F1",
    *,
    channel: str = "C1",
    ts: str = "1790000000.000100",
    name: str = "shop.apk",
    by: str = "UANA",
    **rest: Any,
) -> Share:
    """Return one file shared in a public channel, as the start of a thread of its own."""
    return Share(
        **{
            "channel": channel,
            "channel_kind": ChannelKind.PUBLIC,
            "message_ts": ts,
            "thread_ts": ts,
            "file_id": file_id,
            "file_name": name,
            "size_bytes": 1000,
            "shared_by": by,
            **rest,
        }
    )


async def submitted_apps(database: Database, now: float, count: int) -> list[int]:
    """Let so many new apps, from "App 1" on, have been submitted then; return their scans."""

    def work(db: sqlite_utils.Database) -> list[int]:
        for nth in range(1, count + 1):
            db["scans"].insert(
                {
                    "number": nth,
                    "state": "submitted",
                    "source": "slack",
                    "file_name": "a.apk",
                    "created_at": now,
                    "updated_at": now,
                    "kind": "new",
                    "platform": "android",
                    "name": f"App {nth}",
                    "bundle_id": f"com.example.app{nth}",
                    "version": "4.2.0",
                }
            )
            db["submissions"].insert({"scan": nth, "scanner": "onetrust", "state": "accepted"})
            results.begin(db, transitions.load(db, nth), since=now, now=now)
        return list(range(1, count + 1))

    return await database.write(work)
