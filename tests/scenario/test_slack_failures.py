"""Slack refuses, falters or has lost what the bot wants to write to: scans end properly all the same."""

import asyncio
import json
import re
from collections.abc import Callable

import pytest

from sandbox.world import ChannelKind
from tests.scenario.office import APP_ID, Office, apk


async def test_rate_limits_are_waited_out(place: Office):
    place.slack.faults.add("chat.postMessage", status=429, retry_after=0)
    place.slack.faults.add("chat.update", status=429, retry_after=0, times=2)

    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    await place.submitted(shared)
    assert len(place.replies(shared)) == 1
    assert [call.status for call in place.slack.called("chat.postMessage")] == [429, 200]
    assert [call.status for call in place.slack.called("chat.update")][:2] == [429, 429]


async def test_a_server_error_is_tried_again_later(place: Office):
    place.slack.faults.add("chat.postMessage", status=500)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.onetrust.until(lambda: place.onetrust.received)
    await place.slack.until(lambda: len(place.slack.called("chat.postMessage")) == 1)

    await advance_until(place, lambda: bool(place.replies(shared)))

    await place.submitted(shared)
    assert len(place.replies(shared)) == 1


async def advance_until(place: Office, done: Callable[[], bool]) -> None:
    """Set the bot's clock forward until something is so."""

    def so() -> bool:
        place.clock.advance(5)
        return done()

    await place.slack.until(so)


async def test_an_answer_to_a_post_that_was_lost_makes_no_second_reply(place: Office):
    place.slack.faults.add("chat.postMessage", answer_lost=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.onetrust.until(lambda: place.onetrust.received)

    await advance_until(place, lambda: "was submitted" in place.read(place.replies(shared)[0]))

    assert len(place.replies(shared)) == 1


async def test_where_blocks_are_refused_the_words_go_alone(place: Office):
    place.slack.faults.add("chat.postMessage", error="invalid_blocks")
    refused = place.slack.faults.add("chat.update", error="invalid_blocks")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    request_id = await place.submitted(shared)

    assert refused.used == 1
    (reply,) = place.replies(shared)
    assert request_id in reply.text
    for word in (
        "Shop 4.2.0",
        "com.example.shop",
        "SHA-256",
        "Open the log",
        "Scan #1",
        "never scanned before",
    ):
        assert word in reply.text
    plain = [call for call in place.slack.called("chat.postMessage") if not call.arguments.get("blocks")]
    assert len(plain) == 1


async def test_an_answer_whose_blocks_are_refused_comes_as_words(place: Office):
    place.slack.faults.add("response_url", status=400, body="invalid_blocks")

    told = await place.command("help")

    assert "`/appscan help share`" in told
    assert not place.dana.ephemerals(place.builds_channel)[-1].blocks


async def test_an_answer_that_slack_does_not_take_hurts_nobody(place: Office):
    lost = place.slack.faults.add("response_url", drop=True, times=2)
    invocation = await place.dana.slash(place.builds_channel, "/appscan", "help")
    assert invocation.acked
    await place.slack.until(lambda: lost.used == 2)
    await place.slack.until(lambda: place.dana.ephemerals(place.builds_channel))

    assert "`/appscan help share`" in await place.command("help")


async def test_a_bot_that_is_taken_out_mid_scan_ends_it_and_the_timeline_says_so(place: Office):
    held = place.onetrust.faults.add("webhook", hold=True)
    posting = place.slack.faults.add("chat.postMessage", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await posting.reached()
    await held.reached()
    place.dana.kick_bot(place.builds_channel)
    posting.release()
    held.release()

    await place.onetrust.until(lambda: place.onetrust.received)

    told = await until_status(place, "the reply could not be posted")
    assert "Scan #1: Shop 4.2.0" in told
    assert "submitted: request ID" in told
    assert "submitted: the reply could not be posted: the bot is no longer in that conversation" in told
    assert told.count("could not be posted") == 1
    assert not place.replies(shared)


async def until_status(place: Office, word: str, number: int = 1) -> str:
    """Ask for the status of a scan, as often as it takes, until it holds a word."""
    elsewhere = place.slack.channel("elsewhere", members=["dana"])
    told = ""
    async with asyncio.timeout(20):
        while word not in told:
            told = await place.command(f"status {number}", where=elsewhere)
    return told


async def test_a_bot_that_is_taken_out_before_the_file_was_pulled(place: Office):
    asked = place.slack.faults.add("files.info", hold=True, times=None)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await asked.reached()
    place.dana.kick_bot(place.builds_channel)
    asked.cancel()

    told = await until_status(place, "State: failed")

    assert "The bot can't see this file" in told
    assert "only shared in conversations without the bot" in told
    assert not place.onetrust.received
    assert shared.file_id


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_a_bot_that_is_back_goes_on_in_the_thread(place: Office, kind: str):
    channel = place.slack.channel("builds", kind=ChannelKind(kind), members=["dana"])
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk("4.0"))]))
    shared = place.dana.share(channel, [("shop.apk", apk())])
    await place.reply(shared, "Is Shop a rescan or a new app?")
    place.dana.kick_bot(channel)
    place.dana.invite_bot(channel)

    await place.press(shared, "Scan as a new app")

    assert await place.submitted(shared)


