"""Asking for what scans found: what changed, which apps have an SDK, what is under way, and for whom."""

from dataclasses import replace

import pytest

from tests.scenario.finding import RESULTS, announced
from tests.scenario.office import Office, apk

ID = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"


@pytest.fixture(autouse=True)
def _hurried(place: Office):
    place.clock.hurried = True


async def scanned(place: Office, version: str, results=RESULTS, *, where=None):
    shared = place.dana.share(where or place.builds_channel, [(f"shop-{version}.apk", apk(version))])
    await place.submitted(shared)
    await announced(place, shared, results)


async def test_two_versions_are_compared_and_an_sdk_is_found_in_them(place: Office):
    await place.command(f"link com.example.shop {ID} android")
    await scanned(place, "4.1.0", replace(RESULTS, sdks=RESULTS.sdks[1:]))
    await scanned(place, "4.2.0")

    changed = await place.command("diff com.example.shop 4.1.0 4.2.0")
    assert "Shop (`com.example.shop` on Android): `4.1.0 (420)` (#1, " in changed
    assert "New SDKs (1)\n• AppsFlyer" in changed
    assert await place.command("diff shop") == changed

    held = await place.command("sdk appsflyer")
    assert held.startswith("Apps with an SDK like `appsflyer`, last scanned first\nShop · Android · ")
    assert "in `4.2.0` (#2)" in held
    assert "#2" in await place.command("history sdk:appsflyer")
    assert "#1 " not in await place.command("history sdk:appsflyer")
    nothing = await place.command("sdk nothing")
    assert "Results aren't read from OneTrust here, so this is unknown." in nothing

    status = await place.command("status com.example.shop")
    assert "Scan #2: Shop 4.2.0" in status
    assert status.count("the webhook") == 1
    assert "State: submitted; completed by OneTrust, " in status
    assert "Found: 4 SDKs; 2 permissions, 1 of them high-risk" in status
    assert "No scan that you may see is under way" in await place.command("status")


async def test_what_was_found_in_private_is_told_to_nobody_else(place: Office):
    secret = place.slack.channel("skunkworks", members=["dana"], kind="private")
    await scanned(place, "4.2.0", where=secret)

    for asked in ("sdk appsflyer", "history sdk:appsflyer", "diff shop", "status com.example.shop"):
        told = await place.command(asked, who=place.eli)
        assert "4.2.0" not in told, told
        assert "AppsFlyer" not in told, told
    assert "in `4.2.0` (#1)" in await place.command("sdk appsflyer")
