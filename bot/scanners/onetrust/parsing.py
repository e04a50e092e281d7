"""Parsing responses of the Applications API: whatever comes in, records come out, or nothing.

Fields that are missing, null or of a wrong type are left out. Strings are cleaned and cut, impossible counts
are dropped, and unpublished words become ``OTHER``.

Source: https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from bot.core.scan import Platform
from bot.features.results.models import (
    Application,
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    Sdk,
)
from bot.scanners.http import json_fields
from bot.scanners.http.json_fields import identifier, items, member, record, records, text, timestamp, unique

ID_LIMIT: Final = 150
"""Characters of an ID; a longer one, which does not fit into a menu of Slack, is dropped."""
NAME_LIMIT: Final = 300
TEXT_LIMIT: Final = 2000
"""Characters; longer strings are cut."""

MAX_COUNT: Final = 1_000_000
"""A higher count is dropped."""

MAX_ENTRIES: Final = 5000
"""Permissions, categories or data types that are read from one response."""

MAX_PURPOSES: Final = 100

count = partial(json_fields.count, maximum=MAX_COUNT)


def application(value: object) -> Application | None:
    """Parse one application of the list; ``None`` without an ID or a name."""
    fields = record(value)
    app_id = identifier(fields.get("id") or fields.get("applicationId"), ID_LIMIT)
    name = text(fields.get("name"), NAME_LIMIT)
    if app_id is None or name is None:
        return None
    return Application(
        id=app_id,
        name=name,
        platform=member(Platform, fields.get("os"), None) or member(Platform, fields.get("platform"), None),
        status=member(OneTrustScanStatus, fields.get("status"), OneTrustScanStatus.OTHER),
    )


def app_scan(value: object) -> AppScan | None:
    """Parse one scan; ``None`` without an ID."""
    fields = record(value)
    scan_id = identifier(fields.get("scanId") or fields.get("id"), ID_LIMIT)
    if scan_id is None:
        return None
    return AppScan(
        id=scan_id,
        status=member(OneTrustScanStatus, fields.get("status"), OneTrustScanStatus.OTHER),
        scanned_at=timestamp(fields.get("scanDate")),
        version=text(fields.get("version")),
        engine_version=text(fields.get("engineVersion")),
    )


def sdk(value: object) -> Sdk | None:
    """Parse one SDK; ``None`` without a package ID and a name."""
    fields = record(value)
    package_id, name = text(fields.get("packageId"), NAME_LIMIT), text(fields.get("name"), NAME_LIMIT)
    if package_id is None and name is None:
        return None
    return Sdk(
        package_id=package_id or name or "",
        name=name or package_id or "",
        vendor=text(fields.get("vendor"), NAME_LIMIT),
        category=text(fields.get("category")) or "Unknown",
        description=text(fields.get("description"), TEXT_LIMIT),
    )


def permissions(value: object) -> tuple[Permission, ...]:
    """Parse the list of permissions, each name once."""
    found = [
        Permission(
            name=name,
            category=text(fields.get("category")),
            description=text(fields.get("description"), TEXT_LIMIT),
            status=text(fields.get("status")),
            sensitivity=text(fields.get("sensitivity")),
        )
        for fields in records(value, MAX_ENTRIES)
        if (name := text(fields.get("name"), NAME_LIMIT))
    ]
    return tuple(unique(found, key=lambda permission: permission.name))


def privacy_manifest(value: object) -> PrivacyManifest | None:
    """Parse the summary of an iOS privacy manifest; ``None`` if it is empty."""
    fields = record(value)
    data_types = tuple(unique(_data_types(fields.get("dataTypes")), key=lambda each: each.name))
    names = ("countTotal", "countAligned", "countMismatched", "countMissing")
    total, *others = (count(fields.get(name)) for name in names)
    if not data_types and total is None and not any(others):
        return None
    aligned, mismatched, missing = (other or 0 for other in others)
    return PrivacyManifest(
        total=len(data_types) if total is None else total,
        aligned=aligned,
        mismatched=mismatched,
        missing=missing,
        data_types=data_types,
    )


def results(
    value: object,
    scan: AppScan,
    sdks: tuple[Sdk, ...],
    asked: tuple[Permission, ...],
    manifest: PrivacyManifest | None,
) -> Results:
    """Join what was found in ``scan``; ``value`` is the scan's own response, which has the counts."""
    fields = record(value)
    parsed = app_scan({**fields, "scanId": scan.id}) or scan
    unknown = {None, OneTrustScanStatus.OTHER}
    known = {name: value for name, value in vars(parsed).items() if value not in unknown}
    counts = [count(fields.get(name)) for name in ("sdkCount", "permissionCount", "permissionCountHighRisk")]
    own_counts = [len(sdks), len(asked), sum(each.is_high_risk for each in asked)]
    sdk_count, permission_count, high_risk_count = (
        own if counted is None else counted for counted, own in zip(counts, own_counts, strict=True)
    )
    return Results(
        scan=replace(scan, **known),
        sdk_count=sdk_count,
        sdk_categories=_counts(fields.get("sdkCategories")) or Counter(each.category for each in sdks),
        permission_count=permission_count,
        high_risk_count=high_risk_count,
        permission_categories=_counts(fields.get("permissionCategories"))
        or Counter(each.category or "Unknown" for each in asked),
        sdks=sdks,
        permissions=asked,
        privacy_manifest=manifest,
    )


def _data_types(value: object) -> Iterable[DataType]:
    if isinstance(value, Mapping):
        named = list(value.items())[:MAX_ENTRIES]
    else:
        named = [(record(each).get("dataType"), each) for each in items(value, MAX_ENTRIES)]
    for key, each in named:
        name, fields = text(key), record(each)
        if name is None:
            continue
        purposes = [text(purpose) for purpose in items(fields.get("purposes"), MAX_PURPOSES)]
        mismatches = fields.get("mismatches")
        if isinstance(mismatches, list):
            mismatches = len({m for m in mismatches if isinstance(m, str) and m.strip().upper() != "NONE"})
        yield DataType(
            name=name,
            sdk_count=count(fields.get("sdkCount")) or 0,
            purposes=tuple(purpose for purpose in purposes if purpose is not None),
            mismatches=count(mismatches) or 0,
        )


def _counts(value: object) -> dict[str, int]:
    found: Counter[str] = Counter()
    for key, number in list(record(value).items())[:MAX_ENTRIES]:
        name, counted = text(key), count(number)
        if name is not None and counted:
            found[name] += counted
    return dict(found)
