"""The workflows that are told of a file on FTP, and fetch it from the folder that their login sees."""

import hashlib

import httpx
import pytest

from tests.sandbox.onetrust.conftest import build

NEW = {"uploadType": "FTP", "filePath": "in/a.apk", "fileType": "apk", "name": "Shop", "os": "ANDROID"}


@pytest.fixture
def depot(tenant, tmp_path):
    (tmp_path / "depot" / "in").mkdir(parents=True)
    tenant.workflow.depot = tmp_path / "depot"
    return tmp_path / "depot"


@pytest.fixture
def post(tenant, api):
    """Return what posts JSON to the webhook of new scans, or with ``appId`` to that of rescans."""

    async def posted(expect=202, **fields):
        url = tenant.ftp_rescan_webhook_url if "appId" in fields else tenant.ftp_webhook_url
        answer = await api.post(url, json=NEW | fields)
        assert answer.status_code == expect, answer.text
        if expect == 202:
            assert answer.json() == {"requestId": tenant.received[-1].request_id}
            await tenant.until(lambda: tenant.received[-1].found is not None)
        return tenant.received[-1] if tenant.received else None

    return posted


@pytest.mark.parametrize("path", ["in/a.apk", "/in/a.apk", "/in/../in/a.apk"])
async def test_a_build_is_fetched_and_scanned(tenant, depot, post, path):
    (depot / "in/a.apk").write_bytes(build(version="7.1"))
    taken = await post(filePath=path)

    assert (taken.route, taken.found, taken.file_path, taken.file_name) == ("ftp", True, path, "a.apk")
    assert taken.sha256 == hashlib.sha256(build(version="7.1")).hexdigest()
    assert taken.size_bytes == len(build(version="7.1"))
    (scan,) = tenant.scans
    assert (scan.id, scan.version, tenant.status(scan)) == (taken.scan_id, "7.1", "COMPLETED")
    assert [(app.id, app.name, app.platform) for app in tenant.apps] == [(taken.app_id, "Shop", "ANDROID")]


async def test_a_rescan_goes_to_its_app(tenant, depot, post):
    (depot / "in/a.apk").write_bytes(build())
    app = tenant.add_app("Shop", "ANDROID")
    taken = await post(appId=app.id)
    unknown = await post(appId="somewhere")

    assert (taken.is_rescan, taken.is_known, taken.name) == (True, True, None)
    assert [scan.app for scan in tenant.scans] == [app]
    assert (unknown.found, unknown.is_known, unknown.scan_id) == (True, False, None)


@pytest.mark.parametrize(
    "path", ["in/b.apk", "../secret.apk", "/../secret.apk", "in", "link.apk", "a\0", "a" * 999]
)
async def test_what_is_not_in_the_depot_is_not_found(tenant, depot, post, path):
    (depot.parent / "secret.apk").write_bytes(build())
    (depot / "link.apk").symlink_to(depot.parent / "secret.apk")
    taken = await post(filePath=path)

    assert (taken.found, taken.size_bytes, taken.sha256, taken.scan_id) == (False, 0, "", None)
    assert (tenant.apps, tenant.scans) == ([], [])


async def test_a_build_that_is_cut_off_fails_its_scan(tenant, depot, post):
    (depot / "in/a.apk").write_bytes(build()[:-30])
    await post()

    assert tenant.status(tenant.scans[0]) == "FAILED"


async def test_a_file_comes_from_elsewhere(tenant, tmp_path, post):
    asked = []

    async def fetch(path):
        asked.append(path)
        (tmp_path / "a.ipa").write_bytes(build("Shop.ipa"))
        return tmp_path / "a.ipa"

    tenant.workflow.fetch = fetch
    await post(filePath="x/a.ipa", fileType="ipa", os="IOS")

    assert asked == ["x/a.ipa"]
    assert tenant.scans[0].identifier == "com.example.shop"


@pytest.mark.parametrize(
    "wrong",
    [
        {"uploadType": "REST"},
        {"fileType": "ipa"},
        {"fileType": "aab"},
        {"os": "android"},
        {"name": " "},
        {"filePath": 1},
        {"more": "1"},
    ],
)
async def test_other_json_is_refused(tenant, post, wrong):
    await post(expect=400, **wrong)
    assert tenant.received == []


async def test_json_alone_is_taken_by_who_may(tenant, api):
    async def status(url=tenant.ftp_webhook_url, **more):
        return (await api.post(url, **more)).status_code

    assert await status(content=b"{}") == 400
    assert await status(files={"file": ("a.apk", b"PK")}) == 400
    assert await status(json=[]) == 400
    assert await status(json=NEW | {"appId": "a"}) == 400
    assert await status(tenant.ftp_rescan_webhook_url, json=NEW) == 400
    assert await status(json=NEW, headers={"Authorization": "Bearer x"}) == 401
    assert await status(tenant.ftp_webhook_url + "0", json=NEW) == 404
    tenant.tokens.scopes = {"COOKIE"}
    assert await status(json=NEW) == 403
    assert tenant.received == []


async def test_it_goes_wrong_as_told(tenant, api, depot, post):
    tenant.faults.add("ftp_webhook", status=503, retry_after=3, where={"name": "Shop"})
    await post(expect=503)
    assert tenant.received == []
    tenant.faults.add("ftp_webhook", answer_lost=True)
    with pytest.raises(httpx.TransportError):
        await post()
    assert len(tenant.received) == 1
    assert [call.status for call in tenant.calls if call.point == "ftp_webhook"] == [503, None]


async def test_all_webhooks_are_blocked_together_for_a_minute(tenant, post, submit):
    tenant.limits.webhooks_per_minute = 2
    await post()
    await submit()
    await post(expect=429)
    tenant.clock.advance(59)
    await post(expect=429)
    tenant.clock.advance(1)
    await post()
    assert len(tenant.received) == 3
