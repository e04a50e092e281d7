"""The allow-lists: a polite no that only the asker sees, and nothing is pulled."""

import pytest

from sandbox.slack import Shared
from sandbox.world import User
from tests.scenario.office import APP_ID, Office, apk

NO_PERSON = "Sorry, you are not on the list of people who may use appscan here."
NO_CHANNEL = "Sorry, appscan is not switched on for this channel."

COMMANDS = (
    "",
    "help",
    "help share",
    "hisotry",
    f"rescan {APP_ID}",
    "rescan",
    "history",
    "history foo:bar",
    "status 1",
    "apps",
    f"link com.example.shop {APP_ID} android",
    "unlink com.example.shop",
)


async def only(place: Office, **environ: str) -> None:
    """Start the bot anew with these lists."""
    await place.stop()
    await place.start(**environ)


async def nothing_was_pulled(place: Office, shared: Shared) -> None:
    """See that nobody asked about a file, once all that could have made the bot do so has been handled."""
    await place.slack.settled()
    channel = place.slack.channel("allowed-later", members=["dana"])
    await place.submitted(
        place.dana.share(channel, [("other.apk", apk("9.9", package="com.example.barrier"))])
    )
    assert not [call for call in place.slack.called("files.info") if call.arguments["file"] == shared.file_id]
    assert not [c for c in place.slack.called("download") if shared.file_id in str(c.arguments)]
    assert not place.replies(shared)
    assert len(place.onetrust.received) == 1


async def test_a_share_of_somebody_else_gets_a_no_and_nothing_is_pulled(place: Office):
    await only(place, APPSCAN_USERS=place.dana.id)
    shared = place.eli.share(place.builds_channel, [("shop.apk", apk()), ("Shop.ipa", b"x")])

    (no,) = await place.slack.until(lambda: place.eli.ephemerals(place.builds_channel))

    assert NO_PERSON in place.read(no)
    assert "An admin of this bot can" in place.read(no)
    assert not place.dana.ephemerals(place.builds_channel)
    await nothing_was_pulled(place, shared)
    assert place.eli.ephemerals(place.builds_channel) == [no]  # one no, however many files and events
    assert "shop.apk" not in await place.command("history")


async def test_a_share_in_another_channel_gets_a_no_and_nothing_is_pulled(place: Office):
    allowed = place.slack.channel("allowed-later", members=["dana"])
    await only(place, APPSCAN_CHANNELS=allowed.id)
    head = place.dana.say(place.builds_channel, "a thread")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=head.ts)

    (no,) = await place.slack.until(lambda: place.dana.ephemerals(place.builds_channel))

    assert NO_CHANNEL in place.read(no)
    assert "An admin of this bot can" in place.read(no)
    assert no.thread_ts == head.ts
    await nothing_was_pulled(place, shared)


async def test_files_that_are_no_builds_are_still_ignored_without_a_word(place: Office):
    await only(place, APPSCAN_USERS=place.dana.id)
    shared = place.eli.share(place.builds_channel, [("cat.png", b"png")])

    await nothing_was_pulled(place, shared)

    assert not place.eli.ephemerals(place.builds_channel)


@pytest.mark.parametrize("by", ["user ID", "bot ID"])
async def test_an_app_is_listed_by_either_of_its_ids(place: Office, by: str):
    robot: User = place.slack.world.add_user("pipeline", is_bot=True)
    assert robot.bot_id
    await only(place, APPSCAN_USERS=f"{place.dana.id}, {robot.id if by == 'user ID' else robot.bot_id}")

    shared = place.eli.share(place.builds_channel, [("shop.apk", apk())], as_app="pipeline")

    await place.submitted(shared)


@pytest.mark.parametrize("by", ["user ID", "bot ID"])
async def test_an_apps_share_is_found_though_slack_tells_of_the_file_alone(place: Office, by: str):
    robot: User = place.slack.world.add_user("pipeline", is_bot=True)
    assert robot.bot_id
    await only(place, APPSCAN_USERS=robot.id if by == "user ID" else robot.bot_id)
    place.slack.faults.add("event.message", drop=True)

    shared = place.eli.share(place.builds_channel, [("shop.apk", apk())], as_app="pipeline")

    await place.submitted(shared)


async def test_an_app_that_is_not_listed_is_ignored(place: Office):
    await only(place, APPSCAN_USERS=place.dana.id)

    shared = place.eli.share(place.builds_channel, [("shop.apk", apk())], as_app="stranger")

    await nothing_was_pulled(place, shared)
    assert not place.eli.ephemerals(place.builds_channel)


