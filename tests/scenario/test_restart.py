"""The bot stops and starts on the same database: all goes on, nothing goes twice, one reply tells of it."""

import asyncio

import pytest

from bot.app import Bot
from bot.config.settings import Settings
from sandbox.slack import Shared
from tests.scenario.office import APP_ID, Office, apk, ipa


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


async def _restart(place: Office) -> None:
    await place.stop()
    place.slack.faults.clear()
    place.onetrust.faults.clear()
    await place.start()


async def _once(place: Office, shared: Shared, *words: str) -> str:
    """Wait until a share was submitted; show that this was once, and told in the one reply."""
    request_id = await place.submitted(shared, *words)
    name = place.slack.world.files[shared.file_id].name
    assert [t.request_id for t in place.onetrust.received if t.file_name == name] == [request_id]
    assert len(place.posts(shared)) == 1
    assert len(place.replies(shared)) == 1
    return request_id


async def test_what_was_being_pulled_is_pulled_again(place: Office):
    place.slack.faults.add("download", hold=True, hold_after=100)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Pulling")
    await _restart(place)
    await _once(place, shared)
    assert len(place.slack.called("download")) == 2


async def test_what_was_half_sent_is_sent_again(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1_000_000)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk(padding_bytes=16_000_000))])
    await webhook.reached()
    await _restart(place)
    await _once(place, shared, "was never scanned before")
    assert [taken.is_rescan for taken in place.onetrust.received] == [False]


async def test_what_is_nearly_taken_is_waited_for_at_a_stop(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await webhook.reached()
    stopping = asyncio.create_task(place.stop())
    await place.slack.until(lambda: place.slack.pending == 0)
    webhook.release()
    await stopping
    await place.start()
    await _once(place, shared)
    assert place.onetrust.count("webhook") == 1


async def test_what_may_have_been_taken_when_the_bot_stopped_is_left_to_a_person(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=1)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Submitting")
    await webhook.reached()
    stopping = asyncio.create_task(place.stop())

    def stopped() -> bool:
        place.clock.advance(20)  # longer than a stop may take
        return stopping.done()

    await place.slack.until(stopped)
    webhook.release()
    await place.start()
    await place.reply(shared, "It is not certain", "The bot was stopped", "[ It arrived… ] [ Submit again ]")
    place.clock.advance(3600)
    await _restart(place)
    await place.press(shared, "It arrived…")
    await place.form()
    await place.dana.submit_view({"request_id": "req-in-the-log"})
    assert await place.submitted(shared) == "req-in-the-log"
    assert place.onetrust.count("webhook") == 1
    assert len(place.posts(shared)) == 1


async def test_what_waits_for_its_time_goes_at_its_time(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=600)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again", "(try 2)")
    await _restart(place)
    await place.command("help")
    assert place.onetrust.count("webhook") == 1
    place.clock.advance(601)
    await _once(place, shared)


async def test_what_came_due_while_the_bot_was_away_goes_at_once(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=600)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    assert await place.reply(shared, "will be tried again")
    await place.stop()
    place.clock.advance(3600)
    await place.start()
    await _once(place, shared)


async def test_what_was_asked_can_still_be_answered(place: Office):
    await place.submitted(place.dana.share(place.builds_channel, [("old.apk", apk("4.1.0"))]))
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Is Shop a rescan or a new app?")
    await _restart(place)
    await place.press(shared, "Rescan as…")
    assert await place.form()
    await place.dana.submit_view({"app_id": APP_ID})
    await _once(place, shared, f"Rescan of `{APP_ID}`, as chosen here.")


async def test_what_waits_for_another_build_still_waits_for_it(place: Office):
    later = place.onetrust.faults.add("webhook", hold=True, status=503, retry_after=600)
    first = place.dana.share(place.builds_channel, [("old.apk", apk("4.1.0"))])
    await later.reached()
    second = place.dana.share(place.channel("other"), [("shop.apk", apk("4.2.0"))])
    await place.reply(second, "waits for scan #1")
    later.release()
    await place.reply(first, "will be tried again")
    await _restart(place)
    await place.command("help")
    assert "waits for scan #1" in place.read(place.replies(second)[0])
    place.clock.advance(601)
    await _once(place, first)
    await place.reply(second, "Is Shop a rescan or a new app?")
    assert len(place.onetrust.received) == 1


async def test_a_duplicate_can_still_be_scanned_again(place: Office):
    await place.submitted(place.dana.share(place.builds_channel, [("old.apk", apk())]), "Scan #1")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "")
    await place.reply(shared, "the very same file")
    await _restart(place)
    await place.press(shared, "Scan again")
    assert await place.reply(shared, "rescan or a new app")
    await place.press(shared, "Scan as a new app")
    await _once(place, shared)


async def test_what_failed_can_still_be_tried_again(place: Office):
    place.onetrust.faults.add("webhook", status=403)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    assert await place.reply(shared, "was not submitted")
    await _restart(place)
    await place.press(shared, "Try again")
    await _once(place, shared)


async def test_what_was_taken_back_stays_so(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=60)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again")
    await place.press(shared, "Cancel")
    await place.reply(shared, "Cancelled")
    await _restart(place)
    place.clock.advance(3600)
    await _once(place, place.dana.share(place.channel("last"), [("Last.ipa", ipa())]))
    assert [taken.file_name for taken in place.onetrust.received] == ["Last.ipa"]


async def test_what_was_shared_while_the_bot_was_away_is_scanned(place: Office):
    await place.stop()
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.start()
    request_id = await _once(place, shared)
    assert [taken.request_id for taken in place.onetrust.received] == [request_id]


async def test_a_message_deleted_while_the_bot_was_away_takes_its_scan_back(place: Office):
    place.onetrust.faults.add("webhook", status=503, retry_after=600)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "will be tried again")
    await place.stop()
    place.dana.delete(place.builds_channel, shared.ts)
    await place.start()
    await place.reply(shared, "The message was deleted.")
    place.clock.advance(3600)
    await place.submitted(place.dana.share(place.channel("last"), [("Last.ipa", ipa())]))
    assert [taken.file_name for taken in place.onetrust.received] == ["Last.ipa"]


async def test_a_reply_that_was_posted_but_not_remembered_is_found_again(place: Office):
    place.slack.faults.add("chat.postMessage", answer_lost=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.slack.until(lambda: place.posts(shared))
    posted = place.replies(shared)[0].ts
    await _restart(place)
    await _once(place, shared)
    assert [reply.ts for reply in place.replies(shared)] == [posted]


async def test_what_could_not_be_shown_is_shown_at_the_next_start(place: Office):
    place.slack.faults.add("chat.update", times=None, error="fatal_error")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.onetrust.until(lambda: place.onetrust.received)
    await place.slack.until(lambda: place.slack.called("chat.update"))
    assert "was submitted" not in place.read(place.replies(shared)[0])
    await _restart(place)
    await _once(place, shared)


async def test_a_second_bot_on_the_same_database_takes_over_when_the_first_has_gone(place: Office):
    place.slack.faults.add("download", hold=True, hold_after=100)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Pulling")
    second = Bot(Settings.read(place.environ), place.clock)
    starting = asyncio.create_task(second.__aenter__())
    await place.command("help")
    assert not starting.done()
    await place.stop()
    place.slack.faults.clear()
    place.bot = await starting
    await _once(place, shared)
