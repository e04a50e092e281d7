"""``/appscan`` and its words: help, wrong uses, status, apps."""

import re

import pytest

from tests.scenario.office import APP_ID, Office, apk, ipa

TOPICS = ("share", "rescan", "history", "status", "diff", "sdk", "apps", "link", "unlink", "ci")


async def test_help_tells_what_there_is_and_each_topic_shows_an_example(place: Office):
    overview = await place.command("")

    assert overview == await place.command("help")
    assert "Share an `.ipa` or `.apk` where this bot is" in overview
    for topic in TOPICS:
        assert f"`/appscan help {topic}`" in overview
        told = await place.command(f"help {topic}")
        assert told.startswith(f"`{topic}`: ")
        assert "Examples\n`" in told
    assert "Production ID in the Instructions tab" in await place.command("help rescan")
    assert "Scan this build" in await place.command("help share")
    assert "FTP" not in overview


async def test_a_near_miss_suggests_the_right_word_with_what_was_typed(place: Office):
    assert await place.command("hisotry shop") == (
        "ℹ️ Did you mean `history`?\nFor example: `/appscan history shop`"
    )
    assert "`/appscan history by:@eli in:#mobile-builds`" in await place.command(
        "histroy by:@eli in:#mobile-builds"
    )
    assert "Did you mean `platform:`?" in await place.command("history plattform:ios")
    assert "Did you mean `failed`?" in await place.command("history status:faild")
    assert "Did you mean `/appscan help history`?" in await place.command("help histroy")
    stranger = await place.command("frobnicate")
    assert "Unknown command." in stranger
    assert all(f"`{word}`" in stranger for word in ("help", "rescan", "history", "status", "apps", "link"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (f"rescan {APP_ID} yesterday", "has to be the link to a shared file or its message"),
        (f"rescan {APP_ID} a b", "Say which app to rescan"),
        ("status 1 2", "by its number or its request ID, or an app"),
        ("diff", "Name an app, optionally with one or two versions"),
        ("diff shop 1 2 3", "Name an app, optionally with one or two versions"),
        ("sdk", "Name an SDK"),
        ("link", "the bundle identifier and then the app ID"),
        ("link com.example.shop", "the bundle identifier and then the app ID"),
        ("link com/shop 12345678", "That is not a bundle identifier"),
        ("link com.example.shop nö", "That is not an app ID"),
        (f"link com.example.shop {APP_ID} windows", "The platform is `ios` or `android`"),
        (f"link com.example.shop {APP_ID}", "Name the platform"),
        ("unlink", "Say the bundle identifier"),
        ("unlink com.example.shop symbian", "The platform is `ios` or `android`"),
        ("history colour:blue", "There is no such filter. There are `app:`"),
        ("history status:maybe", "There is no such status"),
        ("history platform:symbian", "`platform:` is `ios` or `android`"),
        ("history since:2026-02-30", "`since:` has an invalid date"),
        ("history until:soon", "`until:` takes a day"),
        ("history by:everybody", "`by:` takes a person"),
        ("history in:everywhere", "`in:` takes a channel"),
        ("history app:", "`app:` needs something after it"),
        ("history since:2026-11-02 until:2026-11-01", "nothing can match"),
        ("history app:com.a app:com.b", "`app:` is there twice"),
        ("history " + "x" * 301, "too long"),
    ],
)
async def test_a_wrong_use_says_what_is_wrong_and_shows_an_example(place: Office, typed: str, said: str):
    told = await place.command(typed)

    assert said in told
    example = re.search(r"\nFor example: `(/appscan [^`]+)`$", told)
    assert example, told
    assert example[1].split()[1] == typed.split(maxsplit=1)[0]
    assert not place.onetrust.calls


async def test_words_may_stand_on_lines_of_their_own_and_in_capitals(place: Office):
    assert "Examples" in await place.command("HELP\nHistory")


