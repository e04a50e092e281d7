"""The domain, joined together on stand-ins for the world; the one place where tests wire it.

The store is the real one, on a file of the test's own: it is fast, and it is what decides.
"""

from dataclasses import replace
from pathlib import Path

from bot.core.access import Access
from bot.core.circuit_breaker import CircuitBreaker
from bot.core.scan import Scan, Share, State
from bot.core.scheduler import Scheduler
from bot.core.work_dir import WorkDir
from bot.features.history.history import HistoryService
from bot.features.submission.card_repository import Cards
from bot.features.submission.intake import Intake
from bot.features.submission.pipeline import Pipeline
from bot.features.submission.routes import Routes
from bot.features.submission.user_actions import UserActions
from bot.features.submission.worker import Worker
from bot.features.verdicts.hold import Hold
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.storage.database import Database
from bot.wiring.repositories import Repositories
from bot.wiring.sections import reply_sections
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


class Bench:
    """The domain on fakes and a real store."""

    def __init__(
        self, database: Database, work_dir: Path, *, policy: Access | None = None, concurrency: int = 2
    ) -> None:
        self.clock = HeldClock()
        self.database = database
        self.store = Repositories(database, self.clock)
        self.files, self.reader, self.scanner = FakeFiles(), FakeReader(), FakeRoute()
        self.announcer, self.board, self.workspace = FakeAnnouncer(), FakeBoard(), FakeWorkspace()
        self.people, self.refusals = FakePeople(), FakeRefusals()
        self.policy = replace(policy, people=self.people) if policy else Access(people=self.people)
        self.work_dir = work_dir
        self.work_dir.mkdir(exist_ok=True)
        self.builds = WorkDir(work_dir, self.clock)
        self.woken = 0
        self.dropped: list[int] = []
        self.breaker = CircuitBreaker(self.clock)
        self.pipeline = self.new_pipeline(self.breaker)
        self.intake = Intake(
            store=self.store,
            workspace=self.workspace,
            board=self.board,
            announcer=self.announcer,
            refusals=self.refusals,
            access=self.policy,
            clock=self.clock,
            wake=self._wake,
            drop=self._drop,
        )
        self.choices = UserActions(
            store=self.store,
            announcer=self.announcer,
            access=self.policy,
            wake=self._wake,
            drop=self._drop,
        )
        self.cards = Cards(
            database=self.database,
            sections=reply_sections(
                clock=self.clock, permalink=_permalink, scanners=[ZSCALER], reads_hosts=True
            ),
            log_url=lambda request_id: f"https://log.example/{request_id}",
            permalink=_permalink,
        )
        self.records = HistoryService(
            store=self.store,
            cards=self.cards,
            workspace=self.workspace,
            access=self.policy,
            clock=self.clock,
        )
        self.scheduler = Scheduler(self.clock)
        self.runner = Worker(
            store=self.store,
            pipeline=self.pipeline,
            intake=self.intake,
            announcer=self.announcer,
            clock=self.clock,
            breaker=self.breaker,
            concurrency=concurrency,
            scheduler=self.scheduler,
        )

    def new_pipeline(
        self,
        breaker: CircuitBreaker | None = None,
        *,
        accepts_aab: bool = False,
        holding: Hold | None = None,
    ) -> Pipeline:
        """Return a pipeline that remembers nothing, as after a restart."""
        return Pipeline(
            store=self.store,
            files=self.files,
            reader=self.reader,
            routes=Routes([self.scanner]),
            announcer=self.announcer,
            clock=self.clock,
            breaker=breaker or CircuitBreaker(self.clock),
            work_dir=self.builds,
            may_create_link=self.policy.may_create_link,
            accepts_aab=accepts_aab,
            adjustment=holding,
        )

    def _wake(self) -> None:
        self.woken += 1
        self.runner.wake()

    def _drop(self, number: int) -> None:
        self.dropped.append(number)
        self.runner.drop(number)

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
        await self.database.read(
            lambda db: db.execute(
                "CREATE TEMP TRIGGER disk_full BEFORE UPDATE ON scans "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )

    async def clear_disk(self) -> None:
        """Let scans be written again."""
        await self.database.read(lambda db: db.execute("DROP TRIGGER disk_full"))


def _permalink(scan: Scan) -> str:
    return f"https://slack.example/{scan.channel}/{scan.number}"
