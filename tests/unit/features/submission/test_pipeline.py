"""One scan's way from a file in Slack to a request ID, and whatever can stop it."""

import asyncio
import logging
from dataclasses import replace

import pytest

from bot.core.backoff import SERVER_BACKOFF
from bot.core.circuit_breaker import AWAY
from bot.core.scan import FORGOTTEN, FileType, Kind, Platform, Reason, State, SubmissionState
from bot.errors import BuildRejected, FileUnavailable, PullFailed, Refused, Superseded, TryLater, Uncertain
from bot.features.submission.pipeline import INSIDE, MAXIMUM_PULLS, MAXIMUM_SENDS
from bot.features.submission.routes import Receipt
from tests.bench import Bench
from tests.fakes import APP_ID, OTHER_APP_ID, SHOP, START, a_share, until

ASKED = {
    "comment": {"comment": f"rescan {APP_ID}"},
    "command": {"asked_app_id": APP_ID, "occasion": "command-1", "asked_by": "UBEN"},
}


@pytest.fixture(autouse=True)
def the_folder_is_left_empty(bench):
    yield
    assert list(bench.work_dir.iterdir()) == []
    assert all(not path.exists() for path in bench.files.paths)


async def run(bench, share=None):
    """Take a share as far as it goes; return its scan."""
    number = await bench.shared(share or a_share())
    await bench.pipeline.run(number)
    return await bench.scan(number)


async def asked(bench, how, file_id="F1"):
    """Record a share with an app ID asked for; return its number."""
    scan, _ = await bench.store.scans.record(a_share(file_id, **ASKED[how]))
    return scan.number


async def test_what_a_tampered_archive_does_is_in_the_timeline(bench):
    bench.reader.build = replace(SHOP, tampering=("a checksum is wrong", "a size is wrong"))

    scan = await run(bench)

    notes = [event.why for event in await bench.store.scans.events(scan.number)]
    assert "this archive is built to confuse readers: a checksum is wrong" in notes
    assert "this archive is built to confuse readers: a size is wrong" in notes
    assert scan.state is State.SUBMITTED


async def test_a_build_goes_all_the_way(bench):
    scan = await run(bench)

    assert (scan.state, scan.kind, scan.reason) == (State.SUBMITTED, Kind.NEW, Reason.FIRST)
    assert (scan.name, scan.bundle_id, scan.version) == ("Shop", "com.example.shop", "4.2.0")
    assert (scan.build_number, scan.platform, scan.problem) == ("4200", Platform.ANDROID, None)
    body = b"the bytes of F1"
    assert scan.size_bytes == len(body)
    assert bench.scanner.bodies == [body]
    assert (scan.submission.state, scan.submission.request_id) == (SubmissionState.ACCEPTED, "request-1")
    assert (scan.submission.attempts, scan.submission.status) == (1, 202)
    (order,) = bench.scanner.orders
    assert (order.kind, order.name, order.app_id) == (Kind.NEW, "Shop", None)
    assert (order.platform, order.file_name, order.size_bytes) == (Platform.ANDROID, "shop.apk", len(body))


async def test_the_timeline_tells_the_way_and_people_are_told_each_step(bench):
    scan = await run(bench)

    story = [State.RECEIVED, State.PULLING, State.CHECKING, State.SUBMITTING, State.SUBMITTED]
    assert await bench.story(scan.number) == story
    assert bench.announcer.told == [scan.number] * len(story)
    assert bench.announcer.moved == [(scan.number, 15, 15), (scan.number, 0, 15), (scan.number, 1, 2)]
    events = await bench.store.scans.events(scan.number)
    assert [event.why for event in events[-2:]] == ["new app, never scanned before", "request ID request-1"]


async def test_a_name_that_was_asked_for_goes_before_the_builds_own(bench):
    scan = await run(bench, a_share(comment="name: Shop Beta"))

    assert scan.name == "Shop Beta"
    assert bench.scanner.orders[0].name == "Shop Beta"


@pytest.mark.parametrize("name", ["shop.aab", "shop.xapk", "shop.APKS"])
async def test_what_is_nearly_a_build_is_never_pulled(bench, name):
    scan = await run(bench, a_share(name=name))

    assert scan.state is State.REJECTED
    assert scan.problem
    assert bench.files.pulled == []


