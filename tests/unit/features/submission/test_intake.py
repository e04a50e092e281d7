"""How builds come in, however Slack tells of them."""

import pytest

from bot.core.access import Access
from bot.core.identifiers import FileLink, MessageLink
from bot.core.people import Person
from bot.core.scan import ChannelKind, Platform, Reason, State, SubmissionState
from bot.errors import NotAllowed, NotFound, NotInvited, PullFailed, Unidentified, UsageError
from bot.features.rescan_requests.models import RequestState
from bot.features.submission.intake import (
    MAXIMUM_SEARCHES,
    MAXIMUM_SEARCHES_PER_RUN,
    OUTAGE_TIMEOUT_S,
    REQUEST_TIMEOUT_S,
    SEARCH_BACKOFF,
)
from tests.bench import Bench
from tests.fakes import APP_ID, OTHER_APP_ID, START, FakePeople, FakeWorkspace, a_share

TS = "1790000000.000100"


def message(*shares, unnamed=(), **rest):
    """Return a message event that holds these."""
    return {"channel": "C1", "ts": TS, "user": "UANA", "shares": shares, "unnamed": unnamed, **rest}


async def scans(bench):
    """Return all scans there are, oldest first."""
    numbers = await bench.database.read(
        lambda db: [row["number"] for row in db.query("SELECT number FROM scans ORDER BY number")]
    )
    return [await bench.scan(number) for number in numbers]


async def next_search_at(bench):
    """Return when the next search for a message is due."""
    return min((arrival.due_at for arrival in await bench.store.requests.arrivals()), default=None)


async def look(bench, times=1):
    """Look for messages, each time when it is due."""
    for _ in range(times):
        due_at = await next_search_at(bench)
        if due_at is not None:
            bench.clock.advance(max(0.0, due_at - bench.clock.now()))
        await bench.intake.find_messages()


@pytest.fixture
def guarded(database, tmp_path):
    """The domain, for one channel and two listed people or apps."""
    policy = Access(
        people=FakePeople(),
        workspace=FakeWorkspace(),
        channels=frozenset({"C1"}),
        users=frozenset({"UANA", "BCI"}),
    )
    return Bench(database, tmp_path / "builds", policy=policy)


class TestSharing:
    async def test_a_share_is_recorded_shown_and_taken_up(self, bench):
        await bench.intake.message(message(a_share(comment="the new one")))

        (scan,) = await scans(bench)
        assert (scan.state, scan.file_name, scan.shared_by) == (State.RECEIVED, "shop.apk", "UANA")
        assert (scan.channel, scan.message_ts, scan.thread_ts) == ("C1", TS, TS)
        assert (scan.comment, scan.asked_app_id, scan.asked_name) == ("the new one", None, None)
        assert (bench.announcer.told, bench.woken) == ([scan.number], 1)

    async def test_several_builds_in_a_message_are_several_scans(self, bench):
        files = [a_share("F1"), a_share("F2", name="notes.txt"), a_share("F3", name="Shop.IPA")]
        await bench.intake.message(message(*files))

        assert [scan.file_id for scan in await scans(bench)] == ["F1", "F3"]

    @pytest.mark.parametrize("name", ["notes.txt", "archive.zip", "apk", "shop.apk.png", "", "shop.ipa/"])
    async def test_what_is_no_build_is_passed_over(self, bench, name):
        await bench.intake.message(message(a_share(name=name)))

        assert await scans(bench) == []
        assert (bench.announcer.told, bench.woken) == ([], 0)

    async def test_what_is_nearly_a_build_gets_an_answer(self, bench):
        await bench.intake.message(message(a_share(name="shop.aab")))

        assert [scan.file_name for scan in await scans(bench)] == ["shop.aab"]

    async def test_the_same_file_in_another_message_is_another_share(self, bench):
        await bench.intake.message(message(a_share()))
        await bench.intake.message(message(a_share(ts="1790000007.000100")))

        assert len(await scans(bench)) == 2

    async def test_the_comment_says_which_app_and_which_name(self, bench):
        await bench.intake.message(message(a_share("F1", comment=f"please rescan {APP_ID}")))
        await bench.intake.message(message(a_share("F2", comment="name: Shop Beta")))

        first, second = await scans(bench)
        assert (first.asked_app_id, first.asked_name) == (APP_ID, None)
        assert (second.asked_app_id, second.asked_name) == (None, "Shop Beta")


