"""What people decide about a scan, also when two of them press at once."""

import asyncio

import pytest

from bot.core.access import Access
from bot.core.scan import (
    CANCELLABLE,
    FLOW,
    Kind,
    Platform,
    Question,
    Reason,
    Share,
    Source,
    State,
    SubmissionState,
)
from bot.errors import NotAllowed, NotFound, Refused, Superseded, UsageError
from bot.features.submission.user_actions import LinkResult
from tests.bench import Bench
from tests.fakes import APP_ID, OTHER_APP_ID, START, FakePeople, FakeWorkspace, a_share
from tests.unit.features.scenes import a_scan

SHOP = ("com.example.shop", Platform.ANDROID)


async def in_state(bench, state, share=None, **rest):
    return await a_scan(bench.store, state, share or a_share(), **rest)


async def asking_about_a_taken_app_id(bench):
    """Return a scan whose comment named an app ID of another build."""
    await bench.store.links.put("com.example.other", Platform.ANDROID, APP_ID, who=None, replace=True)
    number = await bench.shared(a_share(comment=f"rescan {APP_ID}"))
    await bench.pipeline.run(number)
    scan = await bench.scan(number)
    assert scan.question is Question.APP_ID_TAKEN
    return scan


def a_press(bench, button, number):
    """Return the call behind a button or a form of a scan's reply."""
    choices = bench.choices
    return {
        "scan_again": lambda: choices.scan_again(number, "UBEN"),
        "try_again": lambda: choices.try_again(number, "UBEN"),
        "submit_again": lambda: choices.submit_again(number, "UBEN"),
        "scan_as_new": lambda: choices.scan_as_new(number, "UBEN"),
        "rescan_as": lambda: choices.rescan_as(number, "UBEN", APP_ID),
        "rescan_anyway": lambda: choices.rescan_anyway(number, "UBEN"),
        "arrived": lambda: choices.arrived(number, "UBEN", "found-1"),
        "dismiss": lambda: choices.dismiss(number, "UBEN"),
        "cancel": lambda: choices.cancel(number, "UBEN"),
    }[button]()


PRESSED_IN = {
    "scan_again": {State.DUPLICATE},
    "try_again": {State.FAILED},
    "submit_again": {State.UNCERTAIN},
    "scan_as_new": {State.ASKING},
    "rescan_as": {State.ASKING, State.FAILED},
    "rescan_anyway": {State.ASKING},
    "arrived": {State.UNCERTAIN},
    "dismiss": {State.ASKING},
    "cancel": CANCELLABLE,
}
LEADS_TO = {"arrived": State.SUBMITTED, "dismiss": State.CANCELLED, "cancel": State.CANCELLED}


@pytest.mark.parametrize("button", PRESSED_IN)
async def test_a_button_works_where_it_is_shown_and_nowhere_else(bench, button):
    for place, state in enumerate(State):
        share = a_share(f"F{place}", asked_app_id=OTHER_APP_ID)
        scan = await in_state(bench, state, share)
        if state in PRESSED_IN[button]:
            await a_press(bench, button, scan.number)
            pressed = await bench.scan(scan.number)
            assert pressed.state is LEADS_TO.get(button, State.RECEIVED)
            assert (await bench.store.scans.events(scan.number))[-1].who == "UBEN"
            assert bench.announcer.told[-1] == scan.number
        else:
            with pytest.raises(Superseded):
                await a_press(bench, button, scan.number)
            assert await bench.scan(scan.number) == scan


@pytest.mark.parametrize("button", PRESSED_IN)
async def test_of_two_presses_at_once_one_counts(bench, button):
    state = min(PRESSED_IN[button])
    scan = await in_state(bench, state, a_share(asked_app_id=OTHER_APP_ID))

    results = await asyncio.gather(
        *(a_press(bench, button, scan.number) for _ in range(2)), return_exceptions=True
    )

    assert sum(isinstance(result, Superseded) for result in results) == 1
    assert (await bench.scan(scan.number)).revision == scan.revision + 1
    assert bench.woken == 1


@pytest.mark.parametrize("button", PRESSED_IN)
async def test_there_is_no_such_scan(bench, button):
    with pytest.raises(NotFound):
        await a_press(bench, button, 99)


async def test_a_duplicate_that_is_scanned_again_goes_on(bench):
    first = await bench.submitted(a_share(comment=f"rescan {APP_ID}"))
    bench.files.content["F2"] = b"the bytes of F1"
    number = await bench.shared(a_share("F2"))
    await bench.pipeline.run(number)
    duplicate = await bench.scan(number)
    assert (duplicate.state, duplicate.original) == (State.DUPLICATE, first.number)

    await bench.choices.scan_again(number, "UBEN")
    await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.reason, scan.insist) == (State.SUBMITTED, Reason.LINKED, True)
    assert scan.original is None