async def test_app_bundles_are_builds_where_they_are_accepted(bench):
    bench.scanner.file_types = frozenset(FileType)
    bench.pipeline = bench.new_pipeline(accepts_aab=True)
    bench.reader.by_name["shop.aab"] = replace(SHOP, file_type=FileType.AAB)

    scan = await run(bench, a_share(name="shop.aab"))

    assert (scan.state, scan.file_type) == (State.SUBMITTED, FileType.AAB)
    assert bench.scanner.orders[0].file_type is FileType.AAB


@pytest.mark.parametrize(
    ("trouble", "state"),
    [(BuildRejected("It is empty."), State.REJECTED), (FileUnavailable("It is hidden."), State.FAILED)],
)
async def test_a_file_that_can_not_be_had_ends_the_scan(bench, trouble, state):
    bench.files.troubles = [trouble]

    scan = await run(bench)

    assert (scan.state, scan.problem) == (state, trouble.user_message)
    assert (await bench.store.scans.events(scan.number))[-1].why == trouble.user_message
    assert bench.scanner.orders == []


async def test_a_file_that_is_no_build_ends_the_scan(bench):
    bench.reader.troubles = [BuildRejected("It is a zip.")]

    scan = await run(bench)

    assert (scan.state, scan.problem) == (State.REJECTED, "It is a zip.")
    assert scan.sha256 is not None
    assert (scan.bundle_id, bench.scanner.orders) == (None, [])


async def test_a_pull_that_failed_is_tried_again_with_growing_waits(bench):
    number = await bench.shared(a_share())
    waits = []
    bench.files.troubles = [PullFailed("Slack is busy.") for _ in range(MAXIMUM_PULLS)]
    for _ in range(MAXIMUM_PULLS - 1):
        await bench.pipeline.run(number)
        scan = await bench.scan(number)
        assert (scan.state, scan.problem) == (State.QUEUED, "Slack is busy.")
        assert scan.submission.attempts == 0
        waits.append(scan.submission.due_at - bench.clock.now())
        bench.clock.advance(waits[-1])
    await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.problem) == (State.FAILED, "Slack is busy.")
    for turn, wait in enumerate(waits):
        assert SERVER_BACKOFF.first_s * 2**turn / 2 <= wait <= SERVER_BACKOFF.first_s * 2**turn


async def test_only_pulls_that_fail_in_a_row_end_a_scan(bench):
    number = await bench.shared(a_share())
    later = TryLater("Busy.", status=503)
    bench.scanner.outcomes = [later, later]
    failing = [PullFailed("Slack is busy.") for _ in range(MAXIMUM_PULLS - 1)]
    for _ in range(2):
        bench.files.troubles = list(failing)
        for _ in range(len(failing) + 1):
            await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.problem) == (State.QUEUED, "Busy.")
    assert len(bench.scanner.orders) == 2


async def test_a_pull_waits_as_long_as_slack_asks(bench):
    bench.files.troubles = [PullFailed("Slack is busy.", retry_after_s=77)]

    scan = await run(bench)

    assert scan.submission.due_at == START + 77


async def test_a_pull_that_slack_limits_is_no_failed_one(bench):
    number = await bench.shared(a_share())
    limited = PullFailed("Slack is busy.", retry_after_s=77, limited=True)
    bench.files.troubles = [limited for _ in range(3 * MAXIMUM_PULLS)]
    for _ in range(3 * MAXIMUM_PULLS):
        await bench.pipeline.run(number)
        scan = await bench.scan(number)
        assert (scan.state, scan.submission.due_at) == (State.QUEUED, bench.clock.now() + 77)
        bench.clock.advance(77)

    await bench.pipeline.run(number)
    assert (await bench.scan(number)).state is State.SUBMITTED


async def test_a_pull_that_slack_limits_is_asked_for_no_sooner_than_after_a_failure(bench):
    bench.files.troubles = [PullFailed("Slack is busy.", retry_after_s=1, limited=True)]

    scan = await run(bench)

    assert scan.submission.due_at >= START + SERVER_BACKOFF.first_s / 2


async def test_a_clear_no_ends_the_scan(bench):
    bench.scanner.outcomes = [Refused("The webhook ID is wrong.", status=404)]

    scan = await run(bench)

    assert (scan.state, scan.problem) == (State.FAILED, "The webhook ID is wrong.")
    assert (scan.submission.state, scan.submission.status) == (SubmissionState.REFUSED, 404)
    assert scan.submission.request_id is None


