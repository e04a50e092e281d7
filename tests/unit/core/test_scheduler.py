"""Jobs are run in rounds, by a clock that moves only when it is told to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.backoff import Backoff
from bot.core.scheduler import MINIMUM_S, RETRY_S, Job, Scheduler
from bot.errors import PullFailed
from tests.fakes import START, HeldClock, until


class Rounds:
    """Notes when each round was; each takes the next of ``results``, and raises it where it is an error."""

    def __init__(self, clock: HeldClock, *results: float | Exception | None) -> None:
        self.clock = clock
        self.results = list(results)
        self.at: list[float] = []

    async def run(self) -> float | None:
        self.at.append(self.clock.now() - START)
        result = self.results.pop(0) if self.results else None
        if isinstance(result, Exception):
            raise result
        return None if result is None else START + result


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def scheduler(clock: HeldClock) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(clock)
    yield scheduler
    await scheduler.stop()


async def let(clock: HeldClock, *naps_s: float) -> None:
    """Let the job sleep as long as it wants to, which is as long as this each time."""
    for nap_s in naps_s:
        await until(lambda: bool(clock.naps))
        assert clock.naps == pytest.approx([nap_s])
        clock.advance(nap_s)


async def test_job_runs_at_once_and_after_each_interval(clock, scheduler):
    rounds = Rounds(clock)
    scheduler.start(Job(name="job", run=rounds.run, interval_s=60))
    await let(clock, 60, 60)
    await until(lambda: len(rounds.at) == 3)

    assert rounds.at == [0, 60, 120]


async def test_job_may_start_after_its_interval(clock, scheduler):
    rounds = Rounds(clock)
    scheduler.start(Job(name="job", run=rounds.run, interval_s=60, starts_at_once=False))
    await let(clock, 60)
    await until(lambda: bool(rounds.at))

    assert rounds.at == [60]


async def test_job_runs_when_its_next_round_is_due_but_not_later_than_the_interval(clock, scheduler):
    rounds = Rounds(clock, 20, 3600, 0)
    scheduler.start(Job(name="job", run=rounds.run, interval_s=60))

    await let(clock, 20, 60, MINIMUM_S, 60)
    await until(lambda: len(rounds.at) == 5)

    assert rounds.at == pytest.approx([0, 20, 80, 80 + MINIMUM_S, 140 + MINIMUM_S])


async def test_job_without_an_interval_waits_for_its_due_time_or_to_be_woken(clock, scheduler):
    rounds = Rounds(clock, 3600)
    scheduler.start(Job(name="job", run=rounds.run, interval_s=None))
    await let(clock, 3600)
    await until(lambda: len(rounds.at) == 2)
    assert clock.naps == []

    scheduler.wake("job")

    await until(lambda: len(rounds.at) == 3)
    assert rounds.at == [0, 3600, 3600]


async def test_wake_reaches_only_the_jobs_named(clock, scheduler):
    one, other = Rounds(clock), Rounds(clock)
    scheduler.start(
        Job(name="one", run=one.run, interval_s=60), Job(name="other", run=other.run, interval_s=60)
    )
    await until(lambda: len(clock.naps) == 2)

    scheduler.wake("one", "unknown")

    await until(lambda: len(one.at) == 2)
    assert len(other.at) == 1


async def test_wake_during_a_round_brings_another_at_once(clock, scheduler):
    rounds, going_on = [], asyncio.Event()

    async def run() -> None:
        rounds.append(clock.now())
        await going_on.wait()

    scheduler.start(Job(name="job", run=run, interval_s=60))
    await until(lambda: bool(rounds))
    scheduler.wake("job")
    going_on.set()

    await until(lambda: len(rounds) == 2)
    assert rounds == [START, START]


async def test_failed_round_is_logged_and_tried_again_after_the_interval(clock, scheduler, caplog):
    rounds = Rounds(clock, OSError("surprise"), PullFailed("Slack is busy."))
    scheduler.start(Job(name="job", run=rounds.run, interval_s=60))
    await let(clock, 60, 60)
    await until(lambda: len(rounds.at) == 3)

    assert scheduler.alive
    surprise, foreseen = caplog.records
    assert surprise.getMessage() == "job failed; retrying in 60 s"
    assert surprise.exc_info is not None
    assert foreseen.getMessage() == "job failed; retrying in 60 s: Slack is busy."
    assert foreseen.exc_info is None


async def test_failed_rounds_back_off_until_one_succeeds(clock, scheduler):
    failure = OSError("surprise")
    rounds = Rounds(clock, failure, failure, failure, None, failure)
    backoff = Backoff(first_s=5, maximum_s=15)
    scheduler.start(Job(name="job", run=rounds.run, interval_s=60, backoff=backoff))

    await let(clock, 5, 10, 15, 60, 5)
    await until(lambda: len(rounds.at) == 6)

    assert rounds.at == [0, 5, 15, 30, 90, 95]


async def test_failed_round_of_a_job_without_an_interval_is_tried_again(clock, scheduler):
    rounds = Rounds(clock, OSError("surprise"))
    scheduler.start(Job(name="job", run=rounds.run, interval_s=None))

    await let(clock, RETRY_S)
    await until(lambda: len(rounds.at) == 2)

    assert rounds.at == [0, RETRY_S]


async def test_stop_ends_the_jobs_named_and_then_all(clock, scheduler):
    ended: list[str] = []

    def job(name: str) -> Job:
        async def run() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        return Job(name=name, run=run, interval_s=60)

    assert not scheduler.alive
    scheduler.start(job("one"), job("other"), job("third"))
    await asyncio.sleep(0)  # all have begun

    await scheduler.stop("other")
    assert (ended, scheduler.alive) == (["other"], True)
    await scheduler.stop()
    assert (sorted(ended), scheduler.alive) == (["one", "other", "third"], False)


async def test_job_names_are_unique(clock, scheduler):
    rounds = Rounds(clock)
    scheduler.start(Job(name="job", run=rounds.run, interval_s=60))

    with pytest.raises(ValueError, match="two jobs called job"):
        scheduler.start(Job(name="job", run=rounds.run, interval_s=60))