async def test_every_command_gets_a_no_before_anything_else(place: Office):
    other = place.slack.channel("other", members=["dana"])
    await only(
        place,
        APPSCAN_USERS=place.dana.id,
        APPSCAN_CHANNELS=place.builds_channel.id,
        APPSCAN_CATCH_UP_HOURS="0",  # which asks Slack as well, beside all this
    )
    before = len(place.slack.calls)

    for typed in COMMANDS:
        assert NO_PERSON in await place.command(typed, who=place.eli), typed
        assert NO_CHANNEL in await place.command(typed, where=other), typed

    called = {call.method for call in place.slack.calls[before:]} - {"apps.connections.open"}
    assert called == {"response_url"}
    assert "No app is known yet" in await place.command("apps")


async def test_a_mention_gets_a_no(place: Office):
    await only(place, APPSCAN_USERS=place.dana.id)
    place.eli.mention(place.builds_channel, "help")

    (no,) = await place.slack.until(lambda: place.eli.ephemerals(place.builds_channel))

    assert NO_PERSON in place.read(no)


async def test_the_shortcut_gets_a_no(place: Office):
    message = place.dana.say(place.builds_channel, "the build is above")
    await only(place, APPSCAN_USERS=place.dana.id)

    pressed = await place.eli.shortcut(message.channel, message.ts, "scan_this_build")

    assert NO_PERSON in await place.told(pressed)
    assert not place.slack.called("conversations.replies")


async def test_buttons_and_forms_get_a_no(place: Office):
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(first)
    other = place.slack.channel("releases", members=["dana", "eli"])
    asked = place.dana.share(other, [("shop.apk", apk("5.0"))])
    await place.reply(asked, "Is Shop a rescan or a new app?")
    await place.command(f"link com.example.till {APP_ID} android")
    request = await place.waiting_rescan(APP_ID)
    await place.press(asked, "Rescan as…", who=place.eli)
    await place.slack.until(place.eli.open_view)
    await place.command("history", who=place.eli)
    listed = place.eli.ephemerals(place.builds_channel)[-1]

    await only(place, APPSCAN_USERS=place.dana.id)

    await place.eli.submit_view({"app_id": APP_ID})
    view = place.eli.open_view()
    assert view is not None
    assert NO_PERSON in place.read_view(view)
    for button in ("Rescan as…", "Scan as a new app", "Dismiss"):
        assert NO_PERSON in await place.told(await place.press(asked, button, who=place.eli))
    for button in ("Details", "Link app ID…"):
        assert NO_PERSON in await place.told(await place.press(first, button, who=place.eli))
    for ts, button, value in ((listed.ts, "Details", "1"),):
        pressed = await place.eli.press(place.builds_channel, ts, button, value)
        assert NO_PERSON in await place.told(pressed)
    assert "reply in this thread" in await place.says(request)
    assert len(place.onetrust.received) == 1
    assert "Is Shop a rescan" in place.read(place.replies(asked)[0])


async def test_the_latest_builds_button_gets_a_no(place: Office):
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
    await place.command(f"link com.example.shop {APP_ID}")
    request = await place.waiting_rescan(APP_ID)
    await only(place, APPSCAN_USERS=place.dana.id)

    pressed = await place.eli.press(request.channel, request.ts, "Scan the latest build")

    assert NO_PERSON in await place.told(pressed)
    assert len(place.onetrust.received) == 1


async def test_a_rescan_of_a_build_in_a_channel_that_is_not_listed_gets_a_no(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    other = place.slack.channel("other", members=["dana"])
    await only(place, APPSCAN_CHANNELS=other.id)
    message = place.slack.world.find_message(shared.channel, shared.ts)
    assert message is not None

    told = await place.command(f"rescan {APP_ID} {place.slack.service.permalink(message)}", where=other)

    assert NO_CHANNEL in told
    assert len(place.onetrust.received) == 1


async def test_a_no_that_slack_does_not_take_is_not_said_again(place: Office):
    await only(place, APPSCAN_USERS=place.dana.id)
    place.slack.faults.add("chat.postEphemeral", error="user_not_in_channel", times=None)
    shared = place.eli.share(place.builds_channel, [("shop.apk", apk())])

    await place.slack.until(lambda: place.slack.called("chat.postEphemeral"))
    await nothing_was_pulled(place, shared)

    assert len(place.slack.called("chat.postEphemeral")) == 1
