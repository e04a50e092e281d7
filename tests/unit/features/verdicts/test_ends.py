"""Whatever Zscaler answers, in whatever order: each verdict ends, in time, and OneTrust's part is let go."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.scan import State
from bot.errors import FileUnavailable, Maintenance, NoRoom, NotFound, PullFailed, Refused, TryLater
from bot.features.verdicts.models import Quota, Report, ReportStatus, SandboxReceipt, VerdictState
from bot.features.verdicts.report_poller import WITHIN_S
from bot.features.verdicts.submitter import GIVE_UP_S
from bot.wiring.features import open_database
from tests.bench import Bench
from tests.fakes import START
from tests.unit.features.verdicts.bench import BAD, FIRST_S, GOOD, Second, done

_HOLD_S = 1800.0
_JUMP_S = 6 * 3600.0
_OPEN = {VerdictState.WAITING, VerdictState.ANALYSING}
_LATER = [
    TryLater("Later."),
    TryLater("Later.", retry_after_s=50_000.0, status=429),
    TryLater("Later.", scanner_failed=False),
    Maintenance("Later."),
]
_TAKEN = st.sampled_from(
    [
        *_LATER,
        Refused("No.", status=401),
        ZeroDivisionError(),
        SandboxReceipt(),
        SandboxReceipt(is_analysed=False),
        SandboxReceipt(is_covered=False),
        SandboxReceipt(verdict=BAD),
    ]
)
_PULLS = st.sampled_from([PullFailed("Slow."), PullFailed("Slow.", retry_after_s=4000), NoRoom()])
_REPORTS = st.sampled_from(
    [
        *_LATER,
        Refused("No.", status=403),
        NotFound("None."),
        *(Report(status=status) for status in ReportStatus),
        done(GOOD),
        done(BAD, ReportStatus.NO_DYNAMIC),
        done(GOOD, ReportStatus.OTHER),
    ]
)
_QUOTAS = st.sampled_from(
    [
        TryLater("Later."),
        Refused("No."),
        (),
        (Quota(used=5, allowed=5, started_at=START),),
        (Quota(used=5, allowed=5),),
        (Quota(used=1, allowed=9),),
    ]
)


@settings(max_examples=5)
@given(
    taken=st.lists(_TAKEN, max_size=4),
    pulls=st.lists(_PULLS, max_size=3),
    gone=st.booleans(),
    told=st.lists(_REPORTS, max_size=5),
    quotas=st.lists(_QUOTAS, max_size=3),
    always=st.sampled_from([*_LATER, Refused("No."), Report(status=ReportStatus.IN_PROGRESS), done(GOOD)]),
    hold=st.booleans(),
    kept=st.booleans(),
)
async def test_any_sequence_of_answers_ends(
    taken: Sequence[Exception | SandboxReceipt],
    pulls: Sequence[Exception],
    gone: bool,  # noqa: FBT001 - drawn by name
    told: Sequence[Exception | Report],
    quotas: Sequence[Exception | tuple[Quota, ...]],
    always: Exception | Report,
    hold: bool,  # noqa: FBT001 - as above
    kept: bool,  # noqa: FBT001 - as above
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = await open_database(Path(folder) / "appscan.db")
        try:
            bench = Bench(database, Path(folder) / "builds")
            zscaler = Second(bench)
            scan = await zscaler.submitted(hold_s=_HOLD_S if hold else None)
            if not kept:
                zscaler.forget_builds()
            bench.files.troubles = [*pulls, *([FileUnavailable("Gone.")] if gone else [])]
            zscaler.sandbox.outcomes = list(taken)
            zscaler.reports.answers, zscaler.reports.always = list(told), always
            zscaler.reports.quotas = list(quotas)
            turns = 0
            while (verdict := await zscaler.verdict()).state in _OPEN:
                turns += 1
                assert turns < 40
                passes_s = _JUMP_S if turns > 8 else 0.0  # a bot that was stopped meanwhile
                bench.clock.advance(max(passes_s, verdict.due_at - bench.clock.now()))
                await zscaler.turn()
                await zscaler.reporter.turn()
                if zscaler.work_dir.closed_until is not None:
                    bench.clock.advance(60)
            assert bench.clock.now() - START <= GIVE_UP_S + WITHIN_S + FIRST_S + 2 * _JUMP_S
            assert verdict.problem or verdict.result
            bench.files.troubles.clear()  # what a kept build did not meet
            if hold:
                assert (await bench.store.queue.poll(1, busy=())).due == [scan.number]
                await bench.pipeline.run(scan.number)
            assert await bench.state(scan.number) is State.SUBMITTED
            assert not any(bench.work_dir.iterdir())
        finally:
            await database.close()
