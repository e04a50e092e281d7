"""The direct route: builds that go straight to OneTrust's Applications API."""

from pathlib import Path

from sandbox.bundles import make_aab
from tests.scenario.office import Office, apk, office

LOST = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"


async def start(place: Office, **environ: str) -> None:
    await place.stop()
    await place.start(ONETRUST_ORG_ID=place.onetrust.org_id, **environ)
    place.clock.hurried = True


async def test_a_new_app_and_then_its_rescan(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="direct", ONETRUST_WEBHOOK_URL="")
        first = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))])
        told = place.read(
            await place.reply(first, "was submitted to OneTrust", "the next build is a rescan of it")
        )
        (app,), (scan,) = place.onetrust.apps, place.onetrust.scans

        assert f"Scan ID: `{scan.id}`" in told
        assert "Request ID" not in told
        assert "paste the request ID" not in told
        assert f"Linked to `{app.id}`: the next build is a rescan of it." in told

        second = place.dana.share(place.builds_channel, [("shop.apk", apk("4.2.0"))])
        told = place.read(await place.reply(second, "was submitted to OneTrust"))
        assert f"Scan ID: `{place.onetrust.scans[1].id}`" in told
        assert (len(place.onetrust.apps), place.onetrust.scans[1].app.id) == (1, app.id)
        status = await place.command("status 2")
        assert f"`{place.onetrust.scans[1].id}`" in status
        assert "Route: the Applications API" in status


async def test_a_bundle_goes_this_way_and_says_why(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="webhook,direct")
        bundle = place.dana.share(place.builds_channel, [("shop.aab", make_aab(package="com.example.shop"))])
        await place.reply(
            bundle,
            "was submitted",
            "Went by the Applications API, as the webhook takes no .aab.",
            "Scan ID: `",
        )
        small = place.dana.share(place.builds_channel, [("mail.apk", apk(package="com.example.mail"))])
        told = place.read(await place.reply(small, "was submitted", "Request ID: `"))

        assert "Went by" not in told
        assert [build.route for build in place.onetrust.received] == ["direct", "webhook"]


async def test_a_link_of_the_bots_own_that_is_refused_is_undone_and_asked_about(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="direct")
        first = place.dana.share(place.builds_channel, [("shop.apk", apk("4.1.0"))])
        await place.reply(first, "was submitted to OneTrust")
        made = place.onetrust.apps.pop()  # somebody deletes it
        second = place.dana.share(place.builds_channel, [("shop.apk", apk("4.2.0"))])
        await place.reply(
            second,
            "Which app is this a rescan of?",
            f"OneTrust does not know app `{made.id}`",
            "It has removed that link.",
        )
        assert "`com.example.shop` · not linked" in await place.command("apps")

        await place.press(second, "Scan as a new app")
        told = place.read(await place.reply(second, "was submitted to OneTrust", "Linked to"))
        assert f"Linked to `{place.onetrust.apps[0].id}`" in told


async def test_a_link_of_a_persons_that_is_refused_stays(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="direct")
        await place.command(f"link com.example.shop {LOST} android")
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.reply(shared, "was not submitted", "OneTrust knows no app with this ID (404).")
        assert LOST in await place.command("apps")


async def test_an_application_that_may_have_been_made_is_for_a_person(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="direct")
        place.onetrust.faults.add("application_create", answer_lost=True)
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.reply(
            shared,
            "It is not certain that OneTrust took",
            "one may be there now. The build itself was not sent.",
            "OneTrust's list of mobile apps for a scan of this app",
        )
        assert (len(place.onetrust.apps), place.onetrust.received) == (1, [])


async def test_an_application_that_is_gone_before_its_scan_is_made_anew_by_another_try(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="direct")
        place.onetrust.faults.add("application_scan", status=404)
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.reply(shared, "was not submitted", "Another try creates a new one.", "[ Try again ]")
        gone = place.onetrust.apps.pop()
        await place.press(shared, "Try again")
        await place.reply(shared, "was submitted to OneTrust")
        (app,) = place.onetrust.apps
        assert app.id != gone.id
        assert f"`{app.id}`" in await place.command("apps")


async def test_new_apps_need_the_organization(tmp_path: Path):
    async with office(tmp_path) as place:
        await start(place, ONETRUST_ROUTES="direct")
        await place.stop()
        await place.start(ONETRUST_ORG_ID="")
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.reply(
            shared,
            "was not submitted",
            "the Applications API takes no new apps until `ONETRUST_ORG_ID` is set",
        )
        assert (place.onetrust.apps, place.onetrust.received) == ([], [])