async def test_what_may_have_been_taken_is_uncertain(bench):
    bench.scanner.outcomes = [Uncertain("It may have arrived.", status=502)]

    scan = await run(bench)

    assert (scan.state, scan.problem) == (State.UNCERTAIN, "It may have arrived.")
    assert (scan.submission.state, scan.submission.status) == (SubmissionState.UNCERTAIN, 502)
    with pytest.raises(Superseded):
        await bench.store.scans.begin(scan.number)


async def test_later_is_tried_again_when_the_scanner_says(bench):
    bench.scanner.outcomes = [TryLater("Too many.", retry_after_s=120, status=429)]

    scan = await run(bench)

    assert (scan.state, scan.problem) == (State.QUEUED, "Too many.")
    assert (scan.submission.state, scan.submission.status) == (SubmissionState.PENDING, 429)
    assert (scan.submission.due_at, scan.submission.attempts) == (START + 120, 1)
    bench.clock.advance(120)
    await bench.pipeline.run(scan.number)
    again = await bench.scan(scan.number)
    assert (again.state, again.submission.attempts) == (State.SUBMITTED, 2)
    assert (again.kind, again.reason, again.problem) == (Kind.NEW, Reason.FIRST, None)
    assert bench.files.pulled == [scan.number, scan.number]


async def test_later_without_a_time_grows(bench):
    bench.scanner.outcomes = [TryLater("Down.", status=503), TryLater("Down.", status=503)]
    scan = await run(bench)
    assert SERVER_BACKOFF.first_s / 2 <= scan.submission.due_at - START <= SERVER_BACKOFF.first_s

    await bench.pipeline.run(scan.number)

    scan = await bench.scan(scan.number)
    assert SERVER_BACKOFF.first_s <= scan.submission.due_at - START <= SERVER_BACKOFF.first_s * 2


async def test_later_is_not_believed_for_ever(bench):
    number = await bench.shared(a_share())
    bench.scanner.outcomes = [TryLater("Down.", status=503) for _ in range(MAXIMUM_SENDS)]
    for _ in range(MAXIMUM_SENDS - 1):
        await bench.pipeline.run(number)
        assert await bench.state(number) is State.QUEUED
        bench.clock.advance((await bench.scan(number)).submission.due_at - bench.clock.now())

    await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.problem) == (State.FAILED, "Down.")
    assert scan.submission.state is SubmissionState.PENDING


async def test_while_the_scanner_pauses_nothing_else_is_sent(bench):
    bench.scanner.outcomes = [TryLater("Too many.", retry_after_s=120, status=429)]
    await run(bench)
    bench.clock.advance(20)
    bench.reader.by_name["other.ipa"] = SHOP.__class__(file_type=FileType.IPA, bundle_id="com.example.other")

    other = await run(bench, a_share("F2", name="other.ipa"))

    assert len(bench.scanner.orders) == 1
    assert (other.state, other.problem) == (State.QUEUED, AWAY)
    assert (other.submission.due_at, other.submission.attempts) == (START + 120, 0)
    bench.clock.advance(100)
    await bench.pipeline.run(other.number)
    assert await bench.state(other.number) is State.SUBMITTED


async def test_a_probe_that_never_got_to_the_scanner_waits_on_its_own(bench):
    """As where the FTP server is away while OneTrust is: else it would be tried again and again."""
    full = TryLater("The FTP server is full.", scanner_failed=False)
    bench.scanner.outcomes = [TryLater("Too many.", retry_after_s=120, status=429), full]
    scan = await run(bench)
    bench.clock.advance(120)

    await bench.pipeline.run(scan.number)

    scan = await bench.scan(scan.number)
    assert bench.breaker.is_open
    assert (scan.state, scan.problem) == (State.QUEUED, "The FTP server is full.")
    assert bench.clock.now() + SERVER_BACKOFF.first_s / 2 <= scan.submission.due_at


async def test_a_no_of_the_ftp_server_is_no_answer_of_the_scanner(bench):
    bench.scanner.outcomes = [TryLater("Too many.", retry_after_s=120, status=429), Refused("Wrong login.")]
    scan = await run(bench)
    bench.clock.advance(120)

    await bench.pipeline.run(scan.number)

    assert await bench.state(scan.number) is State.FAILED
    assert bench.breaker.is_open


