"""Whatever is done to a scan in whatever order, its life follows the flow and its timeline tells it."""

import asyncio
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.core.scan import FLOW, OPEN, WORKING, Source, State, SubmissionState
from bot.errors import Superseded
from bot.features.submission.decision import decide
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import SHOP, HeldClock, a_share


class LifeOfAScan(RuleBasedStateMachine):
    """Moves one scan about, beside another of the same app, and keeps what should be so."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.clock = HeldClock()
        self.database = self.run(open_database(Path(self.folder.name) / "appscan.db"))
        self.store = Repositories(self.database, self.clock)
        self.told: list[tuple[State | None, State]] = []

    def run(self, call):
        return self.loop.run(call)

    def teardown(self):
        self.run(self.database.close())
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def share(self):
        other, _ = self.run(self.store.scans.record(a_share("F0")))
        scan, _ = self.run(self.store.scans.record(a_share("F1")))
        self.other, self.number = other.number, scan.number
        self.state, self.revision = scan.state, scan.revision
        self.told.append((None, State.RECEIVED))

    def went(self, after):
        self.told.append((self.state, after))
        self.state, self.revision = after, self.revision + 1

    def scan(self):
        return self.run(self.store.scans.scan(self.number))

    @rule(to=st.sampled_from(State))
    def move(self, to):
        try:
            self.run(self.store.scans.move(self.number, to, why="moved", submission={"state": "pending"}))
        except Superseded:
            assert to not in FLOW[self.state]
        else:
            assert to in FLOW[self.state]
            self.went(to)

    @rule()
    def begin(self):
        try:
            self.run(self.store.scans.begin(self.number))
        except Superseded:
            assert self.state not in {State.RECEIVED, State.QUEUED}
        else:
            assert self.state in {State.RECEIVED, State.QUEUED}
            self.went(State.PULLING)

    @rule()
    def decide(self):
        try:
            scan = self.run(self.store.scans.decide(self.number, SHOP, "Shop", decide))
        except Superseded:
            assert self.state is not State.CHECKING
        else:
            assert self.state is State.CHECKING
            self.went(scan.state)

    @rule()
    def commit(self):
        try:
            self.run(self.store.scans.commit(self.number))
        except Superseded:
            assert self.state is not State.SUBMITTING
        else:
            assert self.state is State.SUBMITTING
            assert self.scan().submission.state is SubmissionState.COMMITTED

    @rule()
    def cancel(self):
        committed = self.scan().submission.state is SubmissionState.COMMITTED
        try:
            self.run(self.store.scans.cancel(self.number, why="Cancelled.", who="UANA"))
        except Superseded:
            assert committed or State.CANCELLED not in FLOW[self.state]
        else:
            assert not committed
            self.went(State.CANCELLED)

    @rule()
    def requeue(self):
        committed = self.scan().submission.state is SubmissionState.COMMITTED
        back = self.run(self.store.scans.requeue(self.number, why="stopped"))
        assert (back is not None) == (self.state in WORKING)
        if back is not None:
            assert back.state is (State.UNCERTAIN if committed else State.RECEIVED)
            self.went(back.state)

    @rule()
    def restart(self):
        committed = self.scan().submission.state is SubmissionState.COMMITTED
        recovered = self.run(self.store.queue.recover(source=Source.SLACK))
        assert (self.number in recovered) == (self.state in WORKING)
        if self.number in recovered:
            self.went(State.UNCERTAIN if committed else State.RECEIVED)

    @rule()
    def wake(self):
        if self.number in self.run(self.store.queue.wake_waiting()):
            assert self.state is State.WAITING
            self.went(State.RECEIVED)

    @rule(seconds=st.floats(0.1, 100))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(to=st.sampled_from(State))
    def the_other_moves(self, to):
        with suppress(Superseded):
            self.run(self.store.scans.move(self.other, to, why="moved"))

    @invariant()
    def the_row_is_where_it_should_be(self):
        scan = self.scan()
        assert (scan.state, scan.revision) == (self.state, self.revision)
        assert (scan.finished_at is None) == (self.state in OPEN)
        if scan.state in {State.RECEIVED, State.CANCELLED, State.QUEUED}:
            assert scan.submission.state is not SubmissionState.COMMITTED

    @invariant()
    def each_transition_left_one_line(self):
        events = self.run(self.store.scans.events(self.number))
        assert [(event.before, event.after) for event in events] == self.told
        assert [event.at for event in events] == sorted(event.at for event in events)


LifeOfAScan.TestCase.settings = settings(max_examples=20, stateful_step_count=30)
TestLifeOfAScan = LifeOfAScan.TestCase