async def test_status_tells_everything_of_a_scan_with_its_timeline(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop-4.2.0.apk", apk())], comment="name: Shop Beta")
    request_id = await place.submitted(shared)

    told = await place.command("status 1")

    for word in (
        "Scan #1: Shop Beta 4.2.0",
        "Shared by @dana in #mobile-builds",
        "New app: `com.example.shop` on Android was never scanned before",
        "Tried once to send it to OneTrust, last answer HTTP 202",
        "State: submitted",
        "`shop-4.2.0.apk`",
        "Version: `4.2.0 (420)`",
        f"Request ID: `{request_id}`",
        f"SHA-256 `{place.onetrust.received[0].sha256}`",
        "[ Open the log ]",
    ):
        assert word in told
    timeline = told.partition("Timeline\n")[2].splitlines()[:5]
    assert [re.sub(r"^\S+ at [\d:]+ [AP]M ", "", line) for line in timeline] == [
        "received: shared (@dana)",
        "being pulled: started",
        "being read: pulled",
        "being submitted: new app, never scanned before",
        f"submitted: request ID {request_id}",
    ]
    for same in ("status #1", f"status {request_id}", f"status `{request_id.upper()}`"):
        assert await place.command(same) == told


async def test_status_of_what_is_not_there_says_where_to_look(place: Office):
    for unknown in ("99", "#99", "0b51dc1e-0000-4f0c-9c55-2a6f4f1f8f8d", "9" * 30, "<x>"):
        told = await place.command(f"status {unknown}")
        assert "no scan with that number or request ID that you can see" in told
        assert "`/appscan history`" in told


async def test_apps_lists_what_is_known_a_page_at_a_time(place: Office):
    nothing = await place.command("apps")
    assert "No app is known yet" in nothing
    assert "Share an `.ipa` or `.apk`" in nothing
    for number in range(11):
        await place.command(f"link com.example.app{number:02} {APP_ID[:-2]}{number:02} android")
    channel = place.builds_channel
    await place.submitted(place.dana.share(channel, [("Shop.ipa", ipa())]))

    first = await place.command("apps")

    assert first.startswith(
        "Apps, last scanned first\nShop 4.2.0 · iOS · 1 scan\n`com.example.shop` · not linked\n"
    )
    assert "`/appscan link com.example.shop <appId> ios`" in first
    assert f"`com.example.app08` · app ID `{APP_ID[:-2]}08`" in first
    assert "app09" not in first
    assert "[ Next ]" in first
    assert "[ Previous ]" not in first
    shown = place.dana.ephemerals(channel)[-1]
    await place.dana.press(channel, shown.ts, "Next")
    second = await place.slack.until(lambda: "app10" in place.read(shown) and place.read(shown))
    assert "app09" in second
    assert "app08" not in second
    assert "[ Previous ]" in second
    assert "[ Next ]" not in second
    await place.dana.press(channel, shown.ts, "Previous")
    assert await place.slack.until(lambda: place.read(shown) == first)


async def test_mentioning_the_bot_is_answered_with_help_for_the_asker_alone(place: Office):
    place.dana.mention(place.builds_channel, "what can you do?")

    help_ = await place.slack.until(lambda: place.dana.ephemerals(place.builds_channel))

    assert "`/appscan help share`" in place.read(help_[0])
    assert not place.eli.ephemerals(place.builds_channel)
    head = place.dana.say(place.builds_channel, "a thread")
    place.eli.mention(place.builds_channel, thread_ts=head.ts)
    (in_thread,) = await place.slack.until(lambda: place.eli.ephemerals(place.builds_channel))
    assert in_thread.thread_ts == head.ts


async def test_a_button_of_another_time_or_hand_is_answered(place: Office):
    """Buttons come back as they were sent, or as somebody made them up."""
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    reply = place.replies(shared)[0]
    for block in reply.blocks:
        for element in block.get("elements", ()):
            if element.get("action_id") == "scan_details":
                element["value"] = "1 OR 1"

    told = await place.told(await place.press(shared, "Details"))

    assert "That button is out of date" in told
    assert "`/appscan history`" in told
