"""What a share's comment says, and what its reply says of links."""

from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk


async def test_a_comment_that_names_no_app_id_is_asked_about_and_makes_no_new_app(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], "rescan 123")
    told = place.read(await place.reply(shared, "Which app is this a rescan of?"))
    assert "What the comment names can't be an app ID" in told
    assert "Production ID in the Instructions tab" in told
    assert "[ Rescan as… ] [ Scan as a new app ] [ Dismiss ]" in told
    assert place.onetrust.received == []


async def test_a_rescan_that_links_its_app_says_so(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {APP_ID}")
    told = place.read(await place.reply(shared, "was submitted to OneTrust", "Linked to"))
    assert f"Linked to `{APP_ID}`: the next build is a rescan of it." in told


async def test_a_rescan_of_another_app_than_the_linked_one_says_what_stays(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], f"rescan {OTHER_APP_ID}")
    told = place.read(await place.reply(shared, "was submitted to OneTrust"))
    assert f"`com.example.shop` on Android stays linked to `{APP_ID}`, as before." in told
    assert place.onetrust.received[0].app_id == OTHER_APP_ID
