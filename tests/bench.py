"""The domain on stand-ins for the world; the one place where tests build it.

The store is the real one, on a file of the test's own: it is fast, and it is what decides.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.core.access import Access
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.scan import Scan, Share, State
from bot.core.scheduler import Scheduler
from bot.core.work_dir import WorkDir
from bot.features.history.history import HistoryService
from bot.features.submission.pipeline import Pipeline
from bot.features.submission.routes import Routes
from bot.features.verdicts.hold import Hold
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.storage.database import Database
from bot.wiring.domain import ReplyContext, SlackDomain
from bot.wiring.features import reply_sections
from tests.fakes import (
    FakeAnnouncer,
    FakeBoard,
    FakeFiles,
    FakePeople,
    FakeReader,
    FakeRefusals,
    FakeRoute,
    FakeWorkspace,
    HeldClock,
)


@dataclass(kw_only=True, eq=False, repr=False)
class CountingDomain(SlackDomain):
    """Counts how often the worker is woken, and notes what it drops."""

    woken: int = field(default=0, init=False)
    dropped: list[int] = field(default_factory=list, init=False)

    def wake(self, *reasons: str) -> None:
        self.woken += 1
        super().wake(*reasons)

    def drop(self, number: int) -> None:
        self.dropped.append(number)
        super().drop(number)


class Bench:
    """The domain on fakes and a real store."""

    def __init__(
        self, database: Database, work_dir: Path, *, policy: Access | None = None, concurrency: int = 2
    ) -> None:
        self.clock = HeldClock()
        self.database = database
        self.files, self.reader, self.scanner = FakeFiles(), FakeReader(), FakeRoute()
        self.announcer, self.board, self.workspace = FakeAnnouncer(), FakeBoard(), FakeWorkspace()
        self.people, self.refusals = FakePeople(), FakeRefusals()
        self.policy = replace(
            policy or Access(people=self.people, workspace=self.workspace),
            people=self.people,
            workspace=self.workspace,
        )
        self.work_dir = work_dir
        self.work_dir.mkdir(exist_ok=True)
        self.builds = WorkDir(work_dir, self.clock)
        self.breaker, self.scheduler = CircuitBreaker(self.clock), Scheduler(self.clock)
        self.domain = CountingDomain(
            database=database,
            clock=self.clock,
            files=self.files,
            reader=self.reader,
            routes=Routes([self.scanner]),
            work_dir=self.builds,
            breaker=self.breaker,
            announce=lambda _: self.announcer,
            sections=reply_sections(
                ReplyContext(clock=self.clock, permalink=_permalink, scanners=[ZSCALER], shows_hosts=True)
            ),
            permalink=_permalink,
            log_url="https://log.example/{request_id}",
            may_create_link=self.policy.may_create_link,
            workspace=self.workspace,
            board=self.board,
            refusals=self.refusals,
            access=self.policy,
            scheduler=self.scheduler,
            concurrency=concurrency,
        )
        self.store, self.cards, self.pipeline = self.domain.store, self.domain.cards, self.domain.pipeline
        self.intake, self.choices, self.runner = self.domain.intake, self.domain.actions, self.domain.worker
        self.records = HistoryService(
            store=self.store,
            cards=self.cards,
            access=self.policy,
            clock=self.clock,
        )

    @property
    def woken(self) -> int:
        return self.domain.woken

    @property
    def dropped(self) -> list[int]:
        return self.domain.dropped

    def new_pipeline(
        self,
        breaker: CircuitBreaker | None = None,
        *,
        accepts_aab: bool = False,
        holding: Hold | None = None,
    ) -> Pipeline:
        """Return a pipeline that remembers nothing, as after a restart."""
        breaker = breaker or CircuitBreaker(self.clock)
        return replace(self.domain, breaker=breaker, accepts_aab=accepts_aab, adjustment=holding).pipeline

    async def shared(self, share: Share) -> int:
        """Record a share as if Slack had told of it; return the scan's number."""
        scans = await self.intake.shared((share,))
        return scans[0].number

    async def submitted(self, share: Share) -> Scan:
        """Record a share and take it to its end, which is to be a submission."""
        number = await self.shared(share)
        await self.pipeline.run(number)
        scan = await self.store.scans.scan(number)
        assert scan.state is State.SUBMITTED, scan
        return scan

    async def scan(self, number: int) -> Scan:
        return await self.store.scans.scan(number)

    async def state(self, number: int) -> State:
        return (await self.scan(number)).state

    async def story(self, number: int) -> list[State]:
        """Return the states the scan went through."""
        return [event.after for event in await self.store.scans.events(number)]

    async def fill_disk(self) -> None:
        """Let no scan be written from now on, while all can be read."""
        await self.database.write(
            lambda db: db.execute(
                "CREATE TEMP TRIGGER disk_full BEFORE UPDATE ON scans "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )

    async def clear_disk(self) -> None:
        """Let scans be written again."""
        await self.database.write(lambda db: db.execute("DROP TRIGGER disk_full"))


def _permalink(scan: Scan) -> str:
    return f"https://slack.example/{scan.channel}/{scan.number}"
