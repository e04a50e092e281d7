"""``/appscan rescan <appId>``: the channel is asked for the new build, or for the latest one known."""

from pathlib import Path

import pytest

from sandbox.slack import Shared
from sandbox.world import ChannelKind
from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk, ipa, office

DAY_S = 24 * 3600


async def linked_build(place: Office, name: str = "shop-4.2.0.apk", **about: object) -> Shared:
    """Have a build scanned in a channel of its own, and link it to ``APP_ID``."""
    channel = place.slack.channel("releases", members=["dana", "eli"])
    shared = place.eli.share(channel, [(name, apk(**about))])
    await place.submitted(shared)
    await place.command(f"link com.example.shop {APP_ID} android")
    return shared


async def test_a_build_in_its_thread_answers_it(place: Office):
    request = await place.waiting_rescan(APP_ID)
    asked = await place.says(request)
    assert f"Rescan of `{APP_ID}`: reply in this thread with the new `.ipa` or `.apk`." in asked
    assert "asked for by @dana · waits until tomorrow at " in asked
    assert "latest build" not in asked  # none is known

    place.eli.share(place.builds_channel, [("shop-5.apk", apk("5.0"))], thread_ts=request.ts)

    request_id = await place.submitted(request, f"Rescan of `{APP_ID}`, as `/appscan rescan` asked")
    (received,) = place.onetrust.received
    assert (received.request_id, received.app_id, received.name) == (request_id, APP_ID, None)
    assert (received.platform, received.is_rescan) == ("ANDROID", True)
    closed = await place.says(request, "was answered by scan #1", "asked for by @dana")
    assert "waits" not in closed
    # The link is remembered: what comes next is a rescan, wherever it is shared.
    other = place.slack.channel("releases", members=["dana"])
    await place.submitted(place.dana.share(other, [("s.apk", apk("5.1"))]), f"Rescan of `{APP_ID}`", "linked")


async def test_a_second_build_in_its_thread_follows_the_normal_rules(place: Office):
    request = await place.waiting_rescan(APP_ID)
    place.dana.share(place.builds_channel, [("shop-5.apk", apk("5.0"))], thread_ts=request.ts)
    await place.says(request, "was answered")

    place.dana.share(place.builds_channel, [("t.apk", apk(package="com.example.till"))], thread_ts=request.ts)

    await place.submitted(request, "New app: `com.example.till`", number=1)
    assert [each.is_rescan for each in place.onetrust.received] == [True, False]


async def test_its_button_scans_the_latest_build_known(place: Office):
    await linked_build(place)
    request = await place.waiting_rescan(APP_ID)
    await place.says(
        request, "Or scan the latest build known for it: Shop 4.2.0, `shop-4.2.0.apk`, shared by @eli, today"
    )

    pressed = await place.dana.press(request.channel, request.ts, "Scan the latest build")

    assert pressed.acked
    await place.submitted(
        request, f"Rescan of `{APP_ID}`, as `/appscan rescan` asked", "shared by @eli, asked for by @dana"
    )
    await place.says(request, "was answered by scan #2")
    first, second = place.onetrust.received
    assert (second.app_id, second.platform, second.sha256) == (APP_ID, "ANDROID", first.sha256)


async def test_pressing_it_twice_scans_once_and_says_so(place: Office):
    await linked_build(place)
    request = await place.waiting_rescan(APP_ID)
    held = place.onetrust.faults.add("webhook", hold=True)
    await place.dana.press(request.channel, request.ts, "Scan the latest build")
    await held.reached()

    again = await place.dana.press(request.channel, request.ts, "Scan the latest build")

    assert "That build is scan #2 already; its reply is in the thread." in await place.told(again)
    held.release()
    await place.submitted(request)
    assert len(place.onetrust.received) == 2


async def test_the_latest_is_the_newest_build_that_everybody_here_may_know(place: Office):
    await linked_build(place)
    secret = place.slack.channel("secret", kind=ChannelKind.PRIVATE, members=["dana"])
    hidden = place.dana.share(secret, [("shop-9.apk", apk("9.0"))])
    await place.submitted(hidden)

    request = await place.waiting_rescan(APP_ID)
    offered = await place.says(request, "Shop 4.2.0")
    assert "9.0" not in offered
    assert "shop-9.apk" not in offered

    within = await place.waiting_rescan(APP_ID, where=secret)
    await place.says(within, "Shop 9.0", "`shop-9.apk`")


async def test_a_build_that_was_taken_back_is_not_offered(place: Office):
    await linked_build(place)
    channel = place.slack.channel("releases")
    place.onetrust.faults.add("webhook", status=503, retry_after=600)
    withdrawn = place.dana.share(channel, [("shop-5.apk", apk("5.0"))])
    await place.reply(withdrawn, "will be tried again")
    place.dana.delete(channel, withdrawn.ts)
    await place.reply(withdrawn, "The message was deleted")

    request = await place.waiting_rescan(APP_ID)

    assert "Shop 4.2.0" in await place.says(request)