class TestTwoEventsForOneShare:
    @pytest.mark.parametrize("message_first", [True, False])
    async def test_it_is_recorded_once(self, bench, message_first):
        bench.workspace.files["F1"] = [(a_share(),)]
        if message_first:
            await bench.intake.message(message(a_share()))
        await bench.intake.file_shared("F1", "C1", "1790000000.000200", user="UANA")
        await look(bench)
        if not message_first:
            await bench.intake.message(message(a_share()))

        assert len(await scans(bench)) == 1
        assert await next_search_at(bench) is None

    async def test_a_file_that_came_without_its_message_is_looked_for(self, bench):
        bench.workspace.files["F1"] = [(a_share(comment=f"rescan {APP_ID}"),)]

        await bench.intake.file_shared("F1", "C1", "1790000000.000200")
        assert (await scans(bench), bench.woken) == ([], 1)
        await look(bench)

        (scan,) = await scans(bench)
        assert scan.asked_app_id == APP_ID
        assert bench.workspace.looks == [("F1", "C1")]

    async def test_a_file_that_slack_does_not_name_in_its_message_is_looked_for(self, bench):
        bench.workspace.files["F2"] = [(a_share("F2"),)]

        await bench.intake.message(message(a_share("F1"), unnamed=("F2",)))
        await look(bench)

        assert [scan.file_id for scan in await scans(bench)] == ["F1", "F2"]

    async def test_it_is_looked_for_again_while_slack_does_not_say(self, bench):
        bench.workspace.files["F1"] = [None, None, (a_share(),)]
        await bench.intake.file_shared("F1", "C1", "1790000000.000200")

        await bench.intake.find_messages()
        assert await next_search_at(bench) == START + SEARCH_BACKOFF.first_s
        await bench.intake.find_messages()
        assert len(bench.workspace.looks) == 1
        await look(bench, 2)

        assert len(await scans(bench)) == 1
        assert await next_search_at(bench) is None

    async def test_it_is_given_up_after_so_many_looks_each_wait_twice_the_last(self, bench):
        bench.workspace.files["F1"] = [None]
        await bench.intake.file_shared("F1", "C1", "1790000000.000200")
        waits = []
        while (due_at := await next_search_at(bench)) is not None:
            waits.append(due_at - bench.clock.now())
            await look(bench)

        assert len(bench.workspace.looks) == MAXIMUM_SEARCHES
        assert waits == [0, *(SEARCH_BACKOFF.first_s * 2**turn for turn in range(MAXIMUM_SEARCHES - 1))]
        assert await scans(bench) == []

    async def test_of_hundreds_that_slack_can_not_be_asked_about_some_are_looked_for_at_a_time(self, bench):
        for nth in range(3 * MAXIMUM_SEARCHES_PER_RUN):
            bench.workspace.files[f"F{nth}"] = [(a_share(f"F{nth}"),)]
            await bench.intake.file_shared(f"F{nth}", "C1", "1790000000.000200")

        looked = []
        for _ in range(3):
            await bench.intake.find_messages()
            looked.append(len(bench.workspace.looks))

        assert looked == [
            MAXIMUM_SEARCHES_PER_RUN,
            2 * MAXIMUM_SEARCHES_PER_RUN,
            3 * MAXIMUM_SEARCHES_PER_RUN,
        ]
        assert len(await scans(bench)) == 3 * MAXIMUM_SEARCHES_PER_RUN

    @pytest.mark.parametrize("said", [PullFailed("Slack is busy."), RuntimeError("surprise")])
    @pytest.mark.parametrize("age_s", [0, 2 * OUTAGE_TIMEOUT_S])
    async def test_while_slack_can_not_be_asked_it_is_looked_for_for_hours(self, bench, said, age_s):
        bench.workspace.files["F1"] = [said]
        began = bench.clock.now()
        await bench.intake.file_shared("F1", "C1", f"{began - age_s:.6f}")  # old, where it was missed
        waits = []
        while (due_at := await next_search_at(bench)) is not None:
            waits.append(due_at - bench.clock.now())
            await look(bench)

        assert bench.clock.now() - began >= OUTAGE_TIMEOUT_S
        assert max(waits) == SEARCH_BACKOFF.maximum_s
        assert await scans(bench) == []

    @pytest.mark.parametrize("said", [(), NotFound("It is gone."), NotInvited("Invite me.")])
    async def test_what_can_not_be_seen_is_passed_over_at_once(self, bench, said):
        bench.workspace.files["F1"] = [said]
        await bench.intake.file_shared("F1", "C1", "1790000000.000200")

        await look(bench)

        assert await next_search_at(bench) is None
        assert await scans(bench) == []

    @pytest.mark.parametrize("event_ts", ["1790000000.000200", "None", "", "nan"])
    async def test_one_that_can_not_be_looked_up_keeps_no_other_from_it(self, bench, event_ts):
        bench.workspace.files["F1"] = [RuntimeError("surprise")]
        bench.workspace.files["F2"] = [(a_share("F2"),)]
        await bench.intake.file_shared("F1", "C1", event_ts)
        await bench.intake.file_shared("F2", "C1", "1790000000.000200")
        await bench.intake.file_shared("F2", "C1", event_ts)

        await look(bench)

        assert [scan.file_id for scan in await scans(bench)] == ["F2"]

    async def test_of_several_places_the_event_means_the_last_before_it(self, bench):
        times = ["1790000050.000100", "1790000010.000100", "1790000001.000100"]
        bench.workspace.files["F1"] = [tuple(a_share(ts=ts) for ts in times)]

        await bench.intake.file_shared("F1", "C1", "1790000010.500000")
        await look(bench)

        assert [scan.message_ts for scan in await scans(bench)] == ["1790000010.000100"]


