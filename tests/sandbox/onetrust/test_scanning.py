"""Scans take time, and the workflows that begin them may lag behind their 202."""

import json

import pytest

from sandbox.onetrust import Results, Sdk
from sandbox.onetrust.catalogue import PERMISSIONS, SDKS, results_of


async def told(read, scan):
    return await read(f"/applications/{scan.app.id}/scans/{scan.id}")


async def test_a_scan_waits_to_be_finished_unless_it_takes_a_known_time(tenant, read, submit):
    tenant.scanner.scan_s = None
    await submit()
    (scan,) = tenant.scans
    tenant.clock.advance(10_000)

    pending = await told(read, scan)
    assert (pending["status"], pending["version"], pending["sdkCount"]) == ("PENDING", None, None)
    sdks = await read(f"/applications/{scan.app.id}/scans/{scan.id}/sdks")
    assert (sdks["content"], sdks["totalElements"]) == ([], 0)
    assert await read(f"/applications/{scan.app.id}/scans/{scan.id}/permissions") == []

    tenant.finish(scan.app.id, "PROGRESS")
    assert (await told(read, scan))["version"] == "1.0"
    found = Results(sdks=[Sdk(package_id="a", name="A", category="Targeting")])
    assert tenant.finish(scan.app.id, results=found, version="1.0.1") is scan
    complete = await told(read, scan)
    assert (complete["status"], complete["version"]) == ("COMPLETED", "1.0.1")
    assert complete["sdkCategories"] == {"Targeting": 1}
    with pytest.raises(LookupError, match="not ended"):
        tenant.finish(scan.app.id)
    with pytest.raises(ValueError, match="there are PENDING"):
        tenant.finish(scan.id, "DONE")


async def test_a_scan_goes_by_the_clock(tenant, read, submit):
    tenant.scanner.scan_s = 60
    tenant.faults.add("scanning", value="INTERRUPTED", where={"version": "2.0"})
    app_id = (await submit("Shop.ipa")).app_id
    await submit("Shop.ipa", "2.0", app_id=app_id)
    seen = []
    for _ in range(3):
        seen.append([tenant.status(scan) for scan in tenant.scans])
        tenant.clock.advance(30)

    assert seen == [["PENDING"] * 2, ["PROGRESS"] * 2, ["COMPLETED", "INTERRUPTED"]]
    assert (await read("/applications"))["content"][0]["status"] == "INTERRUPTED"
    by_date = await read(f"/applications/{app_id}/scans", sortBy="status", direction="desc", pageSize=1)
    assert [scan["status"] for scan in by_date["content"]] == ["INTERRUPTED"]
    interrupted = await told(read, tenant.scans[1])
    assert (interrupted["version"], interrupted["sdkCount"]) == ("2.0", None)


async def test_a_later_version_has_two_sdks_and_a_permission_more(tenant, submit):
    app_id = (await submit("shop.apk", "1.0")).app_id
    for version in ("1.1", "1.0", "1.2"):
        await submit("shop.apk", version, app_id=app_id)
    first, later, again, last = (tenant.scanner.results(scan) for scan in tenant.scans)

    assert first == again
    assert [sdk.name for sdk in later.sdks[len(first.sdks) :]] == ["AppsFlyer", "Facebook SDK"]
    more = later.permissions[len(first.permissions) :]
    assert [permission.name for permission in more] == ["android.permission.ACCESS_FINE_LOCATION"]
    assert (len(last.sdks), len(last.permissions)) == (len(first.sdks) + 4, len(first.permissions) + 2)
    assert len(results_of("IOS", 50).sdks) == len(SDKS)
    assert len({each.name for each in PERMISSIONS["IOS"]}) == len(PERMISSIONS["IOS"])


async def test_a_workflow_lags_behind_its_answer(tenant, read, submit):
    held = tenant.faults.add("workflow", hold=True, where={"name": "Shop"})
    taken = await submit()
    assert (tenant.apps, taken.scan_id) == ([], None)
    assert (await read("/applications"))["empty"]

    held.release()
    await tenant.until(lambda: tenant.received[0].scan_id)
    assert [(app.id, app.name) for app in tenant.apps] == [(taken.app_id, "Shop")]
    assert tenant.received[0].scan_id == tenant.scans[0].id


async def test_a_workflow_or_a_scan_is_lost(tenant, submit):
    tenant.faults.add("workflow", drop=True)
    tenant.faults.add("scanning", drop=True)
    await submit()
    assert (tenant.apps, tenant.scans) == ([], [])
    await submit()
    assert (len(tenant.apps), tenant.scans) == (1, [])


async def test_a_rescan_of_an_unknown_app_fails_in_its_workflow(tenant, submit):
    taken = await submit(app_id="8b0c8cf5-8f2f-4a52-9c64-6b1d6b6f2a10")

    assert (taken.is_rescan, taken.is_known, taken.scan_id) == (True, False, None)
    assert (tenant.apps, tenant.scans) == ([], [])


async def test_it_is_all_done_from_another_process(tenant, api, read, submit):
    async def do(verb, expect=200, **arguments):
        answer = await api.post(f"{tenant.url}/control/{verb}", json=arguments)
        assert answer.status_code == expect, answer.text
        return answer.json()

    info = await do("info")
    assert (info["ftp_webhook_url"], info["org_id"]) == (tenant.ftp_webhook_url, tenant.org_id)
    await do("set", scan_s=None, requests_per_minute=50)
    found = {
        "sdks": [{"package_id": "a", "name": "A"}],
        "permissions": [{"name": "P", "sensitivity": "HIGH"}],
        "data_types": {"DEVICE_ID": {"mismatches": ["TRACKING"]}},
    }
    await do("results", app="Shop", version="1.0", results=found)
    taken = await submit("Shop.ipa")
    (pending,) = (await do("scans"))["scans"]
    assert (pending["scan_id"], pending["status"]) == (taken.scan_id, "PENDING")
    assert (await do("finish", id=taken.app_id))["status"] == "COMPLETED"
    scan = f"/applications/{taken.app_id}/scans/{taken.scan_id}"
    assert (await read(scan))["permissionCountHighRisk"] == 1
    assert (await read(scan + "/privacy-manifest"))["countMismatched"] == 1

    await do("blank", point="scan", fields=["version"])
    assert (await read(scan))["version"] is None
    await do("finish", id=taken.scan_id, status="FAILED", results=None)
    assert json.loads(json.dumps(await do("scans", since=0)))["scans"][0]["status"] == "FAILED"
    await do("set", scopes=["COOKIE"])
    await read(scan, expect=403)
    await do("set", has_applications_api=False)
    await read(scan, expect=404)
    await do("set", expect=400, speed=9)
    await do("finish", expect=400, id="nowhere")
    await do("results", expect=400, app="Shop", results={"sdk": []})
