"""What Slack tells of a share, late, twice, in part or not at all, changes nothing about its one scan."""

from pathlib import Path

import pytest

from sandbox.clock import HeldClock
from sandbox.slack import Shared
from sandbox.world import Channel, ChannelKind, FileMode, Message, World
from tests.scenario.office import Office, apk, ipa, office


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


async def _nothing_more(place: Office, *shares: Shared) -> None:
    """Show that no scan beyond one for each of these shares was begun: the next one's number says so."""
    await place.slack.settled()
    place.clock.advance(3600)
    last = place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))])
    await place.submitted(last, f"Scan #{len(shares) + 1} ")
    for shared in shares:
        assert len(place.posts(shared)) == 1


async def test_the_second_event_of_a_share_changes_nothing(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    told_of = [delivery.name for delivery in place.slack.deliveries]
    assert {"message", "file_shared"} <= set(told_of)
    await _nothing_more(place, shared)


@pytest.mark.parametrize("lost", ["message", "file_shared"])
async def test_one_event_of_the_two_is_enough(place: Office, lost: str):
    place.slack.faults.add(f"event.{lost}", drop=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "name: Shop of the future")
    await place.submitted(shared, "shared by @dana")
    assert place.onetrust.received[0].name == "Shop of the future"
    await _nothing_more(place, shared)


async def test_without_the_message_event_a_reply_in_a_thread_is_answered_in_its_thread(place: Office):
    head = place.dana.say(place.builds_channel, "Release 4.2")
    place.slack.faults.add("event.message", where={"subtype": "file_share"}, drop=True)
    shared = place.dana.share(
        place.builds_channel, [("shop.apk", apk()), ("Shop.ipa", ipa())], thread_ts=head.ts
    )
    await place.submitted(shared, number=0)
    await place.submitted(shared, number=1)
    assert {reply.thread_ts for reply in place.replies(shared)} == {head.ts}


@pytest.mark.parametrize("kind", [ChannelKind.IM, ChannelKind.MPIM, ChannelKind.PRIVATE])
async def test_without_the_message_event_a_closed_conversation_is_answered_too(
    place: Office, kind: ChannelKind
):
    where = place.dana.im() if kind is ChannelKind.IM else place.channel("closed", kind=kind)
    place.slack.faults.add("event.message", where={"subtype": "file_share"}, drop=True)
    assert await place.submitted(place.dana.share(where, [("shop.apk", apk())]))


async def test_where_a_file_was_shared_may_be_known_late(place: Office):
    place.slack.faults.add("event.message", drop=True)
    lagging = place.slack.faults.add("files.info", times=3, value="no_shares")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    assert lagging.left == 0
    await _nothing_more(place, shared)


@pytest.mark.parametrize("event", ["message", "file_shared"])
async def test_an_event_that_comes_twice_or_late_changes_nothing(place: Office, event: str):
    place.slack.faults.add(f"event.{event}", copies=3)
    late = place.slack.faults.add("event.file_shared" if event == "message" else "event.message", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    assert await place.submitted(shared)
    late.release()
    await _nothing_more(place, shared)


async def test_an_edit_of_the_message_changes_nothing(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "name: Shop")
    await place.submitted(shared)
    place.dana.edit(place.builds_channel, shared.ts, "name: Another")
    await _nothing_more(place, shared)
    assert [taken.name for taken in place.onetrust.received][:1] == ["Shop"]


async def test_an_edit_while_it_is_pulled_changes_nothing(place: Office):
    download = place.slack.faults.add("download", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "name: Shop")
    await download.reached()
    place.dana.edit(place.builds_channel, shared.ts, "name: Another")
    await place.slack.settled()
    download.release()
    await place.submitted(shared)
    assert place.onetrust.received[0].name == "Shop"


async def test_the_bots_own_files_are_let_be(place: Office):
    own = place.dana.share(place.builds_channel, [("shop.apk", apk())], as_app=place.slack.bot_user_id)
    await _nothing_more(place)
    assert place.replies(own) == []
    assert [taken.file_name for taken in place.onetrust.received] == ["last.apk"]


async def test_the_same_file_shared_again_is_another_share(place: Office):
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    request_id = await place.submitted(first)
    again = place.dana.share_again(place.builds_channel, first.file_id)
    await place.reply(again, "was not submitted again", request_id)
    elsewhere = place.eli.share_again(place.channel("elsewhere"), first.file_id)
    assert await place.reply(elsewhere, "was not submitted again", "shared by @eli")
    await _nothing_more(place, first, again, elsewhere)


async def test_the_same_file_shared_again_is_another_share_where_only_file_shared_tells(place: Office):
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    request_id = await place.submitted(first)
    await place.slack.settled()
    place.slack.faults.add("event.message", where={"subtype": "file_share"}, drop=True)
    again = place.dana.share_again(place.builds_channel, first.file_id)
    assert await place.reply(again, "was not submitted again", request_id)
    await _nothing_more(place, first, again)


async def test_the_new_share_of_a_known_file_may_be_known_late(tmp_path: Path):
    clock = HeldClock()
    async with office(tmp_path / "later", world=World(clock=clock)) as place:
        place.clock.hurried = True
        first = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        request_id = await place.submitted(first)
        await place.slack.settled()
        clock.advance(3600)
        place.slack.faults.add("event.message", where={"subtype": "file_share"}, drop=True)
        lagging = place.slack.faults.add("files.info", times=2, value="no_new_share")
        again = place.dana.share_again(place.builds_channel, first.file_id)
        await place.reply(again, "was not submitted again", request_id)
        assert lagging.left == 0


async def test_an_event_that_was_not_acknowledged_comes_again_and_is_enough(place: Office):
    await place.stop()  # what Slack sends now is sent again when there is a bot
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.start()
    assert await place.submitted(shared)
    await _nothing_more(place, shared)


async def test_a_reply_whose_answer_was_lost_is_not_posted_again(place: Office):
    place.slack.faults.add("chat.postMessage", answer_lost=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.slack.until(lambda: place.posts(shared))

    def told() -> bool:
        place.clock.advance(10)  # past the pause before another try
        return "was submitted" in place.read(place.replies(shared)[0])

    await place.slack.until(told)
    assert len(place.replies(shared)) == 1


async def _waits(place: Office, how: str, where: Channel, thread_ts: str | None = None) -> Shared:
    """Share a build that waits in some way before it is submitted."""
    if how == "asking":
        await place.submitted(place.dana.share(where, [("old.apk", apk("4.1.0"))]))
    if how == "queued":
        place.onetrust.faults.add("webhook", status=429, retry_after=600)
    if how == "waiting":
        place.onetrust.faults.add("webhook", hold=True)
        first = place.dana.share(where, [("old.apk", apk("4.1.0"))])
        await place.reply(first, "Submitting")
    held = place.slack.faults.add("download", hold=True, hold_after=10) if how == "pulling" else None
    shared = place.dana.share(where, [("shop.apk", apk())], thread_ts=thread_ts)
    if held is not None:
        await held.reached()  # before that, a file that is gone can't be had at all
    words = {"asking": "rescan or a new app", "queued": "will be tried again", "waiting": "waits for"}
    await place.reply(shared, words.get(how, "Pulling"))
    return shared


@pytest.mark.parametrize("how", ["pulling", "asking", "queued", "waiting"])
async def test_a_message_deleted_before_submission_takes_its_scan_back(place: Office, how: str):
    shared = await _waits(place, how, place.builds_channel)
    place.dana.delete(place.builds_channel, shared.ts)  # the reply stands under it: Slack leaves a tombstone
    reply = await place.reply(shared, "was not submitted", "The message was deleted.")
    assert "[ " not in place.read(reply)
    place.slack.faults.clear()
    place.onetrust.faults.clear()
    place.clock.advance(3600)
    await place.submitted(place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))]))
    assert "shop.apk" not in {taken.file_name for taken in place.onetrust.received}
    assert len(place.posts(shared)) == 1


