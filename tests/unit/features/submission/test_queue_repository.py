"""The rows as a queue."""

from dataclasses import replace

import pytest

from bot.core.scan import OPEN, PARKED, WORKING, Share, Source, State, SubmissionState
from tests.fakes import SHOP, SHOP_IOS, START, a_share
from tests.unit.features.scenes import a_scan

FROM_A_SHELL = Share(file_name="shop.apk", occasion="shell")


async def of_channels(store, channels):
    """Record a scan in each of the channels; return their numbers."""
    return [
        (await a_scan(store, share=a_share(f"F{place}", channel=channel))).number
        for place, channel in enumerate(channels)
    ]


@pytest.mark.parametrize("state", State)
async def test_what_is_received_or_queued_is_due(store, state):
    scan = await a_scan(store, state)

    assert (await store.queue.poll(5, busy=[])).due == (
        [scan.number] if state in {State.RECEIVED, State.QUEUED} else []
    )


async def test_a_scan_is_due_at_its_time_and_not_before(store, clock):
    scan = await a_scan(store, State.QUEUED, due_at=START + 60)
    later = await a_scan(store, State.QUEUED, a_share("F2"), due_at=START + 90)

    assert ((await store.queue.poll(5, busy=[])).due, (await store.queue.poll(0, busy=())).next_at) == (
        [],
        START + 60,
    )
    clock.advance(59.9)
    assert (await store.queue.poll(5, busy=[])).due == []
    clock.advance(0.1)
    assert (await store.queue.poll(5, busy=[])).due == [scan.number]
    assert (await store.queue.poll(0, busy=())).next_at == START + 90
    clock.advance(30)
    assert (await store.queue.poll(5, busy=[])).due == [scan.number, later.number]
    assert (await store.queue.poll(0, busy=())).next_at is None


async def test_channels_take_turns(store):
    first, second, third, other, last = await of_channels(store, ["C1", "C1", "C1", "C2", "C3"])

    assert (await store.queue.poll(5, busy=[])).due == [first, other, last, second, third]
    assert (await store.queue.poll(2, busy=[])).due == [first, other]


async def test_a_channel_with_a_hundred_builds_keeps_no_other_waiting(store):
    numbers = await of_channels(store, ["C1"] * 6 + ["C2"])
    for number in numbers[:2]:
        await store.scans.begin(number)

    assert (await store.queue.poll(1, busy=numbers[:2])).due == [numbers[-1]]
    await store.scans.begin(numbers[-1])
    assert (await store.queue.poll(2, busy=[numbers[0], numbers[-1]])).due == [numbers[2], numbers[3]]


async def test_what_is_worked_on_is_left_out(store):
    first, second = await of_channels(store, ["C1", "C1"])

    assert (await store.queue.poll(5, busy={first})).due == [second]
    assert (await store.queue.poll(5, busy={first: None, second: None})).due == []


async def test_a_shells_scans_are_not_the_bots(store):
    await a_scan(store, State.RECEIVED, FROM_A_SHELL, source=Source.SHELL)
    await a_scan(store, State.QUEUED, FROM_A_SHELL, source=Source.SHELL, due_at=START + 5)

    assert (await store.queue.poll(5, busy=[])).due == []
    assert (await store.queue.poll(0, busy=())).next_at is None


async def test_nobody_goes_on_while_one_of_the_app_is_in_flight(store):
    first = await a_scan(store, State.SUBMITTING)
    waiting = await a_scan(store, State.WAITING, a_share("F2"))

    assert await store.queue.wake_waiting() == []
    await store.scans.move(first.number, State.QUEUED, why="later", submission={"state": "pending"})
    assert await store.queue.wake_waiting() == []
    await store.scans.cancel(first.number, why="Cancelled.", who=None)

    assert await store.queue.wake_waiting() == [waiting.number]
    woken = await store.scans.scan(waiting.number)
    assert (woken.state, woken.original) == (State.RECEIVED, None)


@pytest.mark.parametrize(
    "state", [State.SUBMITTED, State.UNCERTAIN, State.FAILED, State.ASKING, State.CANCELLED]
)
async def test_what_is_settled_or_asks_keeps_nobody_waiting(store, state):
    await a_scan(store, state)
    waiting = await a_scan(store, State.WAITING, a_share("F2"))

    assert await store.queue.wake_waiting() == [waiting.number]