async def test_a_failed_scan_is_decided_afresh(bench):
    bench.scanner.outcomes = [Refused("The app is not known.", status=404)]
    number = await bench.shared(a_share())
    await bench.pipeline.run(number)
    await bench.store.links.put(*SHOP, APP_ID, who="UBEN", replace=True)

    await bench.choices.try_again(number, "UBEN")
    fresh = await bench.scan(number)
    assert (fresh.kind, fresh.reason, fresh.problem) == (None, None, None)
    assert (fresh.submission.attempts, fresh.submission.status) == (0, None)
    assert fresh.submission.state is SubmissionState.PENDING
    await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.kind, scan.app_id) == (State.SUBMITTED, Kind.RESCAN, APP_ID)


async def test_a_new_app_that_failed_is_asked_about_again_as_its_app_id_may_be_known_by_now(bench):
    await bench.submitted(a_share("F0"))
    number = await bench.shared(a_share())
    await bench.pipeline.run(number)
    bench.scanner.outcomes = [Refused("No.", status=403)]
    await bench.choices.scan_as_new(number, "UBEN")
    await bench.pipeline.run(number)
    assert await bench.state(number) is State.FAILED

    await bench.choices.try_again(number, "UBEN")
    await bench.pipeline.run(number)

    assert await bench.state(number) is State.ASKING


async def test_trying_again_pulls_as_often_as_at_first(bench):
    scan = await in_state(bench, State.PULLING)
    await bench.store.scans.move(scan.number, State.FAILED, why="gone")
    assert await bench.store.scans.pulls(scan.number) == 1

    await bench.choices.try_again(scan.number, "UBEN")

    assert await bench.store.scans.pulls(scan.number) == 0


async def test_an_uncertain_scan_is_submitted_again_as_it_was_decided(bench):
    scan = await in_state(bench, State.UNCERTAIN)

    await bench.choices.submit_again(scan.number, "UBEN")
    again = await bench.scan(scan.number)

    assert (again.kind, again.reason) == (Kind.NEW, Reason.CHOSEN)
    assert again.submission.state is SubmissionState.PENDING
    assert (await bench.store.queue.poll(1, busy=[])).due == [scan.number]
    assert bench.woken == 1


async def test_an_uncertain_scan_that_arrived_is_submitted(bench):
    scan = await in_state(bench, State.UNCERTAIN)
    bench.clock.advance(60)

    await bench.choices.arrived(scan.number, "UBEN", "found-1")

    done = await bench.scan(scan.number)
    assert (done.state, done.submission.request_id) == (State.SUBMITTED, "found-1")
    assert (done.submission.state, done.problem) == (SubmissionState.ACCEPTED, None)
    assert done.finished_at == START + 60
    assert "found-1" in (await bench.store.scans.events(scan.number))[-1].why


async def test_what_arrived_teaches_and_answers_as_what_was_submitted(bench):
    request = await bench.intake.await_build("UBEN", "C1", APP_ID)
    number = await bench.shared(a_share(thread_ts=request.message_ts))
    bench.scanner.outcomes = [RuntimeError("the connection is gone")]
    await bench.pipeline.run(number)
    assert await bench.state(number) is State.UNCERTAIN

    await bench.choices.arrived(number, "UBEN", "found-1")
    await bench.intake.close_requests()

    assert (await bench.store.links.of_build(*SHOP)).app_id == APP_ID
    assert [told.answer for told in bench.board.updated] == [number]


async def test_the_question_is_answered_with_a_new_app(bench):
    await bench.submitted(a_share("F0"))
    number = await bench.shared(a_share())
    await bench.pipeline.run(number)

    await bench.choices.scan_as_new(number, "UBEN")
    await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.kind, scan.reason, scan.app_id) == (
        State.SUBMITTED,
        Kind.NEW,
        Reason.CHOSEN,
        None,
    )
    assert scan.question is None


async def test_a_new_app_instead_of_the_rescan_that_was_waited_for_answers_no_request(bench):
    await bench.store.links.put("com.example.other", Platform.ANDROID, APP_ID, who=None, replace=True)
    request = await bench.intake.await_build("UBEN", "C1", APP_ID)
    number = await bench.shared(a_share(thread_ts=request.message_ts))
    await bench.pipeline.run(number)

    await bench.choices.scan_as_new(number, "UBEN")
    await bench.pipeline.run(number)
    await bench.intake.close_requests()

    assert await bench.state(number) is State.SUBMITTED
    assert bench.board.updated == []


async def test_the_question_is_answered_with_an_app_id_that_is_remembered(bench):
    await bench.store.links.put(*SHOP, OTHER_APP_ID, who="UANA", replace=True)
    scan = await in_state(bench, State.ASKING)

    assert await bench.choices.rescan_as(scan.number, "UBEN", APP_ID) == LinkResult()
    await bench.pipeline.run(scan.number)

    done = await bench.scan(scan.number)
    assert (done.state, done.kind, done.reason, done.app_id) == (
        State.SUBMITTED,
        Kind.RESCAN,
        Reason.CHOSEN,
        APP_ID,
    )
    link = await bench.store.links.of_build(*SHOP)
    assert (link.app_id, link.linked_by) == (APP_ID, "UBEN")


