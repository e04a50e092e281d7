"""What people see in the thread once OneTrust is done: the message, the full lists, and Scan again."""

import asyncio
from dataclasses import replace

import pytest

from bot.features.results.models import Sdk
from tests.scenario.finding import RESULTS, announced, ended
from tests.scenario.office import Office, apk


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


MANY = replace(
    RESULTS,
    sdk_count=45,
    sdks=tuple(Sdk(package_id=f"com.example.s{n}", name=f"Kit {n:02}", vendor="Acme") for n in range(45)),
)


async def submitted(place: Office, version: str = "4.2.0"):
    shared = place.dana.share(place.builds_channel, [(f"shop-{version}.apk", apk(version))])
    await place.submitted(shared)
    return shared


async def test_a_result_is_told_in_a_message_of_its_own(place: Office):
    shared = await submitted(place)
    message = await announced(place, shared)

    told = place.read(message).split("\n")
    assert told[0] == "📊 @dana Shop 4.2.0 was scanned: the first completed scan of this app here."
    assert "4 SDKs: 2 Targeting, 1 Functionality, 1 Performance" in told
    assert "2 permissions, 1 high-risk: `android.permission.CAMERA`" in told
    assert "[ All SDKs and permissions ]" in told
    assert len(place.replies(shared)) == 2


async def test_the_next_build_says_first_what_changed_and_names_the_scan_before(place: Office):
    await place.command("link com.example.shop 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d android")
    first = await submitted(place, "4.1.0")
    await announced(place, first, replace(RESULTS, sdks=RESULTS.sdks[1:]))
    message = await announced(place, await submitted(place, "4.2.0"))

    told = place.read(message).split("\n")
    assert told[:2] == [
        "📊 @dana What changed in Shop 4.1.0 → 4.2.0, since scan #1:",
        "• 1 new SDK: AppsFlyer (Targeting)",
    ]
    assert "|scan #1>" in message.text


async def test_nobody_is_mentioned_where_the_settings_say_so(place: Office):
    await place.stop()
    await place.start(APPSCAN_MENTION="nobody")
    message = await announced(place, await submitted(place))
    assert place.read(message).startswith("📊 Shop 4.2.0 was scanned")


async def test_the_full_lists_are_leafed_through_and_searched(place: Office):
    shared = await submitted(place)
    await announced(place, shared, MANY)
    await place.press(shared, "All SDKs and permissions", who=place.eli, number=1)
    first = await place.form(place.eli)
    assert first.startswith("== All SDKs and permissions ==\nShop 4.2.0, scan #1\n")
    assert "Kit 00 by Acme" in first
    assert "1 to 20 of 45" in first

    async def shows(*words: str) -> None:
        await place.slack.until(lambda: all(word in place.read_view(place.eli.open_view()) for word in words))

    await place.eli.press_in_view("Next")
    await shows("Kit 20", "21 to 40 of 45")
    await place.eli.submit_view({"found_search": "kit 07"})
    await shows("Kit 07")
    assert "Kit 08" not in await place.form(place.eli)
    await place.eli.press_in_view("Permissions (2)")
    await shows("No permission matches `kit 07`.")
    await place.eli.submit_view({"found_search": ""})
    await shows("`android.permission.CAMERA` · high-risk")


async def test_a_form_that_was_closed_meanwhile_is_let_be(place: Office):
    shared = await submitted(place)
    await announced(place, shared, MANY)
    await place.press(shared, "All SDKs and permissions", number=1)
    await place.form()
    place.slack.faults.add("views.update", error="not_found")
    pressed = await place.dana.press_in_view("Next")
    assert pressed.acked
    await place.slack.until(lambda: place.slack.called("views.update"))
    await place.dana.press_in_view("Next")
    await place.slack.until(lambda: "21 to 40" in place.read_view(place.dana.open_view()))


async def test_a_page_that_slack_did_not_take_is_told(place: Office):
    shared = await submitted(place)
    await announced(place, shared, MANY)
    await place.press(shared, "All SDKs and permissions", number=1)
    await place.form()
    place.slack.faults.add("views.update", status=503)
    await place.dana.press_in_view("Next")
    await place.slack.until(lambda: place.dana.ephemerals(place.builds_channel))
    told = place.read(place.dana.ephemerals(place.builds_channel)[-1])
    assert "Slack did not respond as expected" in told


async def test_the_lists_are_not_for_those_who_may_not_see_the_scan(place: Office):
    private = place.channel("secret", kind="private")
    shared = place.dana.share(private, [("shop.apk", apk())])
    await place.submitted(shared)
    await announced(place, shared)
    await place.press(shared, "All SDKs and permissions", who=place.eli, number=1)
    await place.form(place.eli)
    place.eli.leave(private)
    view = place.eli.open_view()
    assert view is not None
    view.spec["private_metadata"] = view.spec["private_metadata"].replace(private.id, place.builds_channel.id)
    place.clock.advance(3600)  # what was known of who is where is asked again
    await place.eli.press_in_view("Permissions (2)")
    await place.slack.until(lambda: "no scan with that number" in place.read_view(place.eli.open_view()))


async def test_a_failed_scan_is_made_again_in_the_same_thread(place: Office):
    await place.command("link com.example.shop 0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d android")
    shared = await submitted(place)
    message = await announced(place, shared, None)
    assert place.read(message).startswith("❌ @dana OneTrust's scan of Shop 4.2.0 failed. Press Scan again")

    await place.press(shared, "Scan again", who=place.eli, number=1)
    again = await place.reply(shared, "was submitted to OneTrust", number=2)
    assert "asked for by @eli" in place.read(again)
    assert len(place.onetrust.received) == 2
    told = await place.told(await place.press(shared, "Scan again", number=1))
    assert told == "That is scan #2 already; its reply is in the thread."
    await ended(place, 2)
    assert "📊 @eli Shop 4.2.0 was scanned" in place.read(await place.reply(shared, "4 SDKs", number=3))


async def test_from_the_share_to_the_result(place: Office):
    """Nobody does anything but share a build; OneTrust's stand-in finds two SDKs more in the second one."""
    await place.stop()
    await place.start(ONETRUST_RESULTS_HOURS="24", ONETRUST_RESULTS_POLL_S="5")
    told = ""
    for number, version in enumerate(("4.1.0", "4.2.0"), 1):
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk(version))])
        await place.submitted(shared)
        await place.onetrust.until(lambda number=number: len(place.onetrust.scans) == number)
        place.onetrust.finish(place.onetrust.scans[-1].id)

        async with asyncio.timeout(60):
            while len(place.replies(shared)) < 2:
                place.clock.advance(5)
                await asyncio.sleep(0.02)  # each look is a call of the bot's to a server
        told = place.read(place.replies(shared)[1])
        await place.reply(shared, "📊 Scanned")

    assert told.startswith(
        "📊 @dana What changed in Shop 4.1.0 → 4.2.0, since scan #1:\n"
        "• 2 new SDKs: AppsFlyer (Targeting), Facebook SDK (Targeting)\n"
    )