async def test_a_pause_is_over_with_the_process(bench):
    """The next process asks once, and is told again if need be."""
    bench.scanner.outcomes = [TryLater("Too many.", retry_after_s=120, status=429)]
    scan = await run(bench)

    await bench.new_pipeline().run(scan.number)

    assert await bench.state(scan.number) is State.SUBMITTED


async def test_a_second_build_of_an_app_in_flight_waits_and_holds_no_bytes(bench):
    bench.scanner.outcomes = [TryLater("Too many.", retry_after_s=120, status=429)]
    first = await run(bench)

    second = await run(bench, a_share("F2"))

    assert (second.state, second.original) == (State.WAITING, first.number)
    assert len(bench.scanner.orders) == 1


async def test_the_same_file_is_not_submitted_twice(bench):
    first = await bench.submitted(a_share())
    bench.files.content["F2"] = b"the bytes of F1"

    second = await run(bench, a_share("F2"))

    assert (second.state, second.original) == (State.DUPLICATE, first.number)
    assert len(bench.scanner.orders) == 1


async def test_an_app_seen_before_is_asked_about(bench):
    await bench.submitted(a_share())

    second = await run(bench, a_share("F2"))

    assert second.state is State.ASKING
    assert len(bench.scanner.orders) == 1


@pytest.mark.parametrize(
    ("how", "reason", "who"), [("comment", Reason.COMMENT, "UANA"), ("command", Reason.COMMAND, "UBEN")]
)
async def test_an_app_id_that_a_person_gave_is_remembered(bench, how, reason, who):
    if how == "comment":
        scan = await bench.submitted(a_share(**ASKED[how]))
    else:
        number = await asked(bench, how)
        await bench.pipeline.run(number)
        scan = await bench.scan(number)

    assert (scan.kind, scan.reason, scan.app_id) == (Kind.RESCAN, reason, APP_ID)
    assert bench.scanner.orders[0].app_id == APP_ID
    link = await bench.store.links.of_build("com.example.shop", Platform.ANDROID)
    assert (link.app_id, link.linked_by) == (APP_ID, who)
    following = await bench.submitted(a_share("F2"))
    assert (following.reason, following.app_id) == (Reason.LINKED, APP_ID)


async def test_who_is_forgotten_while_their_build_is_sent_is_not_remembered_as_who_linked_it(bench):
    gate = bench.scanner.before_commit = asyncio.Event()
    running = asyncio.create_task(bench.submitted(a_share(**ASKED["comment"])))
    await until(lambda: bool(bench.scanner.orders))
    await bench.store.privacy.forget("UANA")
    gate.set()
    await running

    link = await bench.store.links.of_build("com.example.shop", Platform.ANDROID)
    assert (link.app_id, link.linked_by) == (APP_ID, FORGOTTEN)


async def test_an_app_id_that_a_person_gave_replaces_no_link(bench):
    await bench.store.links.put("com.example.shop", Platform.ANDROID, OTHER_APP_ID, who="UBEN", replace=True)

    scan = await bench.submitted(a_share(**ASKED["comment"]))

    assert scan.app_id == APP_ID
    link = await bench.store.links.of_build("com.example.shop", Platform.ANDROID)
    assert (link.app_id, link.linked_by) == (OTHER_APP_ID, "UBEN")


@pytest.mark.parametrize(
    "outcome", [Refused("No.", status=404), Uncertain("Perhaps."), TryLater("Later.", status=503)]
)
async def test_nothing_is_learned_from_what_was_not_taken(bench, outcome):
    bench.scanner.outcomes = [outcome]

    await run(bench, a_share(**ASKED["comment"]))

    assert await bench.store.links.of_app(APP_ID) == []


async def test_no_new_app_is_linked_to_anything(bench):
    await bench.submitted(a_share())

    assert await bench.store.links.of_build("com.example.shop", Platform.ANDROID) is None


async def test_an_app_id_of_another_build_is_asked_about(bench):
    await bench.store.links.put("com.example.other", Platform.IOS, APP_ID, who=None, replace=True)

    scan = await run(bench, a_share(**ASKED["comment"]))

    assert scan.state is State.ASKING
    assert bench.scanner.orders == []


class Stage:
    """A place in the way where a scan can be held."""

    def __init__(self, bench: Bench, where: str) -> None:
        gate = asyncio.Event()
        if where == "pulling":
            bench.files.gate = gate
        elif where == "sending":
            bench.scanner.before_commit = gate
        else:
            bench.scanner.after_commit = gate
        self.reached = (
            (lambda: bool(bench.files.pulled)) if where == "pulling" else (lambda: bench.scanner.waiting == 1)
        )