async def test_a_build_whose_file_is_gone_says_so_in_the_thread(place: Office):
    shared = await linked_build(place)
    request = await place.waiting_rescan(APP_ID)
    place.eli.delete_file(shared.file_id)

    await place.dana.press(request.channel, request.ts, "Scan the latest build")

    await place.reply(request, "was not submitted", "deleted from Slack")
    assert len(place.onetrust.received) == 1


async def test_it_waits_a_day_over_a_restart_and_lapses_with_a_word(place: Office):
    request = await place.waiting_rescan(APP_ID)
    place.clock.advance(DAY_S - 60)
    await place.stop()
    await place.start()
    assert "reply in this thread" in await place.says(request)

    place.clock.advance(61)

    lapsed = await place.says(
        request, f"The rescan of `{APP_ID}` has lapsed: no build was submitted for it by"
    )
    assert f"ask again with `/appscan rescan {APP_ID}`" in lapsed
    assert "[ " not in lapsed
    place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=request.ts)
    await place.submitted(request, "New app: `com.example.shop`")
    assert not place.onetrust.received[0].is_rescan


async def test_after_a_restart_a_build_in_its_thread_still_answers_it(place: Office):
    request = await place.waiting_rescan(APP_ID)
    await place.stop()
    await place.start()

    place.dana.share(place.builds_channel, [("Shop.ipa", ipa())], thread_ts=request.ts)

    await place.submitted(request)
    await place.says(request, "was answered")
    assert (place.onetrust.received[0].app_id, place.onetrust.received[0].platform) == (APP_ID, "IOS")


async def test_what_lapsed_while_the_bot_was_away_says_so_when_it_is_back(place: Office):
    request = await place.waiting_rescan(APP_ID)
    await place.stop()
    place.clock.advance(DAY_S + 1)
    await place.start()

    assert await place.says(request, "has lapsed")


async def test_a_stale_button_says_what_to_do(place: Office):
    await linked_build(place)
    request = await place.waiting_rescan(APP_ID)
    stale = list(place.slack.world.messages[request.channel, request.ts].blocks)
    place.clock.advance(DAY_S + 1)
    await place.says(request, "has lapsed")
    place.slack.world.messages[request.channel, request.ts].blocks = stale

    told = await place.told(await place.dana.press(request.channel, request.ts, "Scan the latest build"))

    assert "That rescan is no longer waiting. Request it again with `/appscan rescan <appId>`." in told
    assert len(place.onetrust.received) == 1


async def test_a_build_that_came_in_time_is_waited_for(place: Office):
    request = await place.waiting_rescan(APP_ID)
    held = place.onetrust.faults.add("webhook", hold=True)
    place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=request.ts)
    await held.reached()

    place.clock.advance(DAY_S + 1)
    other = place.slack.channel("releases", members=["dana"])
    await place.submitted(place.dana.share(other, [("t.apk", apk(package="com.example.till"))]))

    assert "reply in this thread" in await place.says(request)
    held.release()
    await place.says(request, "was answered by scan #1")


async def test_a_bad_build_in_its_thread_leaves_it_waiting(place: Office):
    request = await place.waiting_rescan(APP_ID)
    place.dana.share(place.builds_channel, [("shop.apk", b"PK no zip")], thread_ts=request.ts)
    await place.reply(request, "can't be scanned")

    place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=request.ts)

    await place.submitted(request, number=1)
    assert await place.says(request, "was answered by scan #2")


async def test_an_app_id_of_another_app_is_asked_about_first(place: Office):
    await place.command(f"link com.example.till {APP_ID} android")
    request = await place.waiting_rescan(APP_ID)
    place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=request.ts)
    await place.reply(
        request,
        "Which app is this a rescan of?",
        "is linked to `com.example.till` on Android",
        "[ Rescan as ",
    )
    assert not place.onetrust.received

    await place.press(request, f"Rescan as {APP_ID} anyway")

    await place.submitted(request)
    assert place.onetrust.received[0].app_id == APP_ID
    await place.says(request, "was answered")


async def test_where_the_bot_is_not_it_asks_to_be_invited(place: Office):
    without = place.slack.channel("no-bot", members=["dana"], bot=False)
    private = place.slack.channel("no-bot-here", kind=ChannelKind.PRIVATE, members=["dana"], bot=False)
    for channel in (without, private):
        told = await place.command(f"rescan {APP_ID}", where=channel)
        assert "I am not in this channel. Invite me with `/invite @appscan` and try again." in told
        assert [m for m in place.dana.messages(channel) if m.ephemeral_to is None] == []

    place.dana.invite_bot(without)
    await place.waiting_rescan(APP_ID, where=without)
    place.dana.kick_bot(without)
    assert "Invite me" in await place.command(f"rescan {APP_ID}", where=without)


# With a link.


def link_of(place: Office, shared: Shared) -> str:
    message = place.slack.world.find_message(shared.channel, shared.ts)
    assert message is not None
    return place.slack.service.permalink(message)