async def test_another_link_to_the_same_app_is_worth_telling(bench):
    await bench.store.links.put("com.example.other", Platform.ANDROID, APP_ID, who=None, replace=True)
    asking = await in_state(bench, State.ASKING)
    done = await in_state(bench, State.SUBMITTED, a_share("F2"))

    for answered in (
        await bench.choices.rescan_as(asking.number, "UBEN", APP_ID),
        await bench.choices.link(done.number, "UBEN", APP_ID),
    ):
        assert answered.other is not None
        assert answered.other.bundle_id == "com.example.other"


async def test_an_app_id_of_the_other_platform_is_refused(bench):
    await bench.store.links.put("com.example.other", Platform.IOS, APP_ID, who=None, replace=True)
    asking = await in_state(bench, State.ASKING)
    done = await in_state(bench, State.SUBMITTED, a_share("F2"))

    for call in (
        bench.choices.rescan_as(asking.number, "UBEN", APP_ID),
        bench.choices.link(done.number, "UBEN", APP_ID),
    ):
        with pytest.raises(UsageError, match="other platform"):
            await call

    assert await bench.scan(asking.number) == asking
    assert await bench.store.links.of_build(*SHOP) is None


async def test_an_app_id_that_is_taken_may_be_right_all_the_same_and_is_not_remembered(bench):
    scan = await asking_about_a_taken_app_id(bench)

    await bench.choices.rescan_anyway(scan.number, "UBEN")
    await bench.pipeline.run(scan.number)

    done = await bench.scan(scan.number)
    assert (done.state, done.kind, done.app_id) == (State.SUBMITTED, Kind.RESCAN, APP_ID)
    assert await bench.store.links.of_build(*SHOP) is None


async def test_without_an_app_id_there_is_no_anyway(bench):
    scan = await in_state(bench, State.ASKING)

    with pytest.raises(Superseded):
        await bench.choices.rescan_anyway(scan.number, "UBEN")

    assert await bench.scan(scan.number) == scan


async def test_a_submitted_build_is_linked_for_the_next_one(bench):
    scan = await bench.submitted(a_share())

    assert await bench.choices.link(scan.number, "UBEN", APP_ID) == LinkResult()

    assert await bench.scan(scan.number) == scan
    assert (await bench.store.links.of_build(*SHOP)).linked_by == "UBEN"
    assert APP_ID in (await bench.store.scans.events(scan.number))[-1].why
    following = await bench.submitted(a_share("F2"))
    assert following.app_id == APP_ID


async def test_a_build_that_was_not_read_can_not_be_linked(bench):
    scan = await in_state(bench, State.RECEIVED)

    with pytest.raises(NotFound):
        await bench.choices.link(scan.number, "UBEN", APP_ID)

    assert len(await bench.store.scans.events(scan.number)) == 1


@pytest.mark.parametrize(("button", "state"), [("cancel", State.RECEIVED), ("dismiss", State.ASKING)])
async def test_what_is_taken_back_is_worked_on_no_more(bench, button, state):
    scan = await in_state(bench, state)

    await a_press(bench, button, scan.number)

    assert bench.dropped == [scan.number]
    assert (await bench.scan(scan.number)).problem
    assert FLOW[State.CANCELLED] == frozenset()


@pytest.mark.parametrize("button", sorted(PRESSED_IN.keys() - {"arrived", "cancel", "dismiss"}))
async def test_a_build_from_a_shell_is_nothing_that_slack_could_pull_again(bench, button):
    state = min(PRESSED_IN[button])
    share = a_share(asked_app_id=OTHER_APP_ID, occasion="shell")
    scan = await in_state(bench, state, share, source=Source.SHELL)

    with pytest.raises(NotFound, match="command"):
        await a_press(bench, button, scan.number)

    assert await bench.scan(scan.number) == scan


async def test_a_scan_is_acted_on_from_its_own_conversation(bench):
    scan = await in_state(bench, State.ASKING)

    assert await bench.choices.scan(scan.number, "UBEN", "C1") == scan
    assert await bench.choices.scan(scan.number, "UBEN") == scan
    for channel in ("C2", ""):
        with pytest.raises(NotFound):
            await bench.choices.scan(scan.number, "UBEN", channel)
    with pytest.raises(NotFound):
        await bench.choices.scan(99, "UBEN", "C1")


async def test_only_who_is_listed_acts_on_a_scan(database, tmp_path):
    policy = Access(
        people=FakePeople(), workspace=FakeWorkspace(), channels=frozenset({"C1"}), users=frozenset({"UANA"})
    )
    guarded = Bench(database, tmp_path / "builds", policy=policy)
    here = await in_state(guarded, State.ASKING)
    there = await in_state(guarded, State.ASKING, a_share(channel="C2"))
    outside = await in_state(
        guarded, State.FAILED, Share(file_name="shop.apk", occasion="shell"), source=Source.SHELL
    )

    assert await guarded.choices.scan(here.number, "UANA", "C1") == here
    for number, user, channel in (
        (here.number, "UBEN", "C1"),
        (here.number, "UBEN", None),
        (there.number, "UANA", "C2"),
        (there.number, "UANA", None),
        (outside.number, "UANA", None),
    ):
        with pytest.raises(NotAllowed):
            await guarded.choices.scan(number, user, channel)
