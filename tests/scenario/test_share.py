"""A build is shared, and its thread says what became of it."""

import hashlib

import pytest

from sandbox.world import ChannelKind
from tests.scenario.office import APP_ID, LOG_URL, Office, apk, ipa, office

_PLATFORMS = {"shop-4.2.0.apk": (apk(), "Android", "ANDROID"), "Shop.ipa": (ipa(), "iOS", "IOS")}


@pytest.mark.parametrize("name", _PLATFORMS)
async def test_a_shared_build_is_submitted_and_its_thread_says_all_of_it(place: Office, name: str):
    build, platform, in_capitals = _PLATFORMS[name]
    shared = place.dana.share(place.builds_channel, [(name, build)])
    request_id = await place.submitted(shared)
    [reply] = place.replies(shared)
    told = place.read(reply)
    [taken] = place.onetrust.received
    assert (taken.request_id, taken.name, taken.platform) == (request_id, "Shop", in_capitals)
    assert taken.sha256 == hashlib.sha256(build).hexdigest()
    assert taken.size_bytes == len(build)
    for words in (
        "Shop 4.2.0 was submitted to OneTrust",
        f"Request ID: `{request_id}`",
        f"New app: `com.example.shop` on {platform} was never scanned before",
        "Bundle identifier: `com.example.shop`",
        f"Platform: {platform}",
        "Version: `4.2.0 (420)`" if name.endswith("apk") else "Version: `4.2.0 (7)`",
        f"Size: {len(build)} bytes" if len(build) < 1000 else f"Size: {len(build) / 1000:.1f} kB",
        f"SHA-256: `{taken.sha256[:12]}`",
        f"File: `{name}`",
        "Results aren't read here: look in OneTrust.",
        "shared by @dana",
        "took ",
        "[ Open the log ] [ Details ] [ Link app ID… ]",
    ):
        assert words in told


