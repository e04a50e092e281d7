"""New scan, rescan or a question: decided in one order, and the reply says which and why."""

import re

import pytest

from sandbox.world import ChannelKind
from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk, ipa

Taken = tuple[str, str | None, str | None]


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


def _orders(place: Office) -> list[Taken]:
    """Return what was asked of OneTrust: platform, name of a new app, app ID of a rescan."""
    return [
        (taken.platform, taken.name, taken.app_id if taken.is_rescan else None)
        for taken in place.onetrust.received
    ]


async def _asked(place: Office):
    """Share a first build and then a second one of the same app, about which the bot asks."""
    first = place.dana.share(place.builds_channel, [("shop-4.1.apk", apk("4.1.0"))])
    await place.submitted(first)
    second = place.eli.share(place.builds_channel, [("shop-4.2.apk", apk("4.2.0"))])
    await place.reply(second, "Is Shop a rescan or a new app?")
    return second


# 1. A rescan that was asked for.


@pytest.mark.parametrize(
    "comment",
    [
        f"rescan {APP_ID}",
        f"Please rescan `{APP_ID}`, thanks",
        f"name: Shop\nRescan of app {APP_ID}",
    ],
)
async def test_a_comment_that_says_rescan_makes_it_a_rescan_of_that_app(place: Office, comment: str):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], comment)
    await place.submitted(shared, f"Rescan of `{APP_ID}`, as the comment asked.")
    assert _orders(place) == [("ANDROID", None, APP_ID)]


async def test_a_comment_goes_before_a_link(place: Office):
    await place.command(f"link com.example.shop {OTHER_APP_ID} android")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    await place.submitted(shared, f"Rescan of `{APP_ID}`, as the comment asked.")
    assert _orders(place) == [("ANDROID", None, APP_ID)]


async def test_what_a_comment_taught_holds_for_the_next_build(place: Office):
    first = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))], f"rescan {APP_ID}")
    await place.submitted(first)
    second = place.dana.share(place.builds_channel, [("shop.apk", apk("4.2.0"))])
    assert await place.submitted(
        second, f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it."
    )


async def test_an_app_id_that_is_another_builds_is_asked_about_first(place: Office):
    await place.command(f"link com.example.pay {APP_ID} android")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    reply = await place.reply(
        shared,
        "Which app is this a rescan of?",
        f"`{APP_ID}`",
        "`com.example.pay` on Android",
        "`com.example.shop`",
    )
    assert "[ Rescan as… ]" in place.read(reply)
    assert place.onetrust.received == []
    await place.press(shared, f"Rescan as {APP_ID} anyway")
    await place.submitted(shared, f"Rescan of `{APP_ID}`, as chosen here.")
    assert _orders(place) == [("ANDROID", None, APP_ID)]
    second = place.dana.share(place.builds_channel, [("shop.apk", apk("4.3.0"))])
    await place.reply(second, "Is Shop a rescan or a new app?")  # nothing was linked by that


async def test_an_app_id_of_the_other_platform_is_asked_about_first(place: Office):
    await place.command(f"link com.example.shop {APP_ID} ios")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    await place.reply(shared, "Which app is this a rescan of?", "`com.example.shop` on iOS")
    assert place.onetrust.received == []


async def test_a_rescan_that_a_person_asked_for_is_never_held_back(place: Office):
    build = apk()
    first = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.submitted(first)
    again = place.dana.share(place.builds_channel, [("shop.apk", build)], f"rescan {APP_ID}")
    await place.submitted(again, f"Rescan of `{APP_ID}`, as the comment asked.")
    assert _orders(place) == [("ANDROID", "Shop", None), ("ANDROID", None, APP_ID)]


async def test_a_rescan_that_a_person_asked_for_waits_for_no_other(place: Office):
    build = apk()
    webhook = place.onetrust.faults.add("webhook", hold=True)
    first = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.reply(first, "Submitting")
    again = place.dana.share(place.channel("other"), [("shop.apk", build)], f"rescan {APP_ID}")
    await place.submitted(again)
    webhook.release()
    assert await place.submitted(first)


# 2. Linked.


