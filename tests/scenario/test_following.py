"""Following submitted builds in OneTrust: found, completed, linked, or said why not; never guessed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.onetrust.manifest import Manifest
from tests.scenario.office import Office, apk, office

FOLLOWED = {"ONETRUST_RESULTS_HOURS": "24", "ONETRUST_RESULTS_POLL_S": "5"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path, **FOLLOWED) as opened:
        await opened.onetrust.until(lambda: opened.onetrust.count("applications"))  # results can be read
        yield opened


def share(place: Office, body: bytes, name: str = "shop.apk"):
    return place.dana.share(place.builds_channel, [(name, body)])


async def looked(place: Office, point: str) -> None:
    """Let time pass until OneTrust was asked once more."""
    before = place.onetrust.count(point)
    async with asyncio.timeout(10):
        while place.onetrust.count(point) == before:
            place.clock.advance(10)
            with suppress(TimeoutError):
                await place.onetrust.until(lambda: place.onetrust.count(point) > before, 0.3)


async def test_a_new_app_is_found_linked_and_its_results_come(place: Office):
    shared = share(place, apk())
    await place.submitted(shared, "The result comes in this thread.", "The bot first checks")
    (scan,) = place.onetrust.scans
    place.onetrust.finish(scan.id, "PROGRESS")  # its version is known from then on
    await looked(place, "scans")
    await place.reply(shared, f"Linked to `{scan.app.id}`: the next build is a rescan of it.")

    place.onetrust.finish(scan.id)
    await looked(place, "permissions")

    await place.reply(shared, "SDKs")
    told = await place.command("status 1")
    assert "OneTrust completed its scan" in told
    assert f"linked to {scan.app.id}, as OneTrust lists it" in told
    again = share(place, apk("4.3.0", code=430))
    await place.submitted(again, "Rescan")
    assert place.onetrust.received[-1].app_id == scan.app.id


async def test_following_goes_on_after_a_restart_and_a_failed_scan_is_said(place: Office):
    app = place.onetrust.add_app("Shop", "ANDROID")
    await place.command(f"link com.example.shop {app.id} android")
    shared = share(place, apk())
    await place.submitted(shared)
    await looked(place, "scans")
    await place.stop()
    place.onetrust.finish(app.id, "FAILED")

    await place.start()
    await looked(place, "scans")

    await place.reply(shared, "failed")
    assert len(place.onetrust.received) == 1  # it is not sent again by itself


async def test_two_apps_of_one_name_are_said_and_neither_is_linked(place: Office):
    shared = share(place, apk())
    await place.submitted(shared)
    other = place.onetrust.add_app("Shop", "ANDROID")
    place.onetrust.scanner.make(other, Manifest(version="4.2.0"), sha256="0" * 64, size_bytes=1)

    for scan in place.onetrust.scans:
        place.onetrust.finish(scan.id)  # their versions are known then, and the same
    await looked(place, "applications")

    await place.reply(shared, "OneTrust has 2 apps of this name that could be this build's")
    assert "not linked" in (await place.command("apps")).lower()


async def test_an_uncertain_submission_is_looked_for_until_it_is_found(place: Office):
    place.onetrust.faults.add("webhook", answer_lost=True)
    held = place.onetrust.faults.add("workflow", hold=True)
    shared = share(place, apk())
    await place.reply(shared, "It is not certain", "The bot first checks OneTrust")

    await looked(place, "applications")
    await place.reply(shared, "OneTrust's list has no new app of this name since then", "keeps checking")
    held.release()
    await place.onetrust.until(lambda: place.onetrust.scans)
    (scan,) = place.onetrust.scans
    place.onetrust.finish(scan.id, "PROGRESS")  # its version is known from then on
    await looked(place, "scans")

    await place.reply(shared, "was submitted to OneTrust", f"Scan ID: `{scan.id}`")
    assert len(place.onetrust.received) == 1


async def test_a_credential_that_can_t_read_switches_results_off_without_harm(place: Office, caplog):
    await place.stop()
    place.onetrust.faults.add("applications", times=None, status=403)
    before = place.onetrust.count("applications")
    await place.start()
    await place.onetrust.until(lambda: place.onetrust.count("applications") > before)

    shared = share(place, apk())
    await place.submitted(shared)
    place.clock.advance(60)
    assert "The result comes" not in place.read(await place.reply(shared, "was submitted"))
    said = [record.getMessage() for record in caplog.records if "results are not read" in record.getMessage()]
    assert len(said) == 1
    assert "COOKIE_READ" in said[0]
