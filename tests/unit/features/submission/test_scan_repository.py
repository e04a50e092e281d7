"""Recording scans, moving them, finding them."""

import asyncio
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.scan import (
    CANCELLABLE,
    FLOW,
    WORKING,
    Build,
    ChannelKind,
    FileType,
    Kind,
    Platform,
    Reason,
    Share,
    Source,
    State,
    SubmissionState,
)
from bot.errors import NotFound, Superseded
from bot.features.submission.decision import decide
from bot.wiring.features import open_database
from bot.wiring.repositories import Repositories
from tests.fakes import APP_ID, SHOP, SHOP_IOS, START, a_share
from tests.unit.features.scenes import a_scan

ONE_STORE_FOR_ALL = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
odd_text = st.text(max_size=40)
maybe_text = st.none() | odd_text
shares = st.builds(
    Share,
    channel=odd_text,
    channel_kind=st.none() | st.sampled_from(ChannelKind),
    message_ts=odd_text,
    thread_ts=odd_text,
    file_id=odd_text,
    file_name=odd_text,
    size_bytes=st.none() | st.integers(0, 2**63 - 1),
    shared_by=maybe_text,
    comment=odd_text,
    occasion=odd_text,
    asked_by=maybe_text,
    asked_app_id=maybe_text,
    asked_name=maybe_text,
    kind=st.none() | st.sampled_from(Kind),
    reason=st.none() | st.sampled_from(Reason),
    insist=st.booleans(),
    expected_sha256=maybe_text,
)


@ONE_STORE_FOR_ALL
@given(share=shares, source=st.sampled_from(Source))
async def test_a_share_comes_back_as_it_was(store, share, source):
    scan, new = await store.scans.record(share, source=source)

    if not new:  # drawn before
        return
    assert scan == await store.scans.scan(scan.number)
    assert (scan.state, scan.source, scan.revision) == (State.RECEIVED, source, 0)
    assert scan.sha256 == share.expected_sha256
    kept = {field.name for field in fields(scan)} & {field.name for field in fields(share)}
    places = {"channel", "channel_kind", "message_ts", "thread_ts", "file_id"}
    assert {name: getattr(scan, name) for name in kept - places} == {
        name: getattr(share, name) for name in kept - places
    }
    assert {name: getattr(scan, name) for name in places} == {
        name: getattr(share, name) or None for name in places
    }


@ONE_STORE_FOR_ALL
@given(
    build=st.builds(
        Build,
        file_type=st.sampled_from(FileType),
        bundle_id=odd_text,
        display_name=maybe_text,
        version=maybe_text,
        build_number=maybe_text,
    ),
    name=odd_text,
)
async def test_what_was_read_from_a_build_comes_back_as_it_was(store, build, name):
    share = Share(file_name="shop.apk", occasion="shell")  # never the same one twice
    number = (await a_scan(store, State.CHECKING, share)).number

    scan = await store.scans.decide(number, build, name, decide)

    assert scan.build == replace(build, display_name=name)
    assert scan.build == (await store.scans.scan(number)).build


async def test_half_a_sign_is_no_reason_to_lose_a_share(store):
    scan, _ = await store.scans.record(a_share(name="shop \ud83d.apk", comment="\udc00"))

    assert (scan.file_name, scan.comment) == ("shop ?.apk", "?")


async def test_a_share_is_recorded_once(store):
    first, new = await store.scans.record(a_share())
    again, new_again = await store.scans.record(a_share(name="told otherwise.apk", by="USOMEBODY"))

    assert (new, new_again) == (True, False)
    assert again == first
    assert len(await store.scans.events(first.number)) == 1


async def test_a_share_told_twice_at_once_is_recorded_once(store):
    told = await asyncio.gather(*(store.scans.record(a_share()) for _ in range(8)))

    assert len({scan.number for scan, _ in told}) == 1
    assert sum(new for _, new in told) == 1


@pytest.mark.parametrize(
    "other",
    [
        a_share(channel="C2"),
        a_share(ts="1790000001.000100"),
        a_share("F2"),
        a_share(occasion="command-1"),
    ],
)
async def test_another_channel_message_file_or_occasion_is_another_scan(store, other):
    first, _ = await store.scans.record(a_share())
    second, new = await store.scans.record(other)

    assert new
    assert second.number != first.number


async def test_each_command_in_a_shell_is_a_scan_of_its_own(store):
    share = Share(file_name="shop.apk", occasion="shell")
    numbers = [(await store.scans.record(share, source=Source.SHELL))[0].number for _ in range(3)]

    assert len(set(numbers)) == 3