async def test_a_message_that_is_gone_before_the_reply_is_left_in_peace(place: Office):
    """Slack would post a reply to it into the channel itself."""
    posting = place.slack.faults.add("chat.postMessage", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await posting.reached()
    await place.onetrust.until(lambda: place.onetrust.received)
    place.slack.faults.add("event.message", drop=True)  # nor does Slack tell that it was deleted
    place.dana.delete(place.builds_channel, shared.ts)
    posting.release()

    await place.slack.until(lambda: place.slack.called("chat.delete"))

    told = await until_status(place, "the reply could not be posted: its message is gone")
    assert "State: submitted" in told
    assert place.dana.messages(place.builds_channel) == []


async def test_a_deleted_message_whose_scan_is_cancelled_gets_no_late_reply(place: Office):
    other = place.dana.share(place.builds_channel, [("first.apk", apk(package="com.example.first"))])
    pulling = place.slack.faults.add("download", hold=True, times=None)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])  # its reply waits for its turn
    await until_status(place, "State: being pulled", 2)

    place.dana.delete(place.builds_channel, shared.ts)

    assert "The message was deleted." in await until_status(place, "State: cancelled", 2)
    pulling.cancel()
    await place.submitted(other)
    third = place.dana.share(place.builds_channel, [("third.apk", apk(package="com.example.third"))])
    await place.submitted(third)
    left = [message.ts for message in place.dana.messages(place.builds_channel)]
    assert left == [other.ts, third.ts]
    assert not place.slack.called("chat.delete")  # nor was anything there for a moment


async def test_a_thread_reply_that_is_gone_is_noted(place: Office):
    held = place.onetrust.faults.add("webhook", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "Submitting")
    await held.reached()
    place.slack.world.delete(place.replies(shared)[0])  # by an administrator
    held.release()

    told = await until_status(place, "the reply could not be posted: its message is gone")

    assert "State: submitted" in told


async def test_an_archived_channel_is_noted(place: Office):
    held = place.onetrust.faults.add("webhook", hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    assert await place.reply(shared, "Submitting")
    await held.reached()
    place.slack.world.channels[shared.channel].archived = True
    held.release()

    await until_status(place, "submitted: the reply could not be posted: the channel is archived")


async def test_where_slack_tells_no_time_zone_days_are_utc(place: Office):
    member = json.dumps({"ok": True, "user": {"id": place.dana.id, "team_id": place.slack.world.team.id}})
    place.slack.faults.add("users.info", times=None, body=member, content_type="application/json")
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))

    told = await place.command("history since:2026-11-02 until:2999-01-01")

    assert re.search(r"since <?Nov 1, 2026 at 7:00 PM", told), told  # midnight in UTC, as read in New York
    assert "#1 Shop" in told


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"body": "<html>"}])
async def test_while_slack_says_nothing_of_people_builds_wait_and_commands_say_so(
    place: Office, fault: dict[str, object]
):
    failing = place.slack.faults.add("users.info", times=None, **fault)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    assert "Slack can't tell me who you are right now. Try again in a moment." in await place.command(
        "history"
    )
    assert place.onetrust.received == []

    failing.cancel()

    def submitted() -> bool:
        place.clock.advance(5)
        replies = place.replies(shared)
        return bool(replies) and "was submitted" in place.read(replies[0])

    await place.slack.until(submitted)
    assert "#1 Shop" in await place.command("history")


async def test_where_it_cant_be_known_what_a_person_may_see_nothing_is_shown(place: Office):
    place.slack.faults.add("users.conversations", error="fatal_error", times=None)
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))

    for command in ("history", "status 1", "apps"):
        told = await place.command(command)
        assert "Slack did not respond as expected, so I could not do this." in told
        assert "Try again in a moment" in told
        assert "Shop" not in told
        assert "fatal_error" not in told


async def test_a_waiting_rescan_that_cant_be_posted_says_so(place: Office):
    place.slack.faults.add("chat.postMessage", error="restricted_action")

    told = await place.command(f"rescan {APP_ID}")

    assert "I may not post in this channel." in told
    # And nothing waits: a build is a build like any other.
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared, "New app")
