"""What the domain may count on from the reader of results, tried on the stand-in's Applications API."""

import asyncio

import httpx
import pytest

from bot.core.rate_limit import RateLimiter
from bot.core.scan import Platform
from bot.errors import CannotRead, NotFound, TryLater
from bot.features.results.models import AppScan, OneTrustScanStatus
from bot.scanners.onetrust.applications import OneTrustApplications
from bot.scanners.onetrust.auth import ClientCredentials
from bot.scanners.onetrust.client import REQUESTS, Inquiry
from sandbox.clock import HeldClock
from sandbox.onetrust import DataType, OneTrustSandbox, Permission, Results, Sdk
from sandbox.onetrust.manifest import Manifest

KNOWN = AppScan(id="0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d", status=OneTrustScanStatus.COMPLETED)


class Tenant:
    """A stand-in with its clock, and a client that reads from it."""

    def __init__(self, onetrust: OneTrustSandbox, client: httpx.AsyncClient) -> None:
        self.onetrust = onetrust
        self.clock = onetrust.clock
        tokens = ClientCredentials(client, onetrust.url, onetrust.client_id, onetrust.client_secret)
        self.budget = RateLimiter(self.clock, REQUESTS)
        self.applications = OneTrustApplications(onetrust.url, Inquiry(client, tokens, self.budget))

    def scanned(self, name: str = "Shop", platform: str = "ANDROID", version: str = "4.2.0"):
        app = next((app for app in self.onetrust.apps if app.name == name), None)
        app = app or self.onetrust.add_app(name, platform)
        manifest = Manifest(identifier="com.example.shop", version=version)
        return app, self.onetrust.scanner.make(app, manifest, sha256="ab" * 32, size_bytes=1)


@pytest.fixture
async def tenant():
    async with OneTrustSandbox(clock=HeldClock()) as onetrust, httpx.AsyncClient() as client:
        yield Tenant(onetrust, client)


async def test_an_app_by_its_exact_name_and_platform(tenant):
    wanted = tenant.onetrust.add_app("Café", "ANDROID")
    tenant.onetrust.add_app("Café", "IOS")
    tenant.onetrust.add_app("Café Admin", "ANDROID")
    tenant.onetrust.add_app("CAFÉ", "ANDROID")

    (found,) = await tenant.applications.named(" Cafe\u0301 ", Platform.ANDROID)

    assert (found.id, found.name, found.platform) == (wanted.id, "Café", Platform.ANDROID)
    assert found.status is OneTrustScanStatus.UNSCANNED
    assert await tenant.applications.named("Nothing", Platform.IOS) == []


async def test_an_app_beyond_the_first_page_is_found(tenant):
    for number in range(130):
        tenant.onetrust.add_app(f"App {number:03}", "IOS")
    wanted = tenant.onetrust.add_app("App", "IOS")
    tenant.onetrust.add_app("An App", "IOS")

    assert [app.id for app in await tenant.applications.named("App", Platform.IOS)] == [wanted.id]
    first, more = await tenant.applications.page(0)
    last, none = await tenant.applications.page(1)
    assert (len(first), more, len(last), none) == (100, True, 32, False)
    assert [app.name for app in (await tenant.applications.page(0, "App 12"))[0]][:2] == [
        "App 120",
        "App 121",
    ]


async def test_scans_newest_first(tenant):
    app, _ = tenant.scanned(version="4.1.0")
    tenant.clock.advance(60)
    _, newest = tenant.scanned(version="4.2.0")
    tenant.onetrust.finish(newest.id, "COMPLETED")

    scans = await tenant.applications.scans(app.id)

    assert [(scan.status, scan.version) for scan in scans] == [("COMPLETED", "4.2.0"), ("PENDING", None)]
    assert scans[0].id == newest.id
    assert scans[0].scanned_at == pytest.approx(newest.at, abs=0.001)


async def test_all_that_a_scan_found(tenant):
    app, scan = tenant.scanned(platform="IOS")
    found = Results(
        sdks=[
            Sdk(package_id=f"com.sdk.{n}", name=f"SDK {n}", category="Targeting" if n % 2 else None)
            for n in range(230)
        ],
        permissions=[Permission(name="CAMERA", sensitivity="HIGH"), Permission(name="MOTION")],
        data_types={"DEVICE_ID": DataType(sdk_count=3, mismatches=["TRACKING"])},
    )
    tenant.onetrust.finish(scan.id, "COMPLETED", results=found)
    (known,) = await tenant.applications.scans(app.id)
    results = await tenant.applications.results(app.id, known, Platform.IOS)

    assert len({sdk.package_id for sdk in results.sdks}) == results.sdk_count == 230
    assert results.sdk_categories == {"Targeting": 115, "Unknown": 115}
    assert (results.permission_count, results.high_risk_count) == (2, 1)
    assert (results.privacy_manifest.mismatched, results.privacy_manifest.data_types[0].mismatches) == (1, 1)
    assert results.scan.engine_version == "2.0.0"
    assert tenant.onetrust.count("sdks") == 3


