"""Two side scanners on the same rows: each has its own state, limit and hold."""

from dataclasses import dataclass, field, replace

import pytest

from bot.core.scan import Scan, State
from bot.errors import TryLater
from bot.features.verdicts.hold import Hold
from bot.features.verdicts.models import SandboxReceipt, VerdictState, verdicts_of
from bot.features.verdicts.outcomes import VerdictOutcomes
from bot.features.verdicts.retry import VerdictRetry
from bot.features.verdicts.side_scanner import SideScanner
from bot.features.verdicts.submitter import VerdictSubmitter
from bot.features.verdicts.worker import VerdictWorker
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from bot.wiring.domain import ReplyContext
from bot.wiring.features import reply_sections
from tests.bench import Bench
from tests.fakes import START, FakeReports, FakeSandbox, a_share, until
from tests.scenario.second_scanner import ACME
from tests.unit.features.verdicts.bench import GOOD


@dataclass
class Pair:
    """Zscaler, which holds for 30 minutes, and Acme, which holds for 10."""

    bench: Bench
    apis: dict[str, FakeSandbox] = field(
        default_factory=lambda: {"zscaler": FakeSandbox(), "acme": FakeSandbox()}
    )

    def __post_init__(self) -> None:
        self.bench.cards.sections = reply_sections(
            ReplyContext(
                clock=self.bench.clock,
                permalink=self.bench.cards.permalink,
                scanners=[ZSCALER, ACME],
                shows_hosts=False,
            )
        )
        self.scanners = {
            profile.name: SideScanner(
                profile=profile,
                submissions=self.apis[profile.name],
                reports=FakeReports(),
                hold_max_s=hold_max_s,
            )
            for profile, hold_max_s in ((ZSCALER, 1800.0), (ACME, 600.0))
        }
        self.workers = {name: self._worker(scanner) for name, scanner in self.scanners.items()}

    def _worker(self, scanner: SideScanner) -> VerdictWorker:
        bench = self.bench
        outcomes = VerdictOutcomes(bench.store, scanner.profile, bench.announcer, lambda: None)
        return VerdictWorker(
            store=bench.store,
            scanner=scanner,
            files=bench.files,
            work_dir=bench.builds,
            outcomes=outcomes,
            clock=bench.clock,
            wake=lambda *_: None,
            sending=VerdictSubmitter(
                store=bench.store, scanner=scanner, outcomes=outcomes, clock=bench.clock
            ),
        )

    async def shared(self, *names: str, file_id: str = "F1", holds: bool = True) -> Scan:
        """Share a build that the named scanners are asked about, and take it as far as it goes."""
        asked = tuple(
            scanner if holds else replace(scanner, hold_max_s=None)
            for name, scanner in self.scanners.items()
            if name in names
        )
        number = await self.bench.shared(a_share(file_id, ts=f"1790000000.00000{file_id[1:]}"))
        pipeline = self.bench.new_pipeline(self.bench.breaker, holding=Hold(scanners=asked))
        await pipeline.run(number)
        return await self.bench.scan(number)

    async def turn(self, name: str) -> None:
        await self.workers[name].turn()
        await until(lambda: not self.workers[name].busy)

    async def state(self, name: str, number: int = 1) -> VerdictState:
        _, verdict = await self.bench.store.verdicts.of(name, number)
        assert verdict is not None
        return verdict.state

    async def due(self) -> list[int]:
        return (await self.bench.store.queue.poll(5, busy=())).due


@pytest.fixture
def pair(bench: Bench) -> Pair:
    return Pair(bench)


async def test_each_scanner_moves_its_own_row(pair: Pair) -> None:
    scan = await pair.shared("zscaler", "acme", holds=False)
    assert scan.state is State.SUBMITTED
    pair.apis["acme"].outcomes = [TryLater("Acme is away.")]

    for name in ("acme", "zscaler"):
        await pair.turn(name)

    assert (await pair.state("zscaler"), await pair.state("acme")) == (
        VerdictState.ANALYSING,
        VerdictState.WAITING,
    )
    shown = verdicts_of(await pair.bench.cards.card(scan.number))
    assert [(each.scanner.name, each.verdict.problem) for each in shown] == [
        ("zscaler", None),
        ("acme", "Acme is away."),
    ]


async def test_a_failing_scanner_opens_its_own_breaker_only(pair: Pair) -> None:
    for number in range(1, 8):
        await pair.shared("zscaler", "acme", file_id=f"F{number}", holds=False)
    pair.apis["acme"].always = TryLater("Acme is away.")

    for name in ("acme", "zscaler"):
        for _ in range(8):
            await pair.turn(name)

    assert len(pair.apis["acme"].sent) < 7
    assert len(pair.apis["zscaler"].sent) == 7


