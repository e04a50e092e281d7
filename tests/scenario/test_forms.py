"""The forms behind buttons: what is typed wrong, pressed too late, or pressed twice."""

import sqlite3
from pathlib import Path

from sandbox.slack import Shared
from tests.scenario.office import APP_ID, OTHER_APP_ID, Office, apk


async def asked(place: Office) -> Shared:
    """Bring a build whose app was scanned before, so that the bot asks what it is."""
    await place.submitted(
        place.dana.share(place.slack.channel("first", members=["dana"]), [("shop.apk", apk("4.1.0"))])
    )
    shared = place.dana.share(place.builds_channel, [("shop-4.2.0.apk", apk())])
    await place.reply(shared, "Is Shop a rescan or a new app?", "[ Rescan as… ]")
    return shared


async def test_an_app_id_is_given_in_a_form_with_a_hint_and_remembered(place: Office):
    shared = await asked(place)
    await place.press(shared, "Rescan as…")
    view = await place.slack.until(place.dana.open_view)
    form = place.read_view(view)
    assert "Shop 4.2.0: which app in OneTrust is `com.example.shop` on Android?" in form
    assert "It is the Production ID in the Instructions tab of OneTrust's SDK screen." in form

    wrong = await place.dana.submit_view({"app_id": "not an id!"})

    assert list(wrong.errors) == ["app_id_block"]
    assert (
        "That is not an app ID. An app ID has 8 to 128 letters, digits and hyphens"
        in wrong.errors["app_id_block"]
    )
    assert place.dana.open_view() is not None  # still there, to be mended
    assert len(place.onetrust.received) == 1
    right = await place.dana.submit_view({"app_id": f" {APP_ID} "})
    assert not right.errors
    assert place.dana.open_view() is None
    await place.submitted(shared, f"Rescan of `{APP_ID}`, as chosen here")
    assert place.onetrust.received[1].app_id == APP_ID
    assert f"app ID `{APP_ID}`" in await place.command("apps")


async def test_an_app_id_of_the_other_platform_is_refused_in_the_form(place: Office):
    await place.command(f"link com.example.shop {APP_ID} ios")
    shared = await asked(place)
    await place.press(shared, "Rescan as…")
    await place.slack.until(place.dana.open_view)

    wrong = await place.dana.submit_view({"app_id": APP_ID})

    assert "an app in OneTrust is for one platform" in wrong.errors["app_id_block"]
    assert "`" not in wrong.errors["app_id_block"]  # forms show errors as plain text
    await place.dana.submit_view({"app_id": OTHER_APP_ID})
    await place.submitted(shared)


async def test_an_app_id_that_another_app_shares_is_told(place: Office):
    await place.command(f"link com.example.till {APP_ID} android")
    shared = await asked(place)
    await place.press(shared, "Rescan as…")
    await place.slack.until(place.dana.open_view)

    await place.dana.submit_view({"app_id": APP_ID})

    view = place.dana.open_view()
    assert view is not None
    assert f"Done. `{APP_ID}` is also linked to `com.example.till` on Android" in place.read_view(view)
    await place.submitted(shared)


async def test_a_form_that_comes_too_late_says_so(place: Office):
    shared = await asked(place)
    await place.press(shared, "Rescan as…")
    await place.slack.until(place.dana.open_view)
    await place.press(shared, "Scan as a new app", who=place.eli)
    await place.submitted(shared, "New app, as chosen here")

    await place.dana.submit_view({"app_id": APP_ID})

    view = place.dana.open_view()
    assert view is not None
    assert "Scan #2 has moved on: it is submitted now." in place.read_view(view)
    assert len(place.onetrust.received) == 2


async def test_a_button_pressed_twice_does_its_work_once(place: Office):
    shared = await asked(place)
    held = place.slack.faults.add("chat.update", hold=True)  # the buttons stay there for a while
    first = await place.press(shared, "Scan as a new app")
    second = await place.press(shared, "Scan as a new app")

    assert first.acked
    assert "Scan #2 has moved on: it is " in await place.told(second)
    held.release()
    await place.submitted(shared)
    assert len(place.onetrust.received) == 2


async def test_an_expired_trigger_tells_what_to_do(place: Office):
    shared = await asked(place)
    place.slack.faults.add("views.open", error="expired_trigger_id")

    told = await place.told(await place.press(shared, "Rescan as…"))

    assert "Press the button again." in told
    assert "`/appscan rescan` and `/appscan link` do the same without a form" in told
    await place.press(shared, "Rescan as…")
    await place.slack.until(place.dana.open_view)


async def test_a_new_apps_id_is_linked_by_its_button(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared, "Once OneTrust shows the app's ID, link it here")
    await place.press(shared, "Link app ID…")
    view = await place.slack.until(place.dana.open_view)
    assert "Its next build is then a rescan." in place.read_view(view)

    await place.dana.submit_view({"app_id": APP_ID})

    linked = await place.reply(shared, f"Linked to `{APP_ID}`: the next build is a rescan of it.")
    assert "Link app ID…" not in place.read(linked)
    assert f"linked to {APP_ID} (@dana)" in await place.command("status 1")
    other = place.slack.channel("releases", members=["dana"])
    await place.submitted(place.dana.share(other, [("s.apk", apk("5.0"))]), f"Rescan of `{APP_ID}`")


async def test_what_goes_wrong_on_our_side_is_said_in_the_form(place: Office, tmp_path: Path):
    shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
    await place.submitted(shared)
    await place.press(shared, "Link app ID…")
    await place.slack.until(place.dana.open_view)
    with sqlite3.connect(tmp_path / "appscan.db") as database:
        database.execute("ALTER TABLE apps RENAME TO lost")
    database.close()

    await place.dana.submit_view({"app_id": APP_ID})

    view = place.dana.open_view()
    assert view is not None
    assert "Something went wrong here, not with what you did." in place.read_view(view)
    assert "with the reference `" in place.read_view(view)
    assert "sqlite" not in place.read_view(view).lower()
    told = await place.command("apps")
    assert "Something went wrong here" in told
