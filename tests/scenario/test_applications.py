"""OneTrust's own applications: listed with what is linked to them, and offered for a rescan by name."""

from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk


async def test_onetrusts_own_applications_are_listed_and_offered_by_name(place: Office):
    place.onetrust.add_app("Shop", "ANDROID", app_id=APP_ID)
    place.onetrust.add_app("Bank <!channel>", "IOS", app_id=OTHER_APP_ID)
    await place.command(f"link com.example.shop {APP_ID} android")

    listed = await place.command("apps")
    assert "com.example.shop" in listed.partition("OneTrust's own applications")[0]
    theirs = listed.partition("OneTrust's own applications")[2]
    assert f"`{APP_ID}` · linked to `com.example.shop` on Android" in theirs
    assert f"`{OTHER_APP_ID}` · not linked" in theirs
    assert APP_ID not in await place.command("apps bank")

    offer = await place.command("rescan shop")
    assert "Which of OneTrust's applications is to be rescanned?" in offer
    message = place.dana.ephemerals(place.builds_channel)[-1]
    chosen = await place.dana.press(place.builds_channel, message.ts, "application_rescan", APP_ID)
    assert f"A rescan of `{APP_ID}` is waiting" in await place.told(chosen)
    request = next(
        each
        for each in place.dana.messages(place.builds_channel)
        if each.user == place.slack.bot_user_id and APP_ID in each.text and each.ephemeral_to is None
    )
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())], thread_ts=request.ts)
    await place.submitted(shared, f"Rescan of `{APP_ID}`", number=0)


async def test_a_name_that_onetrust_does_not_know_is_said(place: Office):
    told = await place.command("rescan nothing")

    assert told.startswith(
        "OneTrust has no application with `nothing` in its name, or none that you may see."
    )


async def test_where_onetrust_lets_nothing_be_read_all_is_as_without(place: Office):
    place.onetrust.faults.add("applications", status=403, times=None)

    assert "OneTrust's own" not in await place.command("apps")
    for typed, said in (
        ("rescan", "Say which app to rescan"),
        ("rescan not_an_id", "8 to 128 letters, digits and hyphens"),
    ):
        told = await place.command(typed)
        assert said in told
        assert "For example: `/appscan rescan " in told
