"""The second scanner's part, joined together on fakes beside the domain's own bench."""

from collections.abc import Awaitable, Callable

from bot.core.scan import Scan, Share
from bot.features.hosts.models import HostReader
from bot.features.verdicts import report_poller
from bot.features.verdicts.hold import Hold
from bot.features.verdicts.models import Report, ReportStatus, SandboxVerdict, Threat, Verdict
from bot.features.verdicts.outcomes import VerdictOutcomes
from bot.features.verdicts.report_poller import ReportPoller
from bot.features.verdicts.side_scanner import ReportApi, SideScanner, SubmissionApi
from bot.features.verdicts.submitter import VerdictSubmitter
from bot.features.verdicts.worker import VerdictWorker
from bot.scanners.zscaler.sandbox import PROFILE as ZSCALER
from tests.bench import Bench
from tests.fakes import FakeReports, FakeSandbox, a_share, until

FIRST_S = 600.0
TOO_LATE, NOT_THERE = ZSCALER.fill(report_poller.TOO_LATE), ZSCALER.fill(report_poller.NOT_THERE)
GOOD = SandboxVerdict(threat=Threat.BENIGN, score=0)
BAD = SandboxVerdict(threat=Threat.MALICIOUS, score=100, malware="Android/Agent")


def done(verdict: SandboxVerdict = GOOD, status: ReportStatus = ReportStatus.COMPLETED) -> Report:
    return Report(status=status, verdict=verdict)


def a_scanner(
    submissions: SubmissionApi | None = None,
    reports: ReportApi | None = None,
    *,
    hold_max_s: float | None = None,
) -> SideScanner:
    """Return Zscaler's Sandbox on fakes."""
    return SideScanner(
        profile=ZSCALER,
        submissions=submissions,
        reports=reports,
        first_report_s=FIRST_S,
        hold_max_s=hold_max_s,
    )


def holding(hold_max_s: float | None) -> Hold:
    """Return how Zscaler bears on a decision."""
    return Hold(scanners=(a_scanner(hold_max_s=hold_max_s),))


class Second:
    """Zscaler, asked about what is on the bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.sandbox, self.reports = FakeSandbox(), FakeReports()
        self.work_dir = bench.builds
        self.woken = 0
        self.bad: list[int] = []
        self.outcomes = VerdictOutcomes(bench.store, ZSCALER, bench.announcer, self._wake, self.bad.append)
        self.worker = self.new_worker()
        self.reporter = self.new_reporter(self.reports)

    def new_worker(
        self,
        *,
        sandbox: SubmissionApi | None = None,
        hosts: HostReader | None = None,
        alone: bool = False,
        reads: bool = True,
        ask: Callable[[], Awaitable[object]] | None = None,
    ) -> VerdictWorker:
        """Return one that remembers nothing, as after a restart; ``alone`` is without the Sandbox."""
        scanner = a_scanner(None if alone else sandbox or self.sandbox, FakeReports() if reads else None)
        self.sending = VerdictSubmitter(
            store=self.bench.store, scanner=scanner, outcomes=self.outcomes, clock=self.bench.clock
        )
        return VerdictWorker(
            store=self.bench.store,
            scanner=scanner,
            files=self.bench.files,
            work_dir=self.work_dir,
            outcomes=self.outcomes,
            clock=self.bench.clock,
            wake=self._wake,
            sending=self.sending,
            hosts=hosts,
            ask=ask,
        )

    def new_reporter(self, reports: FakeReports | None) -> ReportPoller:
        """Return one that remembers nothing, as after a restart."""
        return ReportPoller(
            store=self.bench.store,
            scanner=a_scanner(self.sandbox, reports),
            outcomes=self.outcomes,
            clock=self.bench.clock,
        )

    async def submitted(self, share: Share | None = None, *, hold_s: float | None = None) -> Scan:
        """Share a build and take its own step to OneTrust to the end, or to where it is held."""
        number = await self.bench.shared(share or a_share())
        await self.bench.new_pipeline(self.bench.breaker, holding=holding(hold_s)).run(number)
        return await self.bench.scan(number)

    async def turn(self, verdicts: VerdictWorker | None = None) -> None:
        """Do what is due, and wait until it is done."""
        taken = verdicts or self.worker
        while (await self.bench.store.verdicts.due("zscaler", 1)).now:
            await taken.turn()
            await until(lambda: not taken.busy)
        await taken.turn()  # as it is woken then

    def forget_builds(self) -> None:
        """Let no build be kept, as after a restart."""
        self.work_dir.drop_kept(self.work_dir.kept)

    async def verdict(self, number: int = 1) -> Verdict:
        """Return the verdict on a scan."""
        _, verdict = await self.bench.store.verdicts.of("zscaler", number)
        assert verdict is not None
        return verdict

    async def analysing(self, share: Share | None = None, *, hold_s: float | None = None) -> Scan:
        """Share a build and have it sent to Zscaler."""
        scan = await self.submitted(share, hold_s=hold_s)
        await self.turn()
        return scan

    def _wake(self, *_: str) -> None:
        self.woken += 1