async def test_the_daily_limit_is_each_scanners_own(pair: Pair) -> None:
    worker = pair.workers["acme"]
    pair.scanners["acme"] = replace(pair.scanners["acme"], profile=replace(ACME, daily_limit=1))
    pair.workers["acme"] = worker = pair._worker(pair.scanners["acme"])
    for number in (1, 2):
        await pair.shared("zscaler", "acme", file_id=f"F{number}", holds=False)

    for name in ("acme", "zscaler", "acme", "zscaler"):
        await pair.turn(name)

    assert [len(pair.apis[name].sent) for name in ("acme", "zscaler")] == [1, 2]
    _, waits = await pair.bench.store.verdicts.of("acme", 2)
    assert waits is not None
    assert (
        waits.problem
        == "The Analyzer takes 1 files a day, and has had them. This one is sent as soon as it may."
    )
    assert not worker.busy


async def test_a_build_held_for_both_waits_for_the_later_one(pair: Pair) -> None:
    scan = await pair.shared("zscaler", "acme")
    assert (scan.state, scan.submission.due_at) == (State.QUEUED, START + 1800)
    assert scan.problem == (
        "This build waits for Zscaler's verdict and Acme's verdict, 30 min at most. "
        "Then it is sent to OneTrust."
    )

    pair.apis["zscaler"].outcomes = [SandboxReceipt(verdict=GOOD)]
    await pair.turn("zscaler")
    assert (await pair.bench.scan(1)).submission.due_at == START + 600
    assert await pair.due() == []

    pair.apis["acme"].outcomes = [SandboxReceipt(verdict=GOOD)]
    await pair.turn("acme")
    assert await pair.due() == [1]


async def test_a_hold_in_vain_ends_alone_and_the_timeline_names_it(pair: Pair) -> None:
    await pair.shared("zscaler", "acme")
    pair.apis["zscaler"].outcomes = [TryLater("Tomorrow.", retry_after_s=86_400)]
    await pair.turn("zscaler")
    assert (await pair.bench.scan(1)).submission.due_at == START + 600
    assert await pair.due() == []

    pair.apis["acme"].outcomes = [SandboxReceipt(verdict=GOOD)]
    await pair.turn("acme")
    assert await pair.due() == [1]
    await pair.bench.pipeline.run(1)

    told = [event.why for event in await pair.bench.store.scans.events(1)]
    assert "went on without Zscaler's verdict after 0 s" in told
    assert not any("Acme's verdict after" in line for line in told)


async def test_builds_stay_held_for_scanners_that_hold_still(pair: Pair) -> None:
    await pair.shared("zscaler", "acme")

    await pair.bench.store.verdicts.release_all(other_than={"acme"})
    assert (await pair.bench.scan(1)).submission.due_at == START + 600
    assert await pair.due() == []

    await pair.bench.store.verdicts.release_all(other_than=())
    assert await pair.due() == [1]


async def test_a_build_that_is_taken_back_is_sent_to_neither(pair: Pair) -> None:
    await pair.shared("zscaler", "acme")

    await pair.bench.store.scans.cancel(1, why="taken back", who="UANA")

    assert verdicts_of(await pair.bench.cards.card(1)) == ()


async def test_one_scanner_is_asked_again_and_the_other_stays(pair: Pair) -> None:
    await pair.shared("zscaler", "acme", holds=False)
    for name, api in pair.apis.items():
        api.outcomes = [SandboxReceipt(is_covered=False)]
        await pair.turn(name)
    asking = VerdictRetry(
        store=pair.bench.store,
        announcer=pair.bench.announcer,
        clock=pair.bench.clock,
        wake=lambda *_: None,
        scanners=pair.scanners,
    )

    await asking.ask("acme", 1, "UDANA")

    assert (await pair.state("zscaler"), await pair.state("acme")) == (
        VerdictState.EXCLUDED,
        VerdictState.WAITING,
    )
    assert (await pair.bench.store.scans.events(1))[-1].why == "ask Acme again"


async def test_two_scanners_share_one_pull_and_the_last_one_drops_the_build(pair: Pair) -> None:
    await pair.shared("zscaler", "acme", holds=False)

    await pair.turn("acme")
    await pair.turn("acme")
    assert len(pair.bench.builds.kept) == 1  # Zscaler has not seen it yet
    await pair.turn("zscaler")
    await pair.turn("zscaler")

    assert pair.apis["zscaler"].sent == pair.apis["acme"].sent != []
    assert pair.bench.files.pulled == [1]
    assert not any(pair.bench.work_dir.iterdir())


async def test_a_build_is_kept_for_a_scanner_that_is_away(pair: Pair) -> None:
    await pair.shared("zscaler", "acme", holds=False)
    pair.apis["acme"].outcomes = [TryLater("Acme is away.")]
    for name in ("zscaler", "acme"):
        await pair.turn(name)
        await pair.turn(name)
    assert len(pair.bench.builds.kept) == 1

    pair.bench.clock.advance(60)
    await pair.turn("acme")

    assert await pair.state("acme") is VerdictState.ANALYSING
    assert pair.bench.files.pulled == [1]


async def test_a_build_that_is_taken_back_is_not_kept(pair: Pair) -> None:
    await pair.shared("zscaler", "acme")
    assert len(pair.bench.builds.kept) == 1

    await pair.bench.store.scans.cancel(1, why="taken back", who="UANA")
    await pair.turn("zscaler")

    assert not any(pair.bench.work_dir.iterdir())