@pytest.mark.parametrize(
    ("where", "state"),
    [("pulling", State.RECEIVED), ("sending", State.RECEIVED), ("committed", State.UNCERTAIN)],
)
async def test_work_that_is_stopped_is_handed_back(bench, where, state):
    stage = Stage(bench, where)
    number = await bench.shared(a_share())
    task = asyncio.create_task(bench.pipeline.run(number))
    await until(stage.reached)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    scan = await bench.scan(number)
    assert scan.state is state
    expected = SubmissionState.UNCERTAIN if state is State.UNCERTAIN else SubmissionState.PENDING
    assert scan.submission.state is expected
    assert bench.announcer.told[-1] == number


async def test_work_that_was_stopped_goes_on_as_it_was_decided(bench):
    stage = Stage(bench, "sending")
    number = await bench.shared(a_share())
    task = asyncio.create_task(bench.pipeline.run(number))
    await until(stage.reached)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bench.scanner.before_commit = None

    await bench.pipeline.run(number)

    scan = await bench.scan(number)
    assert (scan.state, scan.reason, scan.submission.attempts) == (State.SUBMITTED, Reason.FIRST, 2)


@pytest.mark.parametrize("where", ["pulling", "sending"])
async def test_a_scan_that_is_taken_back_sends_nothing(bench, where):
    stage = Stage(bench, where)
    number = await bench.shared(a_share())
    task = asyncio.create_task(bench.pipeline.run(number))
    await until(stage.reached)
    await bench.store.scans.cancel(number, why="Cancelled.", who="UANA")
    for gate in (bench.files.gate, bench.scanner.before_commit):
        if gate is not None:
            gate.set()

    await task

    scan = await bench.scan(number)
    assert (scan.state, scan.problem) == (State.CANCELLED, "Cancelled.")
    assert scan.submission.request_id is None


async def test_a_scan_that_is_not_due_is_left_alone(bench):
    scan = await bench.submitted(a_share())

    await bench.pipeline.run(scan.number)

    assert await bench.scan(scan.number) == scan
    assert len(bench.files.pulled) == 1


@pytest.mark.parametrize("where", ["files", "reader", "scanner"])
async def test_an_error_that_nobody_foresaw_ends_the_scan(bench, caplog, where):
    surprise = RuntimeError("secret inside")
    bench.scanner.commits = False
    if where == "scanner":
        bench.scanner.outcomes = [surprise]
    else:
        getattr(bench, where).troubles = [surprise]

    with caplog.at_level(logging.ERROR):
        scan = await run(bench)

    assert (scan.state, scan.problem) == (State.FAILED, INSIDE)
    assert "secret" not in scan.problem
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"#{scan.number}" in caplog.records[0].getMessage()


async def test_an_error_after_the_last_bytes_may_have_gone_is_uncertain(bench, caplog):
    bench.scanner.outcomes = [RuntimeError("surprise")]

    scan = await run(bench)

    assert (scan.state, scan.submission.state) == (State.UNCERTAIN, SubmissionState.UNCERTAIN)
    assert len(caplog.records) == 1


async def test_a_scan_that_could_not_be_begun_is_not_said_to_be_settled(bench, caplog):
    number = await bench.shared(a_share())
    await bench.fill_disk()

    with pytest.raises(Exception, match="disk is full"):
        await bench.pipeline.run(number)

    await bench.clear_disk()
    assert await bench.state(number) is State.RECEIVED
    assert len(caplog.records) == 1


async def test_a_receipt_is_kept_though_others_gave_the_scan_up(bench):
    """A command's process that slept too long, while a bot on the same database goes on."""
    stage = Stage(bench, "committed")
    number = await bench.shared(a_share())
    task = asyncio.create_task(bench.pipeline.run(number))
    await until(stage.reached)
    await bench.store.scans.requeue(number, why="the process ended")
    bench.scanner.outcomes = [Receipt(request_id="late", status=202)]
    assert bench.scanner.after_commit is not None
    bench.scanner.after_commit.set()

    await task

    scan = await bench.scan(number)
    assert (scan.state, scan.submission.request_id) == (State.SUBMITTED, "late")
    assert (scan.submission.state, scan.problem) == (SubmissionState.ACCEPTED, None)