class TestAllowLists:
    @pytest.mark.parametrize(
        ("share", "admitted"),
        [
            (a_share(), True),
            (a_share(by="UCI", bot_id="BCI"), True),
            (a_share(by="UBEN"), False),
            (a_share(by="UCI", bot_id="BOTHER"), False),
            (a_share(channel="C2"), False),
        ],
    )
    async def test_others_get_a_no_and_nothing_is_recorded(self, guarded, share, admitted):
        await guarded.intake.on_message(message(share))

        assert len(await scans(guarded)) == admitted
        assert [told for told, _ in guarded.refusals.told] == ([] if admitted else [share])

    async def test_files_that_are_no_builds_get_no_no(self, guarded):
        await guarded.intake.message(message(a_share(by="UBEN", name="notes.txt")))

        assert await scans(guarded) == []

    async def test_a_file_without_its_message_is_held_to_the_lists_too(self, guarded):
        guarded.workspace.files["F1"] = [(a_share(by="UBEN"),)]
        guarded.workspace.files["F2"] = [(a_share("F2", by="UCI", bot_id="BCI"),)]
        for file_id in ("F1", "F2"):
            await guarded.intake.file_shared(file_id, "C1", "1790000000.000200", user="UCI")
        await guarded.intake.file_shared("F3", "C2", "1790000000.000200", user="UANA")

        await look(guarded)

        assert [scan.file_id for scan in await scans(guarded)] == ["F2"]
        assert {file_id for file_id, _ in guarded.workspace.looks} == {"F1", "F2"}
        assert await next_search_at(guarded) is None

    async def test_every_way_of_asking_is_held_to_the_lists(self, guarded):
        guarded.workspace.messages["C1", TS] = (a_share(by="UBEN"),)
        guarded.workspace.messages["C2", TS] = (a_share(channel="C2"),)
        there = MessageLink(channel="C2", message_ts=TS)
        for call in (
            guarded.intake.scan_message("UBEN", "C1", TS, None),
            guarded.intake.scan_message("UANA", "C2", TS, None),
            guarded.intake.rescan_file("UBEN", "C1", APP_ID, there, "command-1"),
            guarded.intake.rescan_file("UANA", "C2", APP_ID, there, "command-1"),
            guarded.intake.rescan_file("UANA", "C1", APP_ID, there, "command-1"),
            guarded.intake.await_build("UBEN", "C1", APP_ID),
            guarded.intake.await_build("UANA", "C2", APP_ID),
            guarded.intake.scan_latest("UBEN", "C1", 1),
            guarded.intake.scan_latest("UANA", "C2", 1),
        ):
            with pytest.raises(NotAllowed):
                await call

        assert (await scans(guarded), guarded.board.posted) == ([], [])

    async def test_an_older_message_may_be_asked_for_by_who_is_listed(self, guarded):
        guarded.workspace.messages["C1", TS] = (a_share(by="UBEN"),)

        ((scan, _),) = await guarded.intake.scan_message("UANA", "C1", TS, None)

        assert scan.asked_by == "UANA"


