"""The message shortcut "Scan this build": for an older message what sharing does."""

from sandbox.slack import Shared
from sandbox.world import ChannelKind
from tests.scenario.office import APP_ID, Office, apk, ipa


async def scan_this(place: Office, shared: Shared) -> str:
    return await place.told(await place.dana.shortcut(shared.channel, shared.ts, "scan_this_build"))


def before_the_bot(place: Office, **files: bytes) -> Shared:
    """Share while the bot is not there yet; then invite it."""
    channel = place.slack.channel("archive", members=["dana", "eli"], bot=False)
    shared = place.eli.share(channel, [(name.replace("_", "."), body) for name, body in files.items()])
    place.dana.invite_bot(channel)
    return shared


async def test_an_older_message_with_a_build_is_scanned_in_its_thread(place: Office):
    shared = before_the_bot(place, shop_apk=apk())

    told = await scan_this(place, shared)

    assert told == "On it: scan #1, in the message's thread."
    await place.submitted(shared, "New app", "shared by @eli, asked for by @dana")
    assert place.onetrust.received[0].name == "Shop"


async def test_its_comment_counts_as_when_sharing(place: Office):
    channel = place.slack.channel("archive", members=["dana"], bot=False)
    shared = place.dana.share(channel, [("shop.apk", apk())], comment=f"rescan {APP_ID}")
    place.dana.invite_bot(channel)

    await scan_this(place, shared)

    await place.submitted(shared, f"Rescan of `{APP_ID}`, as the comment asked")
    assert place.onetrust.received[0].app_id == APP_ID


async def test_each_build_of_the_message_is_scanned_and_other_files_are_not(place: Office):
    shared = before_the_bot(place, shop_apk=apk(), cat_png=b"png", Shop_ipa=ipa())

    told = await scan_this(place, shared)

    assert told.count("On it: scan #") == 2
    await place.submitted(shared, number=0)
    await place.submitted(shared, number=1)
    assert sorted(each.platform for each in place.onetrust.received) == ["ANDROID", "IOS"]


async def test_a_message_without_a_build_says_what_one_is(place: Office):
    words = place.dana.say(place.builds_channel, "nothing here")
    picture = place.dana.share(place.builds_channel, [("cat.png", b"png")])

    for ts in (words.ts, picture.ts):
        told = await scan_this(place, Shared(channel=place.builds_channel.id, ts=ts, thread_ts=None))
        assert "That message has no build." in told
        assert "`.ipa` or `.apk`" in told
    assert not place.replies(picture)


async def test_a_build_that_was_scanned_already_says_where(place: Office):
    shared = place.eli.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)

    told = await scan_this(place, shared)

    assert told == "That build is scan #1 already; its reply is in the message's thread."
    ephemeral = place.dana.ephemerals(shared.channel)[-1]
    assert f"/archives/{shared.channel}/p{place.replies(shared)[0].ts.replace('.', '')}" in ephemeral.text
    assert len(place.onetrust.received) == 1


async def test_where_the_bot_is_not_it_asks_to_be_invited(place: Office):
    for kind in (ChannelKind.PUBLIC, ChannelKind.PRIVATE):
        channel = place.slack.channel(f"{kind}-without", kind=kind, members=["dana"], bot=False)
        shared = place.dana.share(channel, [("shop.apk", apk())])
        told = await scan_this(place, shared)
        assert "I am not in this channel. Invite me with `/invite @appscan`" in told
    assert not place.slack.called("download")


async def test_a_build_in_a_thread_is_answered_in_that_thread(place: Office):
    channel = place.slack.channel("archive", members=["dana"], bot=False)
    head = place.dana.say(channel, "the release")
    place.dana.say(channel, "soon", thread_ts=head.ts)
    shared = place.dana.share(channel, [("shop.apk", apk())], thread_ts=head.ts)
    place.dana.invite_bot(channel)

    assert "On it: scan #1" in await scan_this(place, shared)

    await place.submitted(shared)
    assert place.replies(shared)[0].thread_ts == head.ts


async def test_a_bad_build_is_told_in_its_thread(place: Office):
    shared = before_the_bot(place, shop_aab=b"PK")

    await scan_this(place, shared)

    await place.reply(shared, "`shop.aab` can't be scanned", "Android App Bundle")
    assert not place.onetrust.calls