async def test_a_linked_build_is_a_rescan_of_its_app(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "name: Never used")
    await place.submitted(shared, f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it.")
    assert _orders(place) == [("ANDROID", None, APP_ID)]


async def test_linked_builds_dont_wait_for_one_another(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")
    webhook = place.onetrust.faults.add("webhook", hold=True)
    first = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))])
    await place.reply(first, "Submitting")
    await place.submitted(place.dana.share(place.channel("other"), [("shop.apk", apk("4.2.0"))]))
    webhook.release()
    assert await place.submitted(first)


# 3. Never seen.


@pytest.mark.parametrize(
    ("build", "comment", "name"),
    [
        (ipa(display_name="Shop Display", name="ShopBundle"), "", "Shop Display"),
        (ipa(display_name=None, name="ShopBundle"), "", "ShopBundle"),
        (ipa(display_name=None, name=None), "", "com.example.shop"),
        (ipa(), "The new one!\nname: Shop (staging)", "Shop (staging)"),
    ],
    ids=["display name", "bundle name", "bundle identifier", "comment"],
)
async def test_a_build_never_seen_is_a_new_scan_under_its_name(
    place: Office, build: bytes, comment: str, name: str
):
    shared = place.dana.share(place.builds_channel, [("shop.ipa", build)], comment)
    words = "New app: `com.example.shop` on iOS was never scanned before."
    await place.submitted(shared, f"{name} 4.2.0 was submitted", words)
    assert _orders(place) == [("IOS", name, None)]


@pytest.mark.parametrize(("build", "name"), [(apk(), "Shop"), (apk(label=None), "com.example.shop")])
async def test_an_android_build_goes_under_its_label_or_its_package(place: Office, build: bytes, name: str):
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", build)]))
    assert _orders(place) == [("ANDROID", name, None)]


async def test_ios_and_android_of_one_bundle_identifier_are_two_apps(place: Office):
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
    await place.submitted(place.dana.share(place.builds_channel, [("Shop.ipa", ipa())]))
    assert _orders(place) == [("ANDROID", "Shop", None), ("IOS", "Shop", None)]


async def test_a_link_of_one_platform_is_none_of_the_other(place: Office):
    await place.command(f"link com.example.shop {APP_ID} ios")
    assert await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]), "New app")


async def test_what_was_never_submitted_was_never_seen(place: Office):
    place.onetrust.faults.add("webhook", status=403)
    refused = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))])
    await place.reply(refused, "was not submitted")
    second = place.dana.share(place.builds_channel, [("shop.apk", apk("4.2.0"))])
    assert await place.submitted(second, "was never scanned before")


async def test_while_the_first_is_in_flight_the_others_wait_and_then_ask(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True)
    first = place.dana.share(place.builds_channel, [("shop-4.1.apk", apk("4.1.0"))])
    await place.reply(first, "Submitting")
    others = [
        place.dana.share(place.channel(f"other-{version}"), [("shop.apk", apk(version))])
        for version in ("4.2.0", "4.3.0")
    ]
    for other in others:
        await place.reply(
            other, "waits for scan #1", "continues automatically", "shared by @dana", "[ Cancel ]"
        )
    webhook.release()
    await place.submitted(first)
    for other in others:
        await place.reply(other, "Is Shop a rescan or a new app?", "scanned before (scan #1")
    assert _orders(place) == [("ANDROID", "Shop", None)]


async def test_when_the_first_fails_the_next_one_is_the_new_app(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, status=403)
    first = place.dana.share(place.builds_channel, [("shop-4.1.apk", apk("4.1.0"))])
    await place.reply(first, "Submitting")
    second = place.dana.share(place.channel("second"), [("shop-4.2.apk", apk("4.2.0"))])
    await place.reply(second, "waits for scan #1")
    webhook.release()
    assert await place.submitted(second, "was never scanned before")


async def test_when_the_first_is_uncertain_the_others_ask(place: Office):
    webhook = place.onetrust.faults.add("webhook", hold=True, status=500)
    first = place.dana.share(place.builds_channel, [("shop-4.1.apk", apk("4.1.0"))])
    await place.reply(first, "Submitting")
    second = place.dana.share(place.channel("second"), [("shop-4.2.apk", apk("4.2.0"))])
    await place.reply(second, "waits for scan #1")
    webhook.release()
    await place.reply(first, "It is not certain")
    await place.reply(second, "Is Shop a rescan or a new app?")
    assert place.onetrust.received == []