async def test_the_timeline_begins_with_who_shared_or_asked(store):
    shared, _ = await store.scans.record(a_share(by="UANA"))
    asked, _ = await store.scans.record(a_share(by="UANA", asked_by="UBEN", occasion="command-1"))

    (first,) = await store.scans.events(shared.number)
    (second,) = await store.scans.events(asked.number)
    assert (first.who, first.why, first.before, first.after) == ("UANA", "shared", None, State.RECEIVED)
    assert (first.at, first.scan) == (START, shared.number)
    assert (second.who, second.why) == ("UBEN", "requested")


async def test_there_is_no_such_scan(store):
    for call in (
        store.scans.scan(99),
        store.scans.begin(99),
        store.scans.commit(99),
        store.scans.cancel(99, why="", who=None),
        store.scans.requeue(99, why=""),
        store.scans.note(99, "why"),
        store.scans.move(99, State.PULLING, why=""),
        store.scans.decide(99, SHOP, "Shop", decide),
    ):
        with pytest.raises(NotFound):
            await call


@pytest.mark.parametrize("state", State)
async def test_only_what_is_due_may_begin(store, state):
    scan = await a_scan(store, state)

    if state in {State.RECEIVED, State.QUEUED}:
        assert (await store.scans.begin(scan.number)).state is State.PULLING
    else:
        with pytest.raises(Superseded):
            await store.scans.begin(scan.number)
        assert await store.scans.scan(scan.number) == scan


async def test_how_often_a_file_was_asked_for_is_counted(store):
    scan = await a_scan(store, State.PULLING)
    await store.scans.requeue(scan.number, why="stopped")
    await store.scans.begin(scan.number)
    with pytest.raises(Superseded):
        await store.scans.begin(scan.number)  # not due, so not counted

    assert await store.scans.pulls(scan.number) == 2


async def test_a_scan_moves_only_from_where_it_is_expected(store):
    scan = await a_scan(store, State.PULLING)

    with pytest.raises(Superseded) as refused:
        await store.scans.move(scan.number, State.QUEUED, why="", expect={State.CHECKING})

    assert "pulling" in refused.value.user_message
    assert await store.scans.scan(scan.number) == scan


async def test_time_is_kept_with_each_move(store, clock):
    number = (await a_scan(store)).number
    clock.advance(5)
    going = await store.scans.begin(number)
    clock.advance(5)
    ended = await store.scans.move(number, State.REJECTED, why="no build")

    assert (going.created_at, going.updated_at, going.finished_at) == (START, START + 5, None)
    assert (ended.updated_at, ended.finished_at) == (START + 10, START + 10)
    assert [event.at - START for event in await store.scans.events(number)] == [0, 5, 10]


async def test_a_note_leaves_the_scan_as_it_is(store):
    scan = await a_scan(store, State.SUBMITTED)

    await store.scans.note(scan.number, "linked", "UANA")

    assert await store.scans.scan(scan.number) == scan
    noted = (await store.scans.events(scan.number))[-1]
    assert (noted.before, noted.after, noted.who, noted.why) == (scan.state, scan.state, "UANA", "linked")


async def test_two_that_decide_for_one_app_at_once_make_one_new_app(tmp_path, database, store, clock):
    """Two processes: a bot, and a command beside it."""
    other = await open_database(tmp_path / "appscan.db")
    try:
        beside = Repositories(other, clock)
        for turn in range(8):
            build = replace(SHOP, bundle_id=f"com.example.app{turn}")
            one = await a_scan(store, State.CHECKING, a_share(f"F{turn}", channel="C1"))
            two = await a_scan(beside, State.CHECKING, a_share(f"F{turn}", channel="C2"))
            decided = await asyncio.gather(
                store.scans.decide(one.number, build, "Shop", decide),
                beside.scans.decide(two.number, build, "Shop", decide),
            )

            assert sorted(scan.state for scan in decided) == [State.SUBMITTING, State.WAITING]
            first, second = sorted(decided, key=lambda scan: scan.state)
            assert (first.kind, second.kind, second.original) == (Kind.NEW, None, first.number)
    finally:
        await other.close()