async def test_the_log_button_opens_the_log_of_this_request(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    request_id = await place.submitted(shared)
    pressed = await place.press(shared, "Open the log")
    assert pressed.url == LOG_URL.format(request_id=request_id)
    assert pressed.acked
    assert not pressed.error


async def test_without_a_log_address_the_reply_tells_the_way_and_what_to_paste(tmp_path):
    async with office(tmp_path, ONETRUST_LOG_URL="") as place:
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        request_id = await place.submitted(shared)
        told = place.read(place.replies(shared)[0])
    assert "Open the log" not in told
    assert "Workflow Builder > Logs in OneTrust, paste the request ID" in told
    assert f"`{request_id}`" in told


async def test_a_rescan_says_of_which_app(place: Office):
    first = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    await place.submitted(first, f"Rescan of `{APP_ID}`")
    assert "Link app ID" not in place.read(place.replies(first)[0])
    [taken] = place.onetrust.received
    assert (taken.is_rescan, taken.app_id, taken.name) == (True, APP_ID, None)


async def test_the_reply_waits_neither_for_the_file_nor_for_what_slack_says_of_it(place: Office):
    info = place.slack.faults.add("files.info", times=None, hold=True)
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.reply(shared, "shop.apk")
    info.cancel()
    await place.submitted(shared)
    assert len(place.posts(shared)) == 1


async def test_one_reply_goes_through_the_states_with_percent_for_a_large_file(place: Office):
    place.clock.hurried = True
    build = apk(padding_bytes=6_000_000)
    download = place.slack.faults.add("download", hold=True, hold_after=3_000_000)
    webhook = place.onetrust.faults.add("webhook", hold=True, hold_after=3_000_000)
    shared = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.reply(shared, "Pulling `shop.apk` (6 MB) from Slack: ", "%")
    download.release()
    await place.reply(shared, "Submitting Shop 4.2.0 to OneTrust: ", "%", "New app: `com.example.shop`")
    webhook.release()
    await place.submitted(shared)
    [reply] = place.replies(shared)
    heads = [told.split("\n")[0] for told in place.versions(reply)]
    order = ("Received", "Pulling", "Checking", "Submitting", "was submitted")
    steps = [next(at for at, word in enumerate(order) if word in head) for head in heads]
    assert steps == sorted(steps)
    assert set(steps) >= {1, 3, 4}  # the check is over soon, and may pass between two updates
    assert len(place.posts(shared)) == 1
    percents = [int(head.split(": ")[1].rstrip("%")) for head in heads if head.endswith("%")]
    assert min(percents) > 0
    assert max(percents) <= 100


async def test_a_small_file_shows_no_percent(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    assert not any("%" in told for told in place.versions(place.replies(shared)[0]))


async def test_several_builds_in_one_message_are_several_scans(place: Office):
    place.clock.hurried = True
    shared = place.dana.share(
        place.builds_channel,
        [
            ("shop.apk", apk()),
            ("notes.txt", b"what is new"),
            ("Shop.ipa", ipa()),
            ("pay.apk", apk(package="a.pay")),
        ],
    )
    for number in range(3):
        await place.reply(shared, "was submitted to OneTrust", number=number)
    replies = [place.read(reply) for reply in place.replies(shared)]
    assert [sum(name in told for told in replies) for name in ("shop.apk", "Shop.ipa", "pay.apk")] == [
        1,
        1,
        1,
    ]
    assert sorted(taken.file_name for taken in place.onetrust.received) == ["Shop.ipa", "pay.apk", "shop.apk"]
    assert len(place.posts(shared)) == 3


async def test_a_build_that_another_app_shares_counts_as_well(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "Build 420", as_app="buildkite")
    await place.submitted(shared, "shared by @buildkite")
    assert len(place.onetrust.received) == 1
    assert len(place.posts(shared)) == 1


async def test_files_that_are_no_builds_are_ignored_without_a_word(place: Office):
    files = [("photo.png", b"\x89PNG"), ("apk", b"x"), ("shop.apk.txt", apk()), ("shop.zip", apk())]
    shared = place.dana.share(place.builds_channel, files, "rescan this please, name: Shop")
    asked = set(shared.files)
    await place.slack.until(
        lambda: asked <= {call.arguments.get("file") for call in place.slack.called("files.info")}
    )
    build = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(build)
    place.clock.advance(3600)
    said = {"chat.postMessage", "chat.postEphemeral", "chat.update", "reactions.add"}
    assert {call.arguments.get("thread_ts") for call in place.slack.called("chat.postMessage")} == {build.ts}
    assert {c.method for c in place.slack.calls} & said == {"chat.postMessage", "chat.update"}
    assert [taken.file_name for taken in place.onetrust.received] == ["shop.apk"]
    assert {call.arguments["file"] for call in place.slack.called("download")} == {build.file_id}


@pytest.mark.parametrize("name", ["SHOP.APK", "Shop 4.2 (final).IPA", "ﬁnal–ビルド.apk"])
async def test_a_build_is_known_by_the_end_of_its_name_however_it_is_written(place: Office, name: str):
    build = ipa() if name.lower().endswith("ipa") else apk()
    shared = place.dana.share(place.builds_channel, [(name, build)])
    assert await place.submitted(shared, name)


async def test_a_build_in_a_thread_is_answered_in_that_thread(place: Office):
    head = place.dana.say(place.builds_channel, "Release 4.2")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=head.ts)
    await place.submitted(shared)
    [reply] = place.replies(shared)
    assert reply.thread_ts == head.ts
    assert not reply.broadcast
    assert len(place.dana.messages(place.builds_channel)) == 1


@pytest.mark.parametrize("kind", [ChannelKind.PRIVATE, ChannelKind.MPIM])
async def test_a_build_in_a_closed_conversation_is_scanned_there(place: Office, kind: ChannelKind):
    shared = place.dana.share(place.channel("secret", kind=kind), [("shop.apk", apk())])
    await place.submitted(shared)
    assert len(place.onetrust.received) == 1


async def test_a_build_in_a_direct_message_to_the_bot_is_scanned(place: Office):
    shared = place.dana.share(place.dana.im(), [("shop.apk", apk())])
    await place.submitted(shared, "shared by @dana")
    assert place.replies(shared)[0].thread_ts == shared.ts


async def test_where_the_bot_is_not_nothing_is_scanned(place: Office):
    elsewhere = place.channel("elsewhere", bot=False)
    outside = place.dana.share(elsewhere, [("shop.apk", apk())])
    await place.submitted(place.dana.share(place.builds_channel, [("pay.apk", apk(package="a.pay"))]))
    assert place.replies(outside) == []
    assert [taken.file_name for taken in place.onetrust.received] == ["pay.apk"]


async def test_over_http_a_share_is_answered_as_well(tmp_path):
    async with office(tmp_path, mode="http") as place:
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(shared)
        assert len(place.posts(shared)) == 1


async def test_hostile_names_stay_words(place: Office):
    build = apk(label="<!channel> *Shop* <https://evil.example|click> `x`", version="1 <@U1>")
    shared = place.dana.share(place.builds_channel, [("<!here> `rm`.apk", build)])
    message = await place.reply(shared, "was submitted to OneTrust")
    for raw in (message.text, str(message.blocks)):
        assert "<!" not in raw.replace("<!date", "")
        assert "<https://evil" not in raw
        assert "<@U1>" not in raw
    assert place.onetrust.received[0].name == "<!channel> *Shop* <https://evil.example|click> `x`"