class TestDeletedMessages:
    async def test_what_is_not_submitted_is_taken_back(self, bench):
        done = await bench.submitted(a_share("F0"))
        number = await bench.shared(a_share("F1", name="shop.ipa"))
        elsewhere = await bench.shared(a_share("F1", ts="1790000005.000100"))

        await bench.intake.deleted("C1", TS)

        cancelled = await bench.scan(number)
        assert cancelled.state is State.CANCELLED
        assert "deleted" in cancelled.problem
        assert bench.dropped == [number]
        assert bench.announcer.told[-1] == number
        assert await bench.state(done.number) is State.SUBMITTED
        assert await bench.state(elsewhere) is State.RECEIVED

    async def test_what_is_on_its_way_goes_on(self, bench):
        number = await bench.shared(a_share())
        for to in (State.PULLING, State.CHECKING, State.SUBMITTING):
            await bench.store.scans.move(number, to, why="")
        await bench.store.scans.commit(number)

        await bench.intake.deleted("C1", TS)

        scan = await bench.scan(number)
        assert (scan.state, scan.submission.state) == (State.SUBMITTING, SubmissionState.COMMITTED)
        assert bench.dropped == []

    async def test_a_message_without_builds_is_nobodys_loss(self, bench):
        await bench.intake.deleted("C1", TS)

        assert (bench.dropped, bench.announcer.told) == ([], [])


class TestOlderMessages:
    async def test_a_message_is_scanned_as_if_it_were_shared_now(self, bench):
        bench.workspace.messages["C1", TS] = (a_share(comment="name: Beta"), a_share("F2", name="notes.txt"))

        ((scan, new),) = await bench.intake.scan_message("UBEN", "C1", TS, None)

        assert new
        assert (scan.shared_by, scan.asked_by) == ("UANA", "UBEN")
        assert (scan.asked_name, scan.occasion) == ("Beta", "")
        assert bench.woken == 1

    async def test_a_message_that_was_scanned_is_not_scanned_again(self, bench):
        number = await bench.shared(a_share())
        bench.workspace.messages["C1", TS] = (a_share(),)

        ((scan, new),) = await bench.intake.scan_message("UBEN", "C1", TS, None)

        assert (new, scan.number) == (False, number)
        assert len(await scans(bench)) == 1

    async def test_a_message_without_a_build_says_so(self, bench):
        bench.workspace.messages["C1", TS] = (a_share(name="notes.txt"),)

        with pytest.raises(NotFound, match="no build"):
            await bench.intake.scan_message("UBEN", "C1", TS, None)

    async def test_a_channel_without_the_bot_asks_for_it(self, bench):
        bench.workspace.elsewhere = {"C1"}

        with pytest.raises(NotInvited):
            await bench.intake.scan_message("UBEN", "C1", TS, None)