# 4. Seen before.


async def test_seen_before_and_not_linked_it_asks_and_says_why(place: Office):
    shared = await _asked(place)
    await place.reply(
        shared,
        "`com.example.shop` on Android was scanned before (scan #1, ",
        "shared by @dana), but its app ID is not known here",
        "A second new scan would make a duplicate app in OneTrust.",
        "[ Rescan as… ] [ Scan as a new app ] [ Dismiss ]",
        "`shop-4.2.apk` · shared by @eli",
    )
    assert len(place.onetrust.received) == 1
    assert len(place.posts(shared)) == 1


async def test_rescan_as_asks_for_the_app_id_and_remembers_the_link(place: Office):
    shared = await _asked(place)
    await place.press(shared, "Rescan as…")
    told = await place.form()
    for words in (
        "Shop 4.2.0",
        "`com.example.shop` on Android",
        "Production ID",
        "Instructions tab",
        "SDK screen",
    ):
        assert words in told
    sent = await place.dana.submit_view({"app_id": f" {APP_ID} "})
    assert not sent.errors
    await place.submitted(shared, f"Rescan of `{APP_ID}`, as chosen here.")
    third = place.dana.share(place.builds_channel, [("shop-4.3.apk", apk("4.3.0"))])
    await place.submitted(third, f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it.")
    assert _orders(place)[1:] == [("ANDROID", None, APP_ID), ("ANDROID", None, APP_ID)]
    assert len(place.posts(shared)) == 1


@pytest.mark.parametrize(
    "typed", ["my app", "https://app.onetrust.com/x", "12345", "a" * 129, "shop_1/../../x"]
)
async def test_form_rejects_an_invalid_app_id(place: Office, typed: str):
    shared = await _asked(place)
    await place.press(shared, "Rescan as…")
    await place.form()
    sent = await place.dana.submit_view({"app_id": typed})
    [said] = sent.errors.values()
    assert "is not an app ID" in said
    assert "Production ID" in said
    assert place.dana.open_view() is not None
    await place.reply(shared, "Is Shop a rescan or a new app?")
    assert len(place.onetrust.received) == 1


async def test_scan_as_a_new_app_makes_a_second_app(place: Office):
    shared = await _asked(place)
    await place.press(shared, "Scan as a new app")
    await place.submitted(shared, "New app, as chosen here.")
    assert _orders(place) == [("ANDROID", "Shop", None), ("ANDROID", "Shop", None)]


async def test_dismiss_scans_nothing(place: Office):
    shared = await _asked(place)
    await place.press(shared, "Dismiss", who=place.eli)
    reply = await place.reply(shared, "was not submitted", "Dismissed")
    assert "[ " not in place.read(reply)
    place.clock.advance(3600)
    await place.submitted(place.dana.share(place.channel("last"), [("last.apk", apk(package="the.last"))]))
    assert [taken.file_name for taken in place.onetrust.received] == ["shop-4.1.apk", "last.apk"]


async def test_a_press_that_comes_second_is_told_so_and_changes_nothing(place: Office):
    shared = await _asked(place)
    [reply] = place.replies(shared)
    await place.press(shared, "Rescan as…")
    await place.form()
    await place.dana.press(shared.channel, reply.ts, "Scan as a new app")
    late = await place.dana.submit_view({"app_id": APP_ID})
    assert not late.errors
    notice = place.dana.open_view()
    assert notice is not None
    assert "has moved on" in place.read_view(notice)
    await place.submitted(shared, "New app, as chosen here.")
    assert len(place.onetrust.received) == 2


async def test_a_question_that_was_answered_by_a_link_meanwhile_can_still_be_answered(place: Office):
    shared = await _asked(place)
    first = place.dana.share(place.builds_channel, [("shop-4.1.apk", apk("4.1.1"))])
    await place.reply(first, "rescan or a new app")
    for each in (shared, first):
        await place.press(each, "Rescan as…")
        await place.form()
        await place.dana.submit_view({"app_id": APP_ID})
        assert await place.submitted(each, f"Rescan of `{APP_ID}`")


async def test_the_button_of_a_new_app_links_it_for_the_next_build(place: Office):
    first = place.dana.share(place.builds_channel, [("shop-4.1.apk", apk("4.1.0"))])
    await place.submitted(first)
    await place.press(first, "Link app ID…")
    await place.form()
    await place.dana.submit_view({"app_id": APP_ID})
    reply = await place.reply(first, "was submitted")
    await place.slack.until(lambda: "Link app ID" not in place.read(reply))
    second = place.dana.share(place.builds_channel, [("shop-4.2.apk", apk("4.2.0"))])
    assert await place.submitted(
        second, f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it."
    )


# The very same file.


async def test_the_same_file_is_not_submitted_again_and_scan_again_does_it(place: Office):
    build = apk()
    first = place.dana.share(place.builds_channel, [("shop.apk", build)])
    request_id = await place.submitted(first)
    again = place.eli.share(place.builds_channel, [("copy of shop.apk", build)])
    await place.reply(
        again,
        "was not submitted again: the very same file was submitted before.",
        "That is scan #1, ",
        "shared by @dana",
        f"Request ID: `{request_id}`",
        "[ Open the log ] [ Scan again ]",
    )
    assert re.search(r"That is scan #1, .*\d+:\d\d [AP]M, shared", place.read(place.replies(again)[0]))
    assert len(place.onetrust.received) == 1
    await place.press(again, "Scan again")
    await place.reply(again, "Is Shop a rescan or a new app?")
    await place.press(again, "Scan as a new app")
    second = await place.submitted(again)
    assert second != request_id
    assert [taken.sha256 for taken in place.onetrust.received] == [place.onetrust.received[0].sha256] * 2
    assert len(place.posts(again)) == 1


async def test_scan_again_of_a_linked_app_is_a_rescan_at_once(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")
    build = apk()
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", build)]))
    again = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.reply(again, "the very same file")
    await place.press(again, "Scan again")
    assert await place.submitted(
        again, f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it."
    )


async def test_the_same_file_in_flight_is_told_as_on_its_way(place: Office):
    build = apk()
    webhook = place.onetrust.faults.add("webhook", hold=True)
    first = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.reply(first, "Submitting")
    again = place.dana.share(place.channel("other"), [("shop.apk", build)])
    await place.reply(again, "the very same file is on its way already", "scan #1", "[ Scan again ]")
    webhook.release()
    request_id = await place.submitted(first)
    await place.reply(again, f"Request ID: `{request_id}`", "was submitted before")
    assert len(place.onetrust.received) == 1


async def test_when_the_file_in_flight_fails_its_copy_says_so_and_can_be_scanned(place: Office):
    build = apk()
    webhook = place.onetrust.faults.add("webhook", hold=True, status=403)
    first = place.dana.share(place.builds_channel, [("shop.apk", build)])
    await place.reply(first, "Submitting")
    again = place.dana.share(place.channel("other"), [("shop.apk", build)])
    await place.reply(again, "is on its way already")
    webhook.release()
    await place.reply(again, "was on its way then, but was not submitted", "[ Scan again ]")
    await place.press(again, "Scan again")
    assert await place.submitted(again, "was never scanned before")


async def test_the_same_file_that_may_have_arrived_is_told_as_that(place: Office):
    build = apk()
    place.onetrust.faults.add("webhook", status=500)
    await place.reply(place.dana.share(place.builds_channel, [("shop.apk", build)]), "It is not certain")
    again = place.dana.share(place.channel("other"), [("shop.apk", build)])
    assert await place.reply(
        again, "was sent before, and it is not certain that OneTrust took it", "scan #1", "Scan again"
    )


async def test_the_same_file_of_a_private_channel_names_nobody(place: Office):
    build = apk()
    secret = place.channel("secret", kind=ChannelKind.PRIVATE)
    await place.submitted(place.eli.share(secret, [("shop.apk", build)]))
    again = place.dana.share(place.builds_channel, [("shop.apk", build)])
    reply = await place.reply(again, "the very same file")
    told = place.read(reply)
    assert "@eli" not in told
    assert secret.id not in str(reply.blocks)
