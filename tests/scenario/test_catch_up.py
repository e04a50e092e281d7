"""Builds that were shared while the bot did not hear Slack are taken up when it does again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.slack import Shared
from sandbox.world import ChannelKind, FileMode
from tests.scenario.office import APP_ID, Office, apk, ipa, office


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


async def _away(place: Office) -> None:
    """Let the bot stop, and whatever happens meanwhile never be told to it."""
    await place.slack.settled()
    await place.stop()
    place.slack.faults.add("event.*", times=None, drop=True)


async def _untold(place: Office) -> None:
    """Let all be over that Slack would have told the bot meanwhile; from now on it tells again."""
    await place.slack.settled()
    place.slack.faults.clear()


async def _back(place: Office, **environ: str) -> None:
    await _untold(place)
    await place.start(**environ)


async def _looked(place: Office, times: int = 1) -> None:
    """Wait until so many conversations were looked through."""
    await place.slack.until(lambda: len(place.slack.called("conversations.history")) >= times)


async def _only(place: Office, *shares: Shared) -> None:
    """Show that there was one scan and one reply for each of these shares, and none beside them."""
    last = place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))])
    await place.submitted(last, f"Scan #{len(shares) + 1} ")
    for shared in shares:
        assert len(place.posts(shared)) == 1


async def test_a_build_that_was_shared_while_the_bot_was_stopped_is_scanned(place: Office):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "name: Shop of the future")
    await _back(place)
    await place.submitted(shared, "shared by @dana")
    assert place.onetrust.received[0].name == "Shop of the future"
    await _only(place, shared)


@pytest.mark.parametrize("kind", [ChannelKind.IM, ChannelKind.MPIM, ChannelKind.PRIVATE])
async def test_every_kind_of_conversation_is_looked_through(place: Office, kind: ChannelKind):
    where = place.dana.im() if kind is ChannelKind.IM else place.channel("closed", kind=kind)
    await _away(place)
    shared = place.dana.share(where, [("shop.apk", apk())])
    await _back(place)
    await place.submitted(shared)
    history = await place.command("history", where=place.builds_channel, who=place.eli)
    assert ("shop.apk" in history or "Shop" in history) == (kind is not ChannelKind.IM)


async def test_builds_are_taken_up_in_the_order_they_were_shared(place: Office):
    await _away(place)
    first = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))])
    second = place.dana.share(place.builds_channel, [("Shop.ipa", ipa()), ("notes.txt", b"what is new")])
    await _back(place)
    await place.submitted(first, "Scan #1 ")
    assert await place.submitted(second, "Scan #2 ")
    await _only(place, first, second)


async def test_builds_in_threads_are_found_where_the_thread_is_older(place: Office):
    head = place.dana.say(place.builds_channel, "Release 4.2")
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=head.ts)
    await _back(place)
    await place.submitted(shared)
    assert [reply.thread_ts for reply in place.replies(shared)] == [head.ts]


async def test_a_waiting_rescan_is_answered_by_a_build_that_nobody_told_of(place: Office):
    request = await place.waiting_rescan(APP_ID)
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=request.ts)
    await _back(place)
    await place.submitted(shared)
    assert place.onetrust.received[0].app_id == APP_ID


async def test_a_stub_of_another_organization_is_asked_about(place: Office):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], mode=FileMode.FILE_ACCESS)
    await _back(place)
    assert await place.submitted(shared)


async def test_a_first_start_takes_up_nothing(tmp_path: Path, place: Office):
    await _away(place)
    before = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _back(place, APPSCAN_DB=str(tmp_path / "another.db"))
    await _only(place)
    assert not place.replies(before)


async def test_what_is_older_than_the_first_start_ever_is_left_alone(tmp_path: Path, place: Office):
    await _away(place)
    before = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _back(place, APPSCAN_DB=str(tmp_path / "another.db"))
    await _away(place)
    missed = place.dana.share(place.builds_channel, [("Shop.ipa", ipa())])
    await _back(place)
    await place.submitted(missed, "Scan #1 ")
    assert not place.replies(before)


async def test_nothing_from_before_the_bot_joined_is_taken_up(place: Office):
    channel = place.channel("later", bot=False)
    await _away(place)
    head = place.dana.say(channel, "Release 4.2")
    early = place.dana.share(channel, [("early.apk", apk(package="too.early"))])
    early_reply = place.dana.share(channel, [("reply.apk", apk(package="too.early"))], thread_ts=head.ts)
    place.dana.invite_bot(channel)
    late = place.dana.share(channel, [("shop.apk", apk())])
    late_reply = place.dana.share(channel, [("Shop.ipa", ipa())], thread_ts=head.ts)
    await _back(place)
    await place.submitted(late)
    await place.submitted(late_reply)
    assert {taken.file_name for taken in place.onetrust.received} == {"shop.apk", "Shop.ipa"}
    assert not place.posts(early)
    assert len(place.posts(early_reply)) == 1  # the one for the build after the bot joined


async def test_what_is_older_than_the_setting_says_is_left_alone(place: Office):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    place.clock.advance(2 * 3600)
    await _back(place, APPSCAN_CATCH_UP_HOURS="1")
    await _looked(place)
    await _only(place)
    assert not place.replies(shared)


async def test_switched_off_nothing_is_looked_for_then_nor_later(place: Office):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _back(place, APPSCAN_CATCH_UP_HOURS="0")
    await _only(place)
    assert not place.slack.called("users.conversations")
    assert not place.replies(shared)


async def test_the_allow_lists_hold(place: Office):
    await _away(place)
    no = place.eli.share(place.builds_channel, [("no.apk", apk(package="not.his"))])
    yes = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _back(place, APPSCAN_USERS=place.dana.id)
    await place.submitted(yes, "Scan #1 ")
    assert not place.replies(no)


async def test_what_was_deleted_meanwhile_is_not_taken_up(place: Office):
    await _away(place)
    head = place.dana.share(place.builds_channel, [("gone.apk", apk(package="is.gone"))])
    place.dana.say(place.builds_channel, "Wrong one", thread_ts=head.ts)
    alone = place.dana.share(place.builds_channel, [("gone.ipa", ipa(bundle_id="is.gone"))])
    for gone in (head, alone):
        place.dana.delete(place.builds_channel, gone.ts)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _back(place)
    assert await place.submitted(shared, "Scan #1 ")
    await _only(place, shared)


async def test_a_thread_that_is_deleted_between_two_looks_keeps_nothing_back(place: Office):
    head = place.dana.say(place.builds_channel, "Release 4.2")
    await _away(place)
    place.dana.share(place.builds_channel, [("gone.apk", apk(package="is.gone"))], thread_ts=head.ts)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _untold(place)
    place.slack.faults.add("conversations.replies", where={"ts": head.ts}, error="thread_not_found")
    await place.start()
    assert await place.submitted(shared, "Scan #1 ")
    await _only(place, shared)


async def test_a_conversation_that_the_bot_was_removed_from_keeps_nothing_back(place: Office):
    left = place.channel("left")
    await _away(place)
    place.dana.share(left, [("left.apk", apk(package="is.left"))])
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _untold(place)
    history = place.slack.faults.add("conversations.history", hold=True)  # it is in when they are listed
    await place.start()
    await history.reached()
    place.dana.kick_bot(left)
    history.release()
    assert await place.submitted(shared, "Scan #1 ")
    await _only(place, shared)


async def test_rate_limits_are_waited_out(place: Office):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _untold(place)
    for method in ("users.conversations", "conversations.history"):
        place.slack.faults.add(method, status=429, retry_after=1)
    await place.start()
    assert await place.submitted(shared)
    await _only(place, shared)


@pytest.mark.parametrize("method", ["users.conversations", "conversations.info", "conversations.history"])
@pytest.mark.parametrize(
    "trouble", [{"status": 503, "body": "<html>"}, {"error": "fatal_error"}, {"drop": True}]
)
async def test_while_slack_is_in_trouble_the_look_is_taken_again(place: Office, method: str, trouble: dict):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _untold(place)
    rule = place.slack.faults.add(method, times=2, **trouble)
    await place.start()

    def passed() -> bool:
        place.clock.advance(10)
        return bool(place.replies(shared))

    await place.slack.until(passed)
    await place.submitted(shared)
    assert rule.used == 2


async def test_what_was_not_looked_through_is_by_the_next_start(place: Office):
    await _away(place)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _untold(place)
    history = place.slack.faults.add("conversations.history", hold=True)
    await place.start()
    await history.reached()
    await place.stop()
    history.release()
    place.clock.advance(7200)  # the mark of the bot's life has moved on, the note has not
    await place.start()
    assert await place.submitted(shared)
    await _only(place, shared)


async def test_live_events_do_not_wait_and_the_same_share_told_live_is_scanned_once(place: Office):
    await _away(place)
    missed = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await _untold(place)
    history = place.slack.faults.add("conversations.history", hold=True)
    await place.start()
    await history.reached()
    live = place.dana.share(place.builds_channel, [("Shop.ipa", ipa())])
    await place.submitted(live, "Scan #1 ")
    history.release()
    assert await place.submitted(missed, "Scan #2 ")
    await _only(place, live, missed)


async def test_after_a_long_loss_of_the_connection_what_was_missed_is_looked_for(place: Office):
    await place.slack.settled()
    down = place.slack.faults.add("socket.connect", times=None, status=503)
    place.slack.faults.add("event.*", times=None, drop=True)
    place.slack.socket.cut()
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    def passes(condition: Callable[[], object]) -> Callable[[], bool]:
        def look() -> bool:
            place.clock.advance(10)
            return bool(condition())

        return look

    await place.slack.until(passes(lambda: down.used), 30)
    place.clock.advance(240)
    await _untold(place)
    await place.slack.until(passes(lambda: place.replies(shared)), 30)
    assert await place.submitted(shared)


async def test_over_http_what_was_missed_is_looked_for_too(tmp_path: Path):
    async with office(tmp_path / "http", mode="http") as place:
        place.clock.hurried = True
        await _away(place)
        place.slack.events_url = None
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await _back(place)
        assert await place.submitted(shared)
        await _only(place, shared)