class TestRescanOfASharedFile:
    async def test_a_link_to_a_message_or_file_is_rescanned_in_its_thread(self, bench):
        bench.workspace.messages["C2", TS] = (a_share(channel="C2", comment="rescan 123456789"),)
        bench.workspace.files["F1"] = [(a_share(ts="1790000005.000100"), a_share())]

        by_message = await bench.intake.rescan_file(
            "UBEN", "C1", APP_ID, MessageLink(channel="C2", message_ts=TS), "command-1"
        )
        by_file = await bench.intake.rescan_file("UBEN", "C1", APP_ID, FileLink(file_id="F1"), "command-2")

        assert (by_message.channel, by_message.message_ts) == ("C2", TS)
        assert (by_file.channel, by_file.message_ts) == ("C1", "1790000005.000100")
        for scan in (by_message, by_file):
            assert (scan.asked_app_id, scan.asked_by, scan.shared_by) == (APP_ID, "UBEN", "UANA")
        assert bench.workspace.looks == [("F1", None)]
        await bench.pipeline.run(by_file.number)
        assert (await bench.scan(by_file.number)).reason is Reason.COMMAND

    async def test_a_command_that_is_told_twice_is_one_scan(self, bench):
        bench.workspace.files["F1"] = [(a_share(),)]
        link = FileLink(file_id="F1")
        numbers = {
            (await bench.intake.rescan_file("UBEN", "C1", APP_ID, link, occasion)).number
            for occasion in ("command-1", "command-1", "command-2")
        }

        assert len(numbers) == 2

    PRIVATE = (
        ("there", "seen"),
        [
            (a_share(channel="G1", channel_kind=ChannelKind.PRIVATE), True),
            (a_share(channel="G2", channel_kind=ChannelKind.PRIVATE), False),
            (a_share(channel="G1", channel_kind=ChannelKind.MPIM), True),
            (a_share(channel="D1", channel_kind=ChannelKind.IM, by="UBEN"), True),
            (a_share(channel="D1", channel_kind=ChannelKind.IM, by="UANA"), False),
        ],
    )

    @pytest.mark.parametrize(*PRIVATE)
    async def test_only_a_file_that_they_can_see_is_rescanned(self, bench, there, seen):
        bench.workspace.private["UBEN"] = frozenset({"G1"})
        bench.workspace.messages[there.channel, TS] = (there,)
        bench.workspace.files["F1"] = [(there,)]
        for link in (FileLink(file_id="F1"), MessageLink(channel=there.channel, message_ts=TS)):
            call = bench.intake.rescan_file("UBEN", "C1", APP_ID, link, f"command-{link}")
            if seen:
                assert (await call).channel == there.channel
            else:
                with pytest.raises(NotFound, match="that you can see"):
                    await call

    async def test_the_newest_place_that_they_can_see_is_taken(self, bench):
        hidden = a_share(channel="G1", channel_kind=ChannelKind.PRIVATE, ts="1790000009.000100")
        bench.workspace.files["F1"] = [(hidden, a_share())]

        scan = await bench.intake.rescan_file("UBEN", "C1", APP_ID, FileLink(file_id="F1"), "command-1")

        assert scan.channel == "C1"

    @pytest.mark.parametrize("said", [NotFound("It is gone."), (), None, (a_share(name="notes.txt"),)])
    async def test_what_is_not_there_and_what_can_not_be_seen_read_the_same(self, bench, said):
        bench.workspace.files["F1"] = [said]
        bench.workspace.elsewhere = {"C9"}
        messages = []
        for link in (FileLink(file_id="F1"), MessageLink(channel="C9", message_ts=TS)):
            with pytest.raises(NotFound) as refused:
                await bench.intake.rescan_file("UBEN", "C1", APP_ID, link, "command-1")
            messages.append(refused.value.user_message)

        assert len(set(messages)) == 1

    async def test_a_message_with_several_builds_names_no_single_one(self, bench):
        bench.workspace.messages["C1", TS] = (a_share("F1"), a_share("F2", name="shop.ipa"))

        with pytest.raises(UsageError):
            await bench.intake.rescan_file(
                "UBEN", "C1", APP_ID, MessageLink(channel="C1", message_ts=TS), "command-1"
            )

        assert await scans(bench) == []


