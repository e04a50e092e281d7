"""Results as a test needs them, kept for scans that were completed."""

from dataclasses import replace

from bot.core.scan import Build, Scan, Share, State
from bot.features.results.models import AppScan, OneTrustScanStatus, Permission, Results, Sdk
from bot.wiring.repositories import Repositories
from tests.fakes import SHOP
from tests.unit.features.scenes import a_scan

FIREBASE = Sdk(
    package_id="com.google.firebase", name="Firebase Analytics", vendor="Google", category="Analytics"
)
ADJUST = Sdk(package_id="com.adjust.sdk", name="Adjust", vendor="Adjust GmbH", category="Targeting")
CAMERA = Permission(name="CAMERA", sensitivity="HIGH")


def some_results(*sdks: Sdk, permissions: tuple[Permission, ...] = ()) -> Results:
    """Return what a completed scan found."""
    return Results(
        scan=AppScan(id="scan-1", status=OneTrustScanStatus.COMPLETED, version="4.2.0", engine_version="7.1"),
        sdk_count=len(sdks),
        sdks=sdks,
        permission_count=len(permissions),
        high_risk_count=sum(each.is_high_risk for each in permissions),
        permissions=permissions,
    )


async def a_completed_scan(
    store: Repositories,
    share: Share,
    *sdks: Sdk,
    build: Build = SHOP,
    version: str | None = None,
    permissions: tuple[Permission, ...] = (),
) -> Scan:
    """Submit a build, and keep what OneTrust found in it."""
    if version is not None:
        build = replace(build, version=version)
    scan = await a_scan(store, State.SUBMITTED, share, build=build)
    await store.results.keep(scan.number, some_results(*sdks, permissions=permissions))
    return await store.scans.scan(scan.number)
