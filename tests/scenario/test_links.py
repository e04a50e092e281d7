"""``/appscan link`` and ``unlink``, and what they change for the next share."""

from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk, ipa


async def test_with_the_platform_named_the_first_build_is_a_rescan_already(place: Office):
    told = await place.command(f"link com.example.shop {APP_ID} android")
    assert told == f"✅ `com.example.shop` on Android is linked to `{APP_ID}`: its next build is a rescan."

    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])

    await place.submitted(shared, f"Rescan of `{APP_ID}`: `com.example.shop` on Android is linked to it.")
    (received,) = place.onetrust.received
    assert (received.app_id, received.platform, received.name) == (APP_ID, "ANDROID", None)


async def test_without_the_platform_the_one_that_was_seen_is_meant(place: Office):
    shared = place.dana.share(place.builds_channel, [("Shop.ipa", ipa())])
    await place.submitted(shared)

    assert "`com.example.shop` on iOS is linked" in await place.command(f"link com.example.shop {APP_ID}")

    other = place.slack.channel("releases", members=["dana"])
    await place.submitted(place.dana.share(other, [("Shop.ipa", ipa("5.0"))]), f"Rescan of `{APP_ID}`")
    # The other platform is another app.
    third = place.slack.channel("nightly", members=["dana"])
    await place.submitted(place.dana.share(third, [("shop.apk", apk())]), "New app")
    assert [each.is_rescan for each in place.onetrust.received] == [False, True, False]


async def test_where_neither_or_both_are_known_the_platform_is_asked_for(place: Office):
    never = await place.command(f"link com.example.shop {APP_ID}")
    assert "Name the platform, `ios` or `android`: none of its builds is known yet." in never
    assert f"`/appscan link com.example.shop {APP_ID} android`" in never
    await place.command(f"link com.example.shop {APP_ID} android")
    await place.command(f"link com.example.shop {OTHER_APP_ID} iPhone")

    both = await place.command(f"link com.example.shop {APP_ID}")
    assert "that bundle identifier is known on both" in both
    unlink = await place.command("unlink com.example.shop")
    assert "that bundle identifier is known on both" in unlink
    assert "`/appscan unlink com.example.shop android`" in unlink


async def test_an_app_is_for_one_platform(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")

    told = await place.command(f"link com.example.shop {APP_ID} ios")

    assert "That app ID is linked to a build for the other platform" in told
    assert "For example: `/appscan unlink com.example.shop android`" in told
    assert "on iOS" not in await place.command("apps")


async def test_a_link_that_is_replaced_is_told_and_one_that_is_shared_too(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")

    replaced = await place.command(f"link com.example.shop {OTHER_APP_ID} android")
    assert f"is linked to `{OTHER_APP_ID}`" in replaced
    assert f"It was linked to `{APP_ID}` until now." in replaced
    again = await place.command(f"link com.example.shop {OTHER_APP_ID} android")
    assert "until now" not in again

    shared = await place.command(f"link com.example.till {OTHER_APP_ID} android")
    assert (
        "Linked to the same app: `com.example.shop` on Android. If that is not meant, unlink one." in shared
    )
    build = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(build, f"Rescan of `{OTHER_APP_ID}`")
    assert place.onetrust.received[0].app_id == OTHER_APP_ID


async def test_after_unlink_the_bot_asks_again(place: Office):
    await place.submitted(place.dana.share(place.builds_channel, [("shop.apk", apk())]))
    await place.command(f"link com.example.shop {APP_ID}")

    told = await place.command("unlink com.example.shop")
    assert told == (
        f"✅ `com.example.shop` on Android is no longer linked to `{APP_ID}`. At its next build the bot asks."
    )
    assert "That bundle identifier is not linked." in await place.command("unlink com.example.shop")
    assert "That bundle identifier is not linked." in await place.command("unlink com.example.shop ios")

    other = place.slack.channel("releases", members=["dana"])
    shared = place.dana.share(other, [("shop-5.apk", apk("5.0"))])
    asked = place.read(await place.reply(shared, "Is Shop a rescan or a new app?"))
    assert "[ Rescan as… ] [ Scan as a new app ] [ Dismiss ]" in asked
    assert len(place.onetrust.received) == 1


async def test_what_slack_makes_of_a_bundle_identifier_and_quotes_is_understood(place: Office):
    told = await place.command(f"link http://com.example.shop “{APP_ID}” Android")

    assert "`com.example.shop` on Android is linked" in told


async def test_links_outlive_a_restart(place: Office):
    await place.command(f"link com.example.shop {APP_ID} android")
    await place.stop()
    await place.start()

    assert f"app ID `{APP_ID}`" in await place.command("apps")