async def test_missing_and_null_fields_are_met(tenant):
    tenant.onetrust.blank("sdks", "totalPages", "last", "vendor", how="missing")
    tenant.onetrust.blank("scan", "sdkCount", "sdkCategories", "scanDate", "version")
    tenant.onetrust.blank("permissions", "category", "sensitivity")
    app, scan = tenant.scanned()
    sdks = [Sdk(package_id=f"com.sdk.{n}", name=f"SDK {n}") for n in range(100)]
    tenant.onetrust.finish(scan.id, "COMPLETED", results=Results(sdks=sdks))
    known = (await tenant.applications.scans(app.id))[0]
    results = await tenant.applications.results(app.id, known, Platform.ANDROID)

    assert (results.sdk_count, len(results.sdks), results.scan.version) == (100, 100, "4.2.0")
    assert tenant.onetrust.count("sdks") == 2  # nothing but an empty page said that there are no more
    assert results.privacy_manifest is None
    assert tenant.onetrust.count("privacy_manifest") == 0


async def test_an_ios_app_without_a_privacy_manifest(tenant):
    app, scan = tenant.scanned(platform="IOS")
    tenant.onetrust.finish(scan.id, "COMPLETED")
    tenant.onetrust.faults.add("privacy_manifest", status=404)
    known = (await tenant.applications.scans(app.id))[0]

    assert (await tenant.applications.results(app.id, known, Platform.IOS)).privacy_manifest is None


@pytest.mark.parametrize("app_id", [KNOWN.id, "", "..", "a/../b?c#d", "x" * 300, "a\nb", "\ud83d"])
async def test_an_unknown_app_is_not_found(tenant, app_id):
    with pytest.raises(NotFound):
        await tenant.applications.scans(app_id)
    with pytest.raises(NotFound):
        await tenant.applications.results(app_id, KNOWN, Platform.IOS)


async def test_without_the_scope_nothing_is_read(tenant):
    tenant.onetrust.tokens.scopes -= {"COOKIE_READ"}

    for call in (
        tenant.applications.can_read(),
        tenant.applications.page(0),
        tenant.applications.scans(KNOWN.id),
        tenant.applications.results(KNOWN.id, KNOWN, Platform.IOS),
    ):
        with pytest.raises(CannotRead, match="COOKIE_READ"):
            await call


async def test_without_the_api_nothing_is_read(tenant):
    tenant.onetrust.applications.is_there = False

    for call in (tenant.applications.can_read(), tenant.applications.scans(KNOWN.id)):
        with pytest.raises(CannotRead, match="no Applications API"):
            await call


async def test_a_token_that_has_ended_is_made_anew_once(tenant):
    assert await tenant.applications.can_read()
    tenant.onetrust.tokens.revoke()
    assert await tenant.applications.can_read()
    tenant.onetrust.faults.add("applications", status=401, times=2)
    with pytest.raises(CannotRead, match="did not accept"):
        await tenant.applications.can_read()

    assert tenant.onetrust.count("applications") == 5


async def test_a_pause_that_is_asked_for_is_kept_by_all(tenant):
    tenant.onetrust.faults.add("applications", status=429, retry_after=40)
    with pytest.raises(TryLater) as first:
        await tenant.applications.page(0)
    with pytest.raises(TryLater) as other:
        await tenant.applications.scans(KNOWN.id)

    assert (first.value.retry_after_s, other.value.retry_after_s) == (40, 40)
    assert len(tenant.onetrust.calls) == 2  # the token's, and the one that was too many
    tenant.clock.advance(40)
    assert await tenant.applications.can_read()


async def test_calls_at_once_share_the_budget(tenant):
    calls = asyncio.gather(*(tenant.applications.can_read() for _ in range(70)))
    await tenant.onetrust.until(lambda: tenant.onetrust.count("applications") == 60)
    assert not calls.done()
    tenant.clock.advance(61)
    await calls

    assert tenant.onetrust.most_per_minute("applications") == 60


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503}, {"drop": True}, {"body": "<html>"}])
async def test_trouble_is_for_later(tenant, fault):
    tenant.onetrust.faults.add("applications", **fault)
    with pytest.raises(TryLater) as caught:
        await tenant.applications.page(0)
    assert "html" not in caught.value.user_message
