"""What the manifest subscribes to and the bot has no use for is acknowledged at once, and changes nothing."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenario.office import Office, apk, office

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "manifest.yml").read_text(encoding="utf-8"))

SUBTYPES = [
    "assistant_app_thread",
    "bot_add",
    "bot_disable",
    "bot_enable",
    "bot_message",
    "bot_remove",
    "channel_archive",
    "channel_canvas_updated",
    "channel_convert_to_private",
    "channel_convert_to_public",
    "channel_join",
    "channel_leave",
    "channel_name",
    "channel_posting_permissions",
    "channel_purpose",
    "channel_topic",
    "channel_unarchive",
    "document_mention",
    "ekm_access_denied",
    "file_comment",
    "file_mention",
    "file_share",
    "group_archive",
    "group_join",
    "group_leave",
    "group_name",
    "group_purpose",
    "group_topic",
    "group_unarchive",
    "huddle_thread",
    "joiner_notification",
    "me_message",
    "message_changed",
    "message_deleted",
    "message_replied",
    "pinned_item",
    "reminder_add",
    "reply_broadcast",
    "sh_room_created",
    "slackbot_response",
    "thread_broadcast",
    "tombstone",
    "unpinned_item",
    "something_of_tomorrow",
]
"""Source: https://docs.slack.dev/reference/events/message, and what workspaces were seen to send."""

TYPES = {"message.channels": "channel", "message.groups": "group", "message.im": "im", "message.mpim": "mpim"}


async def _acknowledged(place: Office, event: dict[str, Any]) -> None:
    """Deliver an event; it is to be acknowledged at the first try."""
    like = next(delivery for delivery in place.slack.deliveries if delivery.kind == "events_api")
    told = await place.slack.again(like, event)
    assert (told.acked, told.attempts) == (True, 1), event


async def _nothing_happened(place: Office) -> str:
    """Share a build, which is the first to be scanned; return its reply."""
    place.clock.advance(3600)
    shared = place.dana.share(place.builds_channel, [("last.apk", apk(package="the.last"))])
    await place.submitted(shared)
    return place.read(await place.reply(shared, "Scan #"))


@pytest.fixture
async def quiet(place: Office) -> Office:
    """A workspace in which Slack has told of no build."""
    place.clock.hurried = True
    place.dana.say(place.builds_channel, "Good morning")
    await place.slack.settled()
    return place


def test_nothing_is_subscribed_to_that_is_not_tried_here():
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == {
        *TYPES,
        "app_mention",
        "file_shared",
    }


@pytest.mark.parametrize("channel_type", TYPES.values())
async def test_messages_of_every_subtype(quiet: Office, channel_type: str):
    ts = quiet.slack.world.next_ts()
    for subtype in (None, *SUBTYPES):
        event = {
            "type": "message",
            "channel": quiet.builds_channel.id,
            "channel_type": channel_type,
            "user": quiet.dana.id,
            "text": "Good evening",
            "ts": ts,
            "event_ts": ts,
        }
        await _acknowledged(quiet, event | ({"subtype": subtype} if subtype else {}))
    assert "Scan #1 " in await _nothing_happened(quiet)
    assert len(quiet.onetrust.received) == 1  # that of the last build


@pytest.mark.parametrize(
    "subtype", ["message_changed", "message_deleted", "message_replied", "channel_topic", "tombstone"]
)
async def test_a_change_of_a_message_with_a_build_is_no_share(quiet: Office, subtype: str):
    untold = quiet.slack.faults.add("event.*", times=None, drop=True)
    shared = quiet.dana.share(quiet.builds_channel, [("shop.apk", apk())])
    await quiet.slack.settled()
    untold.cancel()
    (message,) = [d.payload["event"] for d in quiet.slack.deliveries if d.payload["event"].get("files")]
    ts = quiet.slack.world.next_ts()
    change = {"subtype": subtype, "hidden": True, "message": message, "previous_message": message}
    about = {
        "type": "message",
        "channel": shared.channel,
        "channel_type": "channel",
        "ts": ts,
        "event_ts": ts,
    }
    await _acknowledged(quiet, {**about, **change, "files": message["files"]})
    assert "Scan #1 " in await _nothing_happened(quiet)  # the next build is the first scan


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_mention", "text": "<@U0BOT> hello"},
        {"type": "app_mention", "text": "from an app", "bot_id": "B0123456789"},
        {"type": "file_shared", "file_id": "F0NOBODYKNOWS", "channel_id": "C0123456789"},
        {"type": "file_shared"},
        {"type": "message"},
        {"type": "message", "files": [{}, None, 7], "channel": "C0123456789", "ts": "yesterday"},
    ],
)
async def test_events_of_no_use_and_of_no_sense(quiet: Office, event: dict[str, Any]):
    people = {"user": quiet.dana.id} if event["type"] == "app_mention" else {}
    where = {"channel": quiet.builds_channel.id, "event_ts": quiet.slack.world.next_ts()}
    await _acknowledged(quiet, {**where, **people, **event})
    assert "Scan #1 " in await _nothing_happened(quiet)
    assert len(quiet.onetrust.received) == 1  # that of the last build


async def test_over_http_too(tmp_path: Path):
    async with office(tmp_path, mode="http") as place:
        place.dana.say(place.builds_channel, "Good morning")
        await place.slack.settled()
        for subtype in SUBTYPES:
            ts = place.slack.world.next_ts()
            event = {"type": "message", "subtype": subtype, "channel": place.builds_channel.id, "ts": ts}
            await _acknowledged(place, {**event, "channel_type": "channel", "event_ts": ts})
        assert place.onetrust.received == []