def file_link(place: Office, shared: Shared) -> str:
    return f"https://sandbox.slack.com/files/{place.dana.id}/{shared.file_id}/shop.apk"


@pytest.mark.parametrize("kind", ["message", "file"])
async def test_with_a_link_that_file_is_rescanned(place: Office, kind: str):
    channel = place.slack.channel("releases", members=["eli"])
    shared = place.eli.share(channel, [("shop.apk", apk())])
    await place.submitted(shared)
    link = link_of(place, shared) if kind == "message" else file_link(place, shared)

    told = await place.command(f"rescan {APP_ID} {link}")

    assert told == f"Rescanning `{APP_ID}` as scan #2: see its thread."
    await place.submitted(
        shared, f"Rescan of `{APP_ID}`, as the command asked", "shared by @eli, asked for by @dana", number=1
    )
    first, second = place.onetrust.received
    assert (second.app_id, second.sha256, second.is_rescan) == (APP_ID, first.sha256, True)


async def test_with_a_link_into_a_thread(place: Office):
    head = place.dana.say(place.builds_channel, "the new build:")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=head.ts)
    await place.submitted(shared)

    assert "as scan #2" in await place.command(f"rescan {APP_ID} {link_of(place, shared)}")

    await place.submitted(shared, f"Rescan of `{APP_ID}`", number=1)


async def test_a_file_of_several_places_is_found_where_the_asker_can_see_it(place: Office):
    secret = place.slack.channel("secret", kind=ChannelKind.PRIVATE, members=["eli"])
    shared = place.eli.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    place.eli.share_again(secret, shared.file_id)

    assert "as scan #" in await place.command(f"rescan {APP_ID} {file_link(place, shared)}")

    await place.submitted(shared, f"Rescan of `{APP_ID}`", number=1)


async def test_with_a_link_to_what_the_asker_cant_see_nothing_is_said_of_it(place: Office):
    secret = place.slack.channel("secret", kind=ChannelKind.PRIVATE, members=["eli"])
    group = place.slack.channel("group", kind=ChannelKind.MPIM, members=["eli", "finn"])
    hidden = [place.eli.share(where, [("shop.apk", apk(str(n)))]) for n, where in enumerate((secret, group))]
    hidden.append(place.eli.share(place.eli.im(), [("shop.apk", apk("7"))]))
    gone = place.slack.channel("gone", kind=ChannelKind.PRIVATE, members=["dana"], bot=False)
    hidden.append(place.dana.share(gone, [("shop.apk", apk("8"))]))
    missing = "I can't find a build behind that link that you can see."
    for shared in hidden:
        assert missing in await place.command(f"rescan {APP_ID} {link_of(place, shared)}")
        assert missing in await place.command(f"rescan {APP_ID} {file_link(place, shared)}")
    nowhere = f"https://sandbox.slack.com/archives/{place.builds_channel.id}/p1700000000000000"
    assert missing in await place.command(f"rescan {APP_ID} {nowhere}")
    assert missing in await place.command(f"rescan {APP_ID} https://sandbox.slack.com/files/U1/F0NONE/a.apk")
    assert not any(each.is_rescan for each in place.onetrust.received)
    # Who is in there may.
    assert "as scan #" in await place.command(
        f"rescan {APP_ID} {link_of(place, hidden[2])}", who=place.eli, where=place.eli.im()
    )


async def test_with_a_link_to_no_build(place: Office):
    words = place.dana.say(place.builds_channel, "no build here")
    picture = place.dana.share(place.builds_channel, [("cat.png", b"png")])
    for each in (Shared(channel=words.channel, ts=words.ts, thread_ts=None), picture):
        told = await place.command(f"rescan {APP_ID} {link_of(place, each)}")
        assert "I can't find a build behind that link that you can see" in told


async def test_with_a_link_to_a_message_of_several_builds_one_has_to_be_named(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk()), ("Shop.ipa", ipa())])
    await place.submitted(shared, number=1)

    told = await place.command(f"rescan {OTHER_APP_ID} {link_of(place, shared)}")

    assert "That message has 2 builds, and an app ID is for one app." in told
    assert f"`/appscan rescan {OTHER_APP_ID} https://" in told
    assert "as scan #3" in await place.command(f"rescan {OTHER_APP_ID} {file_link(place, shared)}")
    await place.submitted(shared, number=2)
    assert place.onetrust.received[2].platform == "ANDROID"


async def test_asking_the_same_twice_scans_twice(tmp_path: Path):
    """A rescan that a person asked for is never held back, not even as a duplicate."""
    async with office(tmp_path) as place:
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.submitted(shared)
        for number in (1, 2):
            await place.command(f"rescan {APP_ID} {link_of(place, shared)}")
            await place.submitted(shared, f"Rescan of `{APP_ID}`", number=number)
        assert len({each.sha256 for each in place.onetrust.received}) == 1
        assert len(place.onetrust.received) == 3