async def test_one_of_each_app_goes_on_the_oldest_first(store):
    waiting = [
        (await a_scan(store, State.WAITING, a_share(f"F{place}"), build=build)).number
        for place, build in enumerate([SHOP, SHOP_IOS, SHOP, replace(SHOP, bundle_id="com.example.other")])
    ]

    assert await store.queue.wake_waiting() == [waiting[0], waiting[1], waiting[3]]
    assert await store.queue.wake_waiting() == []  # the first is on its way to be decided
    await store.scans.cancel(waiting[0], why="Cancelled.", who=None)
    assert await store.queue.wake_waiting() == [waiting[2]]


async def test_a_restart_takes_up_what_was_worked_on(store):
    scans = [await a_scan(store, state, a_share(f"F{place}")) for place, state in enumerate(State)]
    committed = await a_scan(store, State.SUBMITTING, a_share("F99"))
    await store.scans.commit(committed.number)
    from_a_shell = await a_scan(store, State.PULLING, FROM_A_SHELL, source=Source.SHELL)

    recovered = await store.queue.recover(source=Source.SLACK)

    working = [scan.number for scan in scans if scan.state in WORKING]
    assert recovered == [*working, committed.number]
    for scan in scans:
        expected = State.RECEIVED if scan.state in WORKING else scan.state
        assert (await store.scans.scan(scan.number)).state is expected
    lost = await store.scans.scan(committed.number)
    assert (lost.state, lost.submission.state) == (State.UNCERTAIN, SubmissionState.UNCERTAIN)
    assert (await store.scans.scan(from_a_shell.number)).state is State.PULLING
    assert await store.queue.recover(source=Source.SLACK) == []


@pytest.mark.parametrize("state", State)
async def test_a_shell_that_is_gone_leaves_nothing_open(store, clock, state):
    scan = await a_scan(store, state, FROM_A_SHELL, source=Source.SHELL, held_until=START + 60)
    from_slack = await a_scan(store, state, a_share())
    assert await store.queue.recover(source=Source.SHELL) == []

    await store.queue.hold(scan.number, START + 90)
    clock.advance(61)
    assert await store.queue.recover(source=Source.SHELL) == []
    clock.advance(30)
    taken = await store.queue.recover(source=Source.SHELL)

    ended = await store.scans.scan(scan.number)
    if state in OPEN | {State.WAITING}:
        assert taken == [scan.number]
        assert ended.state is State.CANCELLED
        assert ended.problem
    else:
        assert (taken, ended.state) == ([], state)
    assert (await store.scans.scan(from_slack.number)).state is state


async def test_a_shell_that_ended_while_its_last_bytes_went_leaves_an_uncertain_scan(store, clock):
    scan = await a_scan(store, State.SUBMITTING, FROM_A_SHELL, source=Source.SHELL, held_until=START)
    await store.scans.commit(scan.number)
    clock.advance(1)

    assert await store.queue.recover(source=Source.SHELL) == [scan.number]
    assert (await store.scans.scan(scan.number)).state is State.UNCERTAIN


async def test_replies_that_do_not_show_their_rows_are_known(store):
    first = await a_scan(store, State.SUBMITTED)
    second = await a_scan(store, State.RECEIVED, a_share("F2"))
    await a_scan(store, State.RECEIVED, FROM_A_SHELL, source=Source.SHELL)
    assert await store.queue.stale() == [first.number, second.number]

    await store.queue.shown(first.number, first.revision - 1)
    await store.queue.shown(second.number, second.revision)
    assert await store.queue.stale() == [first.number]

    await store.queue.shown(first.number, first.revision)
    await store.scans.begin(second.number)
    assert await store.queue.stale() == [second.number]


async def test_the_reply_is_remembered(store):
    scan = await a_scan(store)
    assert scan.reply_ts is None

    for ts in ("", "1790000003.000100"):
        await store.queue.set_reply(scan.number, ts)
        assert (await store.scans.scan(scan.number)).reply_ts == ts