class TestWaitingRescans:
    async def test_a_channel_is_asked_for_the_build(self, bench):
        request = await bench.intake.await_build("UBEN", "C1", APP_ID)

        assert (request.app_id, request.channel, request.asked_by) == (APP_ID, "C1", "UBEN")
        assert (request.state, request.expires_at) == (RequestState.WAITING, START + REQUEST_TIMEOUT_S)
        ((posted, latest),) = bench.board.posted
        assert (posted.number, latest) == (request.number, None)
        assert request.message_ts == f"1790000500.{request.number:06d}"

    async def test_a_build_in_its_thread_is_a_rescan_of_its_app(self, bench):
        request = await bench.intake.await_build("UBEN", "C1", APP_ID)
        share = a_share(
            ts="1790000600.000100", thread_ts=request.message_ts, comment=f"rescan {OTHER_APP_ID} name: Beta"
        )

        scan = await bench.submitted(share)

        assert (scan.reason, scan.app_id, scan.name) == (Reason.REQUEST, APP_ID, "Beta")
        await bench.intake.close_requests()
        (told,) = bench.board.updated
        assert (told.state, told.answer) == (RequestState.ANSWERED, scan.number)
        link = await bench.store.links.of_build("com.example.shop", Platform.ANDROID)
        assert link.app_id == APP_ID
        await bench.intake.close_requests()
        assert len(bench.board.updated) == 1

    async def test_a_build_elsewhere_is_none_of_its_business(self, bench):
        await bench.intake.await_build("UBEN", "C1", APP_ID)

        scan = await bench.submitted(a_share())

        assert (scan.request_number, scan.reason) == (None, Reason.FIRST)
        await bench.intake.close_requests()
        assert bench.board.updated == []

    async def test_after_its_time_it_lapses_and_its_thread_is_as_any_other(self, bench):
        request = await bench.intake.await_build("UBEN", "C1", APP_ID)
        bench.clock.advance(REQUEST_TIMEOUT_S)

        await bench.intake.close_requests()
        number = await bench.shared(a_share(thread_ts=request.message_ts))

        assert [told.state for told in bench.board.updated] == [RequestState.LAPSED]
        assert (await bench.scan(number)).asked_app_id is None

    async def test_one_that_can_not_be_shown_as_closed_is_closed_all_the_same(self, bench, caplog):
        first = await bench.intake.await_build("UBEN", "C1", APP_ID)
        bench.clock.advance(REQUEST_TIMEOUT_S)
        bench.board.trouble = RuntimeError("surprise")

        await bench.intake.close_requests()

        assert (await bench.store.requests.request(first.number)).state is RequestState.LAPSED
        assert len(caplog.records) == 1

    @pytest.mark.parametrize("trouble", [NotInvited("Invite me."), RuntimeError("surprise")])
    async def test_one_that_can_not_be_posted_waits_for_nothing(self, bench, trouble):
        bench.board.trouble = trouble

        with pytest.raises(type(trouble)):
            await bench.intake.await_build("UBEN", "C1", APP_ID)

        assert (await bench.store.requests.close())[1] is None

    async def test_where_the_bot_is_not_it_asks_to_be_invited(self, bench):
        bench.workspace.elsewhere = {"C1"}

        with pytest.raises(NotInvited):
            await bench.intake.await_build("UBEN", "C1", APP_ID)

        assert bench.board.posted == []
        assert await bench.store.requests.request(1) is None