@pytest.mark.parametrize("how", ["pulling", "asking", "queued", "waiting"])
async def test_a_deleted_reply_in_a_thread_takes_its_scan_back(place: Office, how: str):
    head = place.dana.say(place.builds_channel, "Release 4.2")
    shared = await _waits(place, how, place.builds_channel, head.ts)
    place.dana.delete(place.builds_channel, shared.ts)  # nothing stands under it: it is gone without a trace
    await place.reply(shared, "was not submitted", "The message was deleted.")
    place.slack.faults.clear()
    place.onetrust.faults.clear()
    place.clock.advance(3600)
    await place.submitted(place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))]))
    assert "shop.apk" not in {taken.file_name for taken in place.onetrust.received}


async def test_a_message_deleted_before_it_was_answered_leaves_nothing_behind(place: Office):
    place.slack.faults.add("files.info", hold=True, times=None)
    posting = place.slack.faults.add("chat.postMessage", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await posting.reached()
    place.dana.delete(place.builds_channel, shared.ts)
    await place.slack.settled()
    posting.release()
    place.slack.faults.clear()

    def tidy() -> bool:
        said: list[Message] = place.dana.messages(place.builds_channel)
        return bool(place.posts(shared)) and said == []

    await place.slack.until(tidy)
    await _nothing_more_submitted(place)
    assert len(place.posts(shared)) == 1


async def test_of_two_builds_in_a_deleted_message_only_what_was_not_submitted_is_taken_back(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk()), ("Shop.ipa", ipa())])
    place.slack.faults.add("download", hold=True, where={"file": shared.files[1]})
    submitted, pulling = await place.both(shared, "was submitted to OneTrust", "Pulling `Shop.ipa`")
    place.dana.delete(place.builds_channel, shared.ts)
    await place.reply(shared, "The message was deleted.", number=pulling)
    assert "was submitted to OneTrust" in place.read(place.replies(shared)[submitted])


async def test_a_message_deleted_after_submission_changes_nothing(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    request_id = await place.submitted(shared)
    place.dana.delete(place.builds_channel, shared.ts)
    await place.slack.settled()
    assert f"Request ID: `{request_id}`" in place.read(place.replies(shared)[0])


async def _nothing_more_submitted(place: Office) -> None:
    await place.submitted(place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))]))
    assert [taken.file_name for taken in place.onetrust.received] == ["last.apk"]


async def test_a_file_of_another_organization_that_the_bot_may_read_is_scanned(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], mode=FileMode.FILE_ACCESS)
    assert await place.submitted(shared, "`shop.apk`")
    await _nothing_more(place, shared)