@pytest.mark.parametrize("state", State)
async def test_what_waits_is_taken_back_and_only_their_own_in_that_channel(store, state):
    mine = await a_scan(store, state, a_share("F1", by="UANA"))
    asked = await a_scan(store, State.RECEIVED, a_share("F2", by="UBEN", asked_by="UANA"))
    theirs = await a_scan(store, State.RECEIVED, a_share("F3", by="UBEN"))
    elsewhere = await a_scan(store, State.RECEIVED, a_share("F4", by="UANA", channel="C2"))

    cancelled = await store.queue.cancel_waiting("C1", "UANA", why="Cancelled.")

    waits = state in {State.RECEIVED, State.QUEUED, State.WAITING}
    assert cancelled == [*([mine.number] if waits else []), asked.number]
    for number in cancelled:
        assert (await store.scans.scan(number)).state is State.CANCELLED
        assert (await store.scans.events(number))[-1].who == "UANA"
    for kept in (theirs, elsewhere):
        assert (await store.scans.scan(kept.number)).state is State.RECEIVED


# While the scanner takes no builds.


async def a_later(store, file_id, due_at, *, pulls=0, attempts=0):
    """Bring a scan to where the scanner, or with ``pulls`` Slack, said "later"."""
    build = replace(SHOP, bundle_id=file_id)
    scan = await a_scan(store, State.QUEUED, a_share(file_id), due_at=due_at, build=build)
    return await store.scans.move(
        scan.number, State.QUEUED, why="", scan={"pulls": pulls}, submission={"attempts": attempts}
    )


async def due_at(store, number):
    return (await store.scans.scan(number)).submission.due_at


async def test_what_is_due_is_parked_with_a_word_and_once(store):
    received = await a_scan(store)
    due = await a_later(store, "F2", START)
    later = await a_later(store, "F3", START + 60)
    busy = await a_scan(store, share=a_share("F4"))
    await a_scan(store, State.ASKING, a_share("F5"))
    await a_scan(store, State.RECEIVED, FROM_A_SHELL, source=Source.SHELL, held_until=START + 60)

    assert await store.queue.park("It is away.", busy=[busy.number]) == [received.number, due.number]

    parked = await store.scans.scan(received.number)
    assert (parked.state, parked.problem, parked.submission.due_at) == (State.QUEUED, "It is away.", PARKED)
    assert parked.revision == received.revision + 1
    assert (await store.scans.events(received.number))[-1].why == "It is away."
    assert await due_at(store, later.number) == START + 60
    assert await store.queue.park("It is away.", busy=[busy.number]) == []
    assert (await store.queue.poll(9, busy=[])).due == [busy.number]


async def test_the_probe_is_the_one_that_was_sent_least_often(store):
    often = await a_later(store, "F1", START, attempts=3)
    parked = await a_later(store, "F2", PARKED, attempts=1)
    await a_later(store, "F3", START + 60)
    large = await a_scan(store, share=a_share("F5", size_bytes=200_000_000))
    fresh = await a_scan(store, share=a_share("F4"))

    assert await store.queue.probe(busy=[]) == fresh.number
    assert await store.queue.probe(busy=[fresh.number]) == large.number
    await store.scans.cancel(large.number, why="taken back", who=None)
    assert await store.queue.probe(busy=[fresh.number]) == parked.number
    assert await store.queue.probe(busy=[fresh.number, parked.number]) == often.number
    assert await store.queue.probe(busy=[fresh.number, parked.number, often.number]) is None


async def test_what_was_parked_is_released_and_what_waits_for_slack_goes_on_waiting(store):
    parked = await a_later(store, "F1", PARKED)
    parked_by_slack = await a_later(store, "F2", PARKED, pulls=1)
    later = await a_later(store, "F3", START + 600)
    slack = await a_later(store, "F4", START + 600, pulls=1)

    await store.queue.release(hasten=False)
    assert (await store.queue.poll(9, busy=[])).due == [parked.number, parked_by_slack.number]
    assert await due_at(store, later.number) == START + 600

    await store.queue.release(hasten=True)
    assert (await store.queue.poll(9, busy=[])).due == [parked.number, parked_by_slack.number, later.number]
    assert await due_at(store, slack.number) == START + 600


async def test_what_is_taken_up_is_parked_no_more(store):
    scan = await a_later(store, "F1", PARKED)

    await store.scans.begin(scan.number)

    assert await due_at(store, scan.number) == 0
    await store.scans.requeue(scan.number, why="the process ended")
    assert (await store.queue.poll(9, busy=[])).due == [scan.number]


async def test_a_build_that_was_taken_back_is_not_parked(store):
    scan = await a_scan(store)
    await store.scans.withdraw(scan.number)

    await store.queue.park("It is away.", busy=[])

    assert (await store.scans.scan(scan.number)).state is State.CANCELLED
