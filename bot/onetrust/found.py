"""What answers of the Applications API hold, read with care: whatever comes, records come of it, or nothing.

What is missing, null or of a wrong type is left out; texts are cleaned and cut, counts that make no sense are
dropped, words that were not published become ``OTHER``.

Source: https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar
from unicodedata import normalize

from bot.scans.models import Platform
from bot.scans.results import (
    Application,
    AppScan,
    DataType,
    Permission,
    PrivacyManifest,
    Results,
    ScanStatus,
    Sdk,
)

T = TypeVar("T")

ID_LIMIT: Final = 200
NAME_LIMIT: Final = 300
WORD_LIMIT: Final = 100
TEXT_LIMIT: Final = 2000
"""Characters; longer texts are cut, and what is longer than ``ID_LIMIT`` is no ID."""

MOST: Final = 1_000_000
"""A higher count is none."""

ENTRIES: Final = 5000
"""So many permissions, categories or data types are read of one answer."""

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LATEST_S = 4_102_444_800.0  # the year 2100
_MILLISECONDS_FROM = 1e11


def application(value: object) -> Application | None:
    """Read one application of the list; ``None`` where it has no ID or no name."""
    record = _record(value)
    app_id, name = _id(record.get("id") or record.get("applicationId")), text(record.get("name"), NAME_LIMIT)
    if app_id is None or name is None:
        return None
    return Application(
        id=app_id,
        name=name,
        platform=_platform(record.get("os")) or _platform(record.get("platform")),
        status=_status(record.get("status")),
    )


def app_scan(value: object) -> AppScan | None:
    """Read one scan; ``None`` where it has no ID."""
    record = _record(value)
    scan_id = _id(record.get("scanId") or record.get("id"))
    if scan_id is None:
        return None
    return AppScan(
        id=scan_id,
        status=_status(record.get("status")),
        scanned_at=when(record.get("scanDate")),
        version=text(record.get("version"), WORD_LIMIT),
        engine_version=text(record.get("engineVersion"), WORD_LIMIT),
    )


def sdk(value: object) -> Sdk | None:
    """Read one SDK; ``None`` where it has neither a package ID nor a name."""
    record = _record(value)
    package_id, name = text(record.get("packageId"), NAME_LIMIT), text(record.get("name"), NAME_LIMIT)
    if package_id is None and name is None:
        return None
    return Sdk(
        package_id=package_id or name or "",
        name=name or package_id or "",
        vendor=text(record.get("vendor"), NAME_LIMIT),
        category=text(record.get("category"), WORD_LIMIT) or "Unknown",
        description=text(record.get("description"), TEXT_LIMIT),
    )


def permissions(value: object) -> tuple[Permission, ...]:
    """Read the array of permissions, each name once."""
    found: dict[str, Permission] = {}
    for record in map(_record, _items(value)):
        name = text(record.get("name"), NAME_LIMIT)
        if name is not None:
            found.setdefault(
                name,
                Permission(
                    name=name,
                    category=text(record.get("category"), WORD_LIMIT),
                    description=text(record.get("description"), TEXT_LIMIT),
                    status=text(record.get("status"), WORD_LIMIT),
                    sensitivity=text(record.get("sensitivity"), WORD_LIMIT),
                ),
            )
    return tuple(found.values())


def privacy_manifest(value: object) -> PrivacyManifest | None:
    """Read the summary of an iOS privacy manifest; ``None`` where there is nothing in it."""
    record = _record(value)
    data_types = tuple(_data_types(record.get("dataTypes")))
    names = ("countTotal", "countAligned", "countMismatched", "countMissing")
    total, *others = (count(record.get(name)) for name in names)
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
    """Join what was found in ``scan``; ``value`` is the scan as it was told, with its counts."""
    record = _record(value)
    told = app_scan({**record, "scanId": scan.id}) or scan
    return Results(
        scan=AppScan(
            id=scan.id,
            status=scan.status if told.status is ScanStatus.OTHER else told.status,
            scanned_at=scan.scanned_at if told.scanned_at is None else told.scanned_at,
            version=told.version or scan.version,
            engine_version=told.engine_version or scan.engine_version,
        ),
        sdk_count=_or(count(record.get("sdkCount")), len(sdks)),
        sdk_categories=_counts(record.get("sdkCategories")) or Counter(each.category for each in sdks),
        permission_count=_or(count(record.get("permissionCount")), len(asked)),
        high_risk_count=_or(
            count(record.get("permissionCountHighRisk")), sum(each.is_high_risk for each in asked)
        ),
        permission_categories=_counts(record.get("permissionCategories"))
        or Counter(each.category or "Unknown" for each in asked),
        sdks=sdks,
        permissions=asked,
        privacy_manifest=manifest,
    )


def text(value: object, limit: int) -> str | None:
    """Return a text without line breaks and signs that can't be seen, cut; ``None`` where there is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 128:
        value = str(value)
    if not isinstance(value, str):
        return None
    whole = value[: 4 * limit].encode("utf-8", "replace").decode()  # half of a pair can't be stored
    clean = _UNSEEN.sub(" ", normalize("NFC", whole)).strip()
    return (clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…") or None


def count(value: object) -> int | None:
    """Return a count from 0 to ``MOST``; ``None`` for all else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST else None


def when(value: object) -> float | None:
    """Return a time: ISO 8601 (UTC where it names no zone), or seconds or milliseconds since the epoch."""
    if isinstance(value, str):
        value = value.strip()[:64]
        if not re.fullmatch(r"[0-9]{9,16}", value):
            return _possible(_iso(value))
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST_S * 1000:
        return None
    return _possible(value / 1000 if value >= _MILLISECONDS_FROM else float(value))


def unique(found: Iterable[T | None]) -> list[T]:
    """Return what was found, each once, in its order."""
    return list(dict.fromkeys(each for each in found if each is not None))


def _iso(value: str) -> float:
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _possible(seconds: float) -> float | None:
    return seconds if 0 < seconds < _LATEST_S else None


def _status(value: object) -> ScanStatus:
    try:
        return ScanStatus(value.strip().upper()) if isinstance(value, str) else ScanStatus.OTHER
    except ValueError:
        return ScanStatus.OTHER


def _platform(value: object) -> Platform | None:
    word = value.strip().upper() if isinstance(value, str) else ""
    return next((platform for platform in Platform if platform.name == word), None)


def _data_types(value: object) -> Iterable[DataType]:
    if isinstance(value, Mapping):
        named = list(value.items())[:ENTRIES]
    else:
        named = [(_record(each).get("dataType"), each) for each in _items(value)]
    seen: set[str] = set()
    for key, each in named:
        name, record = text(key, WORD_LIMIT), _record(each)
        if name is None or name in seen:
            continue
        seen.add(name)
        purposes = [text(purpose, WORD_LIMIT) for purpose in _items(record.get("purposes"))[:WORD_LIMIT]]
        mismatches = record.get("mismatches")
        if isinstance(mismatches, list):
            mismatches = len({m for m in mismatches if isinstance(m, str) and m.strip().upper() != "NONE"})
        yield DataType(
            name=name,
            sdk_count=count(record.get("sdkCount")) or 0,
            purposes=tuple(purpose for purpose in purposes if purpose is not None),
            mismatches=count(mismatches) or 0,
        )


def _counts(value: object) -> dict[str, int]:
    found: Counter[str] = Counter()
    for key, number in list(_record(value).items())[:ENTRIES]:
        name, counted = text(key, WORD_LIMIT), count(number)
        if name is not None and counted:
            found[name] += counted
    return dict(found)


def _record(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[object]:
    return value[:ENTRIES] if isinstance(value, list) else []


def _id(value: object) -> str | None:
    known = text(value, ID_LIMIT + 1)
    return known if known is not None and len(known) <= ID_LIMIT else None


def _or(value: int | None, other: int) -> int:
    return other if value is None else value