async def test_the_same_app_on_another_platform_is_another_app(store):
    await a_scan(store, State.SUBMITTING)
    other = await a_scan(store, State.CHECKING, a_share("F2"))

    decided = await store.scans.decide(other.number, SHOP_IOS, "Shop", decide)

    assert (decided.state, decided.kind) == (State.SUBMITTING, Kind.NEW)


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (State.SUBMITTED, State.DUPLICATE),
        (State.UNCERTAIN, State.DUPLICATE),
        (State.QUEUED, State.DUPLICATE),
        (State.SUBMITTING, State.DUPLICATE),
        (State.FAILED, State.SUBMITTING),
        (State.CANCELLED, State.SUBMITTING),
        (State.ASKING, State.SUBMITTING),
        (State.CHECKING, State.SUBMITTING),
    ],
)
async def test_the_same_file_is_a_duplicate_where_it_was_or_may_be_submitted(store, state, becomes):
    first = await a_scan(store, state, body="the same")
    second = await a_scan(store, State.CHECKING, a_share("F2"), body="the same")

    decided = await store.scans.decide(second.number, SHOP, "Shop", decide)

    assert decided.state is becomes
    assert decided.original == (first.number if becomes is State.DUPLICATE else None)


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (State.SUBMITTED, State.ASKING),
        (State.UNCERTAIN, State.ASKING),
        (State.QUEUED, State.WAITING),
        (State.SUBMITTING, State.WAITING),
        (State.FAILED, State.SUBMITTING),
        (State.DUPLICATE, State.SUBMITTING),
        (State.ASKING, State.SUBMITTING),
        (State.WAITING, State.SUBMITTING),
    ],
)
async def test_what_another_scan_of_the_app_means_for_the_next(store, state, becomes):
    await a_scan(store, state)
    second = await a_scan(store, State.CHECKING, a_share("F2"))

    assert (await store.scans.decide(second.number, SHOP, "Shop", decide)).state is becomes


async def test_a_link_answers_what_the_app_is(store):
    await store.links.put("com.example.shop", Platform.ANDROID, APP_ID, who="UANA", replace=True)
    first = await a_scan(store, State.CHECKING)

    decided = await store.scans.decide(first.number, SHOP, "Shop", decide)

    assert (decided.kind, decided.reason, decided.app_id) == (Kind.RESCAN, Reason.LINKED, APP_ID)
    assert (decided.submission.state, decided.submission.attempts) == (SubmissionState.SENDING, 1)


async def test_deciding_what_was_taken_back_is_too_late(store):
    scan = await a_scan(store, State.CHECKING)
    await store.scans.cancel(scan.number, why="Cancelled.", who="UANA")

    with pytest.raises(Superseded):
        await store.scans.decide(scan.number, SHOP, "Shop", decide)

    assert (await store.scans.scan(scan.number)).kind is None


async def test_nothing_is_committed_after_it_was_taken_back(store):
    scan = await a_scan(store, State.SUBMITTING)
    await store.scans.cancel(scan.number, why="Cancelled.", who="UANA")

    with pytest.raises(Superseded):
        await store.scans.commit(scan.number)

    assert (await store.scans.scan(scan.number)).submission.state is not SubmissionState.COMMITTED


async def test_nothing_is_taken_back_after_it_was_committed(store):
    scan = await a_scan(store, State.SUBMITTING)
    await store.scans.commit(scan.number)
    await store.scans.commit(scan.number)  # sent once more after a clear refusal

    with pytest.raises(Superseded, match="too late"):
        await store.scans.cancel(scan.number, why="Cancelled.", who="UANA")

    assert (await store.scans.scan(scan.number)).state is State.SUBMITTING


async def test_committing_and_taking_back_at_once_end_in_one_of_them(store):
    for turn in range(10):
        number = (await a_scan(store, State.SUBMITTING, a_share(f"F{turn}"))).number
        calls = [store.scans.commit(number), store.scans.cancel(number, why="Cancelled.", who=None)]
        calls = calls if turn % 2 else calls[::-1]

        results = await asyncio.gather(*calls, return_exceptions=True)

        assert sum(isinstance(result, Superseded) for result in results) == 1
        scan = await store.scans.scan(number)
        committed = scan.submission.state is SubmissionState.COMMITTED
        assert committed == (scan.state is State.SUBMITTING)


@pytest.mark.parametrize("state", State)
async def test_what_may_be_taken_back(store, state):
    scan = await a_scan(store, state)

    if state in CANCELLABLE:
        cancelled = await store.scans.cancel(scan.number, why="Dismissed.", who="UANA")
        assert (cancelled.state, cancelled.problem) == (State.CANCELLED, "Dismissed.")
        assert (await store.scans.events(scan.number))[-1].who == "UANA"
    else:
        with pytest.raises(Superseded):
            await store.scans.cancel(scan.number, why="Dismissed.", who="UANA")


