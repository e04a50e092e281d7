"""The Applications API, by its published shapes: apps are made, scanned and listed, and results are read."""

import asyncio
import hashlib
import uuid

import httpx
import pytest

from sandbox.onetrust import DataType, Permission, Results, Sdk
from tests.sandbox.onetrust.conftest import build

NEW = {"name": "Shop", "solutionType": "API", "platform": "IOS", "orgId": str(uuid.uuid4())}
PAGE = {
    *("content", "totalPages", "totalElements", "number", "size", "numberOfElements"),
    *("first", "last", "empty", "sort", "pageable"),
}


@pytest.fixture
async def scan(tenant, submit):
    """Return the path of a scan that is complete."""
    taken = await submit("Shop.ipa")
    return f"/applications/{taken.app_id}/scans/{taken.scan_id}"


async def test_an_application_is_made_and_scanned(tenant, api, read):
    made = await api.post("/application", json=NEW)

    assert made.status_code == 201
    assert made.json() == {
        "applicationId": tenant.apps[0].id,
        "name": "Shop",
        "platform": "IOS",
        "fileType": "ipa",
        "scanId": None,
    }
    assert (await read("/applications"))["content"][0]["status"] == "UNSCANNED"

    ipa = build("Shop.ipa", "4.2")
    path = f"/application/{tenant.apps[0].id}/scan"
    begun = await api.put(path, files={"file": ("Shop.ipa", ipa)})

    assert begun.status_code == 201
    assert begun.json() == {"scanId": tenant.scans[0].id}
    (taken,) = tenant.received
    assert (taken.route, taken.request_id, taken.app_id) == ("direct", "", tenant.apps[0].id)
    assert (taken.sha256, taken.scan_id) == (hashlib.sha256(ipa).hexdigest(), tenant.scans[0].id)
    assert (tenant.scans[0].identifier, tenant.scans[0].version) == ("com.example.shop", "4.2")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a" * 256},
        {"name": 1},
        {"solutionType": "SDK"},
        {"platform": "ios"},
        {"orgId": "org-123"},
        {"more": "1"},
    ],
)
async def test_an_application_is_made_of_what_is_published_alone(tenant, api, wrong):
    assert (await api.post("/application", json=NEW | wrong)).status_code == 400
    assert tenant.apps == []


async def test_an_application_is_made_of_json_alone(api):
    assert (await api.post("/application", data=NEW)).status_code == 400
    headers = {"Content-Type": "application/json"}
    assert (await api.post("/application", content=b"{", headers=headers)).status_code == 400
    assert (await api.post("/application", json={"name": "Shop"})).status_code == 400


async def test_other_builds_are_not_scanned(tenant, api):
    path = f"/application/{tenant.add_app('Shop', 'ANDROID').id}/scan"
    apk = build()

    async def put(files, path=path):
        return (await api.put(path, files=files)).status_code

    assert await put({"file": ("shop.ipa", build("Shop.ipa"))}) == 400
    assert await put({"file": ("shop.apk", b"no zip")}) == 400
    assert await put({"build": ("shop.apk", apk)}) == 400
    assert await put([("file", ("shop.apk", apk)), ("dataFields", (None, "{}"))]) == 400
    assert await put({"file": ("shop.apk", apk)}, path.replace("/application/", "/application/1")) == 404
    assert (await api.put(path, content=apk)).status_code == 400
    assert tenant.scans == []
    assert await put({"file": ("shop.aab", apk)}) == 201


async def test_the_applications_are_listed_in_pages(tenant, api, read):
    for number in range(23):
        tenant.add_app(f"App {number:02}", "IOS" if number % 2 else "ANDROID")

    first, last = await read("/applications"), await read("/applications", page=2)
    assert first.keys() == last.keys() == PAGE
    assert [app["name"] for app in last["content"]] == ["App 20", "App 21", "App 22"]
    assert (first["totalPages"], first["totalElements"], first["number"], first["size"]) == (3, 23, 0, 10)
    assert (first["first"], first["last"], first["numberOfElements"]) == (True, False, 10)
    assert (last["first"], last["last"], last["numberOfElements"]) == (False, True, 3)
    beyond = await read("/applications", page=9)
    assert (beyond["empty"], beyond["content"], beyond["last"]) == (True, [], True)

    found = await read("/applications", searchStr="app 0", sortBy="name", direction="desc", size=100)
    assert [app["name"][-2:] for app in found["content"][:2]] == ["09", "08"]
    assert {app["os"] for app in found["content"]} == {"IOS", "ANDROID"}
    assert found["content"][0]["createdDate"] == "2025-06-15T15:06:40.000Z"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/applications", {"size": 101}),
        ("/applications", {"size": 0}),
        ("/applications", {"pageSize": 10}),
        ("/applications", {"page": -1}),
        ("/applications", {"page": "one"}),
        ("/applications", {"sortBy": "status"}),
        ("/applications", {"direction": "down"}),
        ("/applications/{}/scans", {"pageSize": 101}),
        ("/applications/{}/scans", {"sortBy": "version"}),
        ("/applications/{}/scans", {"size": 10}),
        ("/applications/{}/scans/{}", {"page": 0}),
        ("/applications/{}/scans/{}/sdks", {"pageSize": 101}),
        ("/applications/{}/scans/{}/sdks", {"sortBy": "packageId"}),
        ("/applications/{}/scans/{}/permissions", {"page": 0}),
        ("/applications/{}/scans/{}/privacy-manifest", {"version": "2"}),
    ],
)
async def test_what_is_not_published_is_not_asked_for(tenant, read, scan, path, query):
    told = await read(path.format(tenant.apps[0].id, tenant.scans[0].id), expect=400, **query)
    assert told
    assert tenant.calls[-1].status == 400