class TestTheLatestBuild:
    async def test_it_is_offered_and_scanned_in_the_requests_thread(self, bench):
        latest = await bench.submitted(a_share(comment=f"rescan {APP_ID}"))
        request = await bench.intake.await_build("UBEN", "C2", APP_ID)
        assert bench.board.posted == [(bench.board.posted[0][0], latest)]

        scan, new = await bench.intake.scan_latest("UCLEO", "C2", request.number)

        assert new
        assert (scan.channel, scan.thread_ts, scan.file_id) == ("C2", request.message_ts, "F1")
        assert (scan.shared_by, scan.asked_by, scan.original) == ("UANA", "UCLEO", latest.number)
        assert scan.sha256 == latest.sha256
        await bench.pipeline.run(scan.number)
        done = await bench.scan(scan.number)  # although the same file was submitted before
        assert (done.state, done.reason, done.app_id) == (State.SUBMITTED, Reason.REQUEST, APP_ID)
        await bench.intake.close_requests()
        assert bench.board.updated[0].answer == scan.number

    async def test_two_presses_are_one_scan(self, bench):
        await bench.submitted(a_share(comment=f"rescan {APP_ID}"))
        request = await bench.intake.await_build("UBEN", "C1", APP_ID)

        first, is_first_new = await bench.intake.scan_latest("UBEN", "C1", request.number)
        second, is_second_new = await bench.intake.scan_latest("UCLEO", "C1", request.number)

        assert (first.number, is_first_new, is_second_new) == (second.number, True, False)

    @pytest.mark.parametrize("change", ["answered", "lapsed", "overdue", "none", "elsewhere", "unknown"])
    async def test_it_is_not_scanned_where_nothing_waits_for_it(self, bench, change):
        if change != "none":
            await bench.submitted(a_share(comment=f"rescan {APP_ID}"))
        request = await bench.intake.await_build("UBEN", "C1", APP_ID)
        number = request.number + (change == "unknown")
        channel = "C2" if change == "elsewhere" else "C1"
        if change in {"lapsed", "overdue"}:
            bench.clock.advance(REQUEST_TIMEOUT_S)
        if change == "answered":
            await bench.submitted(a_share("F2", thread_ts=request.message_ts))
        if change != "overdue":
            await bench.intake.close_requests()
        before = len(await scans(bench))

        with pytest.raises(NotFound):
            await bench.intake.scan_latest("UBEN", channel, number)

        assert len(await scans(bench)) == before

    async def test_a_build_from_a_private_conversation_is_not_offered_elsewhere(self, bench):
        there = a_share(channel="G1", channel_kind=ChannelKind.PRIVATE, comment=f"rescan {APP_ID}")
        latest = await bench.submitted(there)
        bench.workspace.kinds["G1"] = ChannelKind.PRIVATE

        elsewhere = await bench.intake.await_build("UBEN", "C1", APP_ID)
        at_home = await bench.intake.await_build("UBEN", "G1", APP_ID)

        assert (elsewhere.latest, at_home.latest) == (None, latest.number)
        assert [offered for _, offered in bench.board.posted] == [None, latest]


async def test_a_build_that_answers_a_rescan_tells_who_asked_for_that(bench):
    request = await bench.intake.await_build("UBEN", "C1", APP_ID)

    number = await bench.shared(a_share(thread_ts=request.message_ts))

    events = await bench.store.scans.events(number)
    assert [(event.who, event.at) for event in events] == [("UANA", START), ("UBEN", START)]
    assert APP_ID in events[-1].why


async def test_a_file_waits_while_slack_does_not_say_who_shared_it(bench):
    bench.people.known["UANA"] = Unidentified()
    bench.workspace.files["F1"] = [(a_share(),)]

    assert await bench.intake.message(message(a_share(), a_share("F2", name="notes.txt"))) == 0
    await look(bench, times=12)
    assert await scans(bench) == []

    bench.people.known["UANA"] = Person()
    await look(bench)
    assert [scan.file_id for scan in await scans(bench)] == ["F1"]