@pytest.mark.parametrize("state", State)
async def test_work_that_is_given_up_is_due_again(store, state):
    scan = await a_scan(store, state)

    back = await store.scans.requeue(scan.number, why="the bot was stopped")

    if state in WORKING:
        assert back is not None
        assert (back.state, back.submission.state) == (State.RECEIVED, SubmissionState.PENDING)
        assert back.kind is scan.kind
    else:
        assert back is None
        assert await store.scans.scan(scan.number) == scan


async def test_work_that_is_given_up_after_the_last_bytes_may_have_gone_is_uncertain(store):
    scan = await a_scan(store, State.SUBMITTING)
    await store.scans.commit(scan.number)

    back = await store.scans.requeue(scan.number, why="the bot was stopped")

    assert back is not None
    assert (back.state, back.submission.state) == (State.UNCERTAIN, SubmissionState.UNCERTAIN)
    assert back.problem


async def test_a_messages_scans_are_those_that_can_be_taken_back(store):
    states = [*State]
    scans = [await a_scan(store, state, a_share(f"F{place}")) for place, state in enumerate(states)]
    await a_scan(store, State.RECEIVED, a_share("F99", ts="1790000002.000100"))

    found = await store.scans.of_message("C1", "1790000000.000100")

    assert {scan.number for scan in found} == {scan.number for scan in scans if scan.state in CANCELLABLE}


async def test_a_scan_is_found_by_its_request_id(store):
    await a_scan(store, State.SUBMITTED, request_id="abc-1")
    newer = await a_scan(store, State.SUBMITTED, a_share("F2"), request_id="abc-1")

    assert await store.scans.of_request_id("abc-1") == newer
    assert await store.scans.of_request_id("abc") is None


async def test_the_latest_build_of_an_app_is_found_by_rescans_and_by_links(store):
    async def latest():
        return await store.scans.latest_of_app(APP_ID, "C1", public=True)

    assert await latest() is None
    linked = await a_scan(store, State.SUBMITTED)
    assert await latest() is None
    await store.links.put("com.example.shop", Platform.ANDROID, APP_ID, who=None, replace=True)
    assert await latest() == linked

    rescanned = await a_scan(store, State.FAILED, a_share("F2"), build=SHOP_IOS, app_id=APP_ID)
    assert await latest() == rescanned
    from_a_shell = Share(file_name="shop.apk", occasion="shell")
    await a_scan(store, State.SUBMITTED, from_a_shell, source=Source.SHELL, app_id=APP_ID)
    await a_scan(store, State.RECEIVED, a_share("F3", asked_app_id=APP_ID))
    taken_back = await a_scan(store, State.ASKING, a_share("F4"))
    await store.scans.cancel(taken_back.number, why="Dismissed.", who=None)
    assert await latest() == rescanned


@pytest.mark.parametrize("kind", [ChannelKind.PRIVATE, ChannelKind.IM, ChannelKind.MPIM])
async def test_the_latest_build_of_a_private_conversation_is_for_that_one_alone(store, kind):
    share = a_share(channel="G1", channel_kind=kind)
    scan = await a_scan(store, State.SUBMITTED, share, app_id=APP_ID)

    assert await store.scans.latest_of_app(APP_ID, "G1", public=True) == scan
    assert await store.scans.latest_of_app(APP_ID, "C1", public=True) is None


def test_every_state_can_be_reached_and_the_flow_knows_each():
    assert set(FLOW) == set(State)
    assert {after for states in FLOW.values() for after in states} == set(State)


async def test_a_share_recorded_without_its_comment_gets_it_from_the_message(store):
    told_late = a_share(comment=f"rescan {APP_ID}", asked_app_id=APP_ID, asked_name="Shop")
    first, _ = await store.scans.record(a_share())

    known, new = await store.scans.record(told_late)

    assert (known.number, new) == (first.number, False)
    assert (known.comment, known.asked_app_id, known.asked_name) == (told_late.comment, APP_ID, "Shop")


async def test_a_comment_that_was_read_is_not_replaced(store):
    first, _ = await store.scans.record(a_share(comment="name: Shop", asked_name="Shop"))

    known, _ = await store.scans.record(a_share(comment=f"rescan {APP_ID}", asked_app_id=APP_ID))

    assert (known.comment, known.asked_app_id) == (first.comment, None)