async def test_what_is_not_there_is_not_found(tenant, read, scan, submit):
    other = await submit()
    nowhere = f"/applications/{tenant.apps[0].id}/scans/{other.scan_id}"

    for path in (
        nowhere,
        f"/applications/{tenant.apps[0].id}/scans/1",
        f"/applications/{uuid.uuid4()}/scans/1",
    ):
        for tail in ("", "/sdks", "/permissions", "/privacy-manifest"):
            await read(path + tail, expect=404)
    await read(f"/applications/{uuid.uuid4()}/scans", expect=404)
    assert (await read(scan))["scanId"] == tenant.scans[0].id


async def test_a_scan_tells_what_it_found(tenant, read, scan):
    told = await read(scan)

    assert told == {
        "scanId": tenant.scans[0].id,
        "status": "COMPLETED",
        "sdkCount": 6,
        "sdkCategories": {"Strictly Necessary": 1, "Functionality": 2, "Performance": 2, "Unknown": 1},
        "permissionCount": 4,
        "permissionCountHighRisk": 1,
        "permissionCategories": {"Device Hardware": 2, "Media": 1, "Network": 1},
        "scanDate": "2025-06-15T15:06:40.000Z",
        "version": "1.0",
        "engineVersion": "2.0.0",
    }
    page = await read(f"/applications/{tenant.apps[0].id}/scans")
    assert page.keys() == PAGE
    assert page["content"] == [told]


async def test_sdks_permissions_and_the_privacy_manifest_are_read(read, scan):
    sdks = await read(scan + "/sdks", sortBy="vendor", direction="desc", pageSize=4, page=1)
    assert sdks.keys() == PAGE
    assert [sdk["vendor"] for sdk in sdks["content"]] == ["Google", "Airbnb"]
    assert sdks["content"][0].keys() == {"packageId", "name", "vendor", "category", "description"}
    found = await read(scan + "/sdks", nameSearch="firebase", defaultCategorySearch="perf")
    assert [sdk["name"] for sdk in found["content"]] == ["Firebase Analytics", "Firebase Crashlytics"]

    permissions = await read(scan + "/permissions")
    assert permissions[0]["name"] == "NSCameraUsageDescription"
    assert permissions[0].keys() == {"name", "category", "description", "status", "sensitivity"}

    manifest = await read(scan + "/privacy-manifest")
    counts = [manifest[f"count{name}"] for name in ("Total", "Aligned", "Mismatched", "Missing")]
    assert counts == [3, 2, 1, 0]
    assert manifest["dataTypes"]["PRODUCT_INTERACTION"] == {
        "dataType": "PRODUCT_INTERACTION",
        "sdkCount": 1,
        "purposes": ["ANALYTICS"],
        "mismatches": ["DATA_PURPOSE"],
    }


async def test_there_is_no_privacy_manifest_of_android(tenant, read, submit):
    taken = await submit()

    await read(f"/applications/{taken.app_id}/scans/{taken.scan_id}/privacy-manifest", expect=404)
    assert tenant.calls[-1].status == 404


async def test_a_test_says_what_is_found(tenant, read, submit):
    tenant.results_for(
        "com.example.shop",
        "2.0",
        Results(
            sdks=[Sdk(package_id="a", name="A", category=None)],
            permissions=[Permission(name="P", sensitivity="HIGH"), Permission(name="Q")],
            data_types={"DEVICE_ID": DataType(mismatches=["DATA_TYPE"])},
        ),
    )
    tenant.results_for("Shop", None, Results())
    first = await submit("Shop.ipa", "1.0")
    second = await submit("Shop.ipa", "2.0", app_id=first.app_id)
    scans = f"/applications/{first.app_id}/scans"

    assert (await read(f"{scans}/{first.scan_id}"))["sdkCount"] == 0
    told = await read(f"{scans}/{second.scan_id}")
    assert (told["sdkCategories"], told["permissionCount"], told["permissionCountHighRisk"]) == (
        {"Unknown": 1},
        2,
        1,
    )
    assert (await read(f"{scans}/{second.scan_id}/privacy-manifest"))["countMissing"] == 1


async def test_fields_are_null_or_left_out(tenant, read, scan):
    tenant.blank("sdks", "vendor", "totalPages")
    tenant.blank("permissions", "sensitivity", how="missing")
    tenant.blank("scan", "version", "sdkCategories", how="missing")

    sdks = await read(scan + "/sdks")
    assert sdks["totalPages"] is None
    assert [sdk["vendor"] for sdk in sdks["content"]] == [None] * 6
    assert all("sensitivity" not in permission for permission in await read(scan + "/permissions"))
    assert not {"version", "sdkCategories"} & (await read(scan)).keys()
    with pytest.raises(LookupError, match="applications, scans"):
        tenant.blank("webhook", "requestId")


async def test_a_credential_does_what_its_scopes_say(tenant, api, read, scan, submit):
    tenant.tokens.scopes = {"INTEGRATION", "COOKIE"}
    for path in ("/applications", scan, scan + "/sdks", scan + "/permissions", scan + "/privacy-manifest"):
        await read(path, expect=403)
    await submit()

    tenant.tokens.scopes = {"COOKIE_READ"}
    await read(scan)
    assert (await api.post("/application", json=NEW)).status_code == 403
    file = {"file": ("Shop.ipa", build("Shop.ipa"))}
    assert (await api.put(f"/application/{tenant.apps[0].id}/scan", files=file)).status_code == 403
    assert (await api.post(tenant.webhook_url, files=file)).status_code == 403
    assert (await api.get("/applications", headers={"Authorization": "Bearer x"})).status_code == 401
    assert len(tenant.received) == 2


async def test_a_tenant_may_be_without_the_api(tenant, api, read, scan, submit):
    tenant.applications.is_there = False

    for path in ("/applications", scan, scan + "/sdks"):
        await read(path, expect=404)
    assert (await api.post("/application", json=NEW)).status_code == 404
    assert (await submit()).scan_id is not None


async def test_too_many_calls_in_a_minute_are_refused(tenant, api, read, scan):
    tenant.limits.per_minute = 2
    await read(scan)
    tenant.clock.advance(15)
    await read(scan)
    refused = await api.get(scan)

    assert refused.status_code == 429
    assert uuid.UUID(refused.headers.pop("ot-ratelimit-event-id"))
    told = {name: refused.headers[name] for name in ("Retry-After", "ot-period", "ot-requests-allowed")}
    assert told == {"Retry-After": "45", "ot-period": "MINUTE", "ot-requests-allowed": "2"}
    assert refused.headers["ot-request-made"] == "3"
    await read("/applications")  # another endpoint
    tenant.clock.advance(45)
    await read(scan)
    assert [call.status for call in tenant.calls if call.point == "scan"] == [200, 200, 429, 200]
    assert (tenant.most_per_minute("scan"), tenant.most_per_minute()) == (3, 5)


async def test_any_call_goes_wrong_as_told(tenant, api, read, scan):
    tenant.faults.add("sdks", status=503, retry_after=9)
    tenant.faults.add("permissions", body="<html>", content_type="text/html")
    tenant.faults.add("scan", answer_lost=True, where={"scan_id": tenant.scans[0].id})
    tenant.faults.add("application_create", status=500, value="taken")

    refused = await api.get(scan + "/sdks")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "9")
    assert (await api.get(scan + "/permissions")).text == "<html>"
    with pytest.raises(httpx.TransportError):
        await read(scan)
    assert (await api.post("/application", json=NEW)).status_code == 500
    assert len(tenant.apps) == 2
    tenant.faults.add("application_create", status=500)
    assert (await api.post("/application", json=NEW)).status_code == 500
    assert len(tenant.apps) == 2


async def test_an_upload_is_cut_and_held(tenant, api):
    path = f"/application/{tenant.add_app('Shop', 'ANDROID').id}/scan"
    file = build()[:4] + bytes(600_000) + build()[-22:]
    tenant.faults.add("application_scan", cut_after=1000)
    with pytest.raises(httpx.TransportError):
        await api.put(path, files={"file": ("shop.apk", file)})

    held = tenant.faults.add("application_scan", hold=True, hold_after=1000)
    putting = asyncio.create_task(api.put(path, files={"file": ("shop.apk", file)}))
    await held.reached()
    assert tenant.scans == []
    held.release()
    assert (await putting).status_code == 201
    assert len(tenant.scans) == 1
