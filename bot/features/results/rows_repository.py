"""Conversion of results, SDKs, permissions and data types to rows and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from bot.core.scan import Scan
from bot.errors import NotFound
from bot.features.results.diff import changes
from bot.features.results.models import (
    POLLED,
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    Poll,
    PrivacyManifest,
    Results,
    ResultsPart,
    ResultState,
    ResultStatus,
    Sdk,
)
from bot.features.submission.card import open_to
from bot.storage import rows
from bot.storage.connection import Connection

FOLLOWED: Final = "results.state IN ('finding', 'running')"

_SCAN = ("scanned_at", "version", "engine_version")
_COUNTS = ("sdk_count", "permission_count", "high_risk_count")
_CATEGORIES = ("sdk_categories", "permission_categories")
"""JSON."""
_MANIFEST = ("total", "aligned", "mismatched", "missing")
"""Their columns begin with ``manifest_``."""


def followed_of(row: Mapping[str, Any]) -> ResultStatus:
    """Return the record of a row of ``results``."""
    values = {field.name: row[field.name] for field in fields(ResultStatus)}
    values["state"] = ResultState(row["state"])
    values["status"] = OneTrustScanStatus(row["status"]) if row["status"] is not None else None
    return ResultStatus(**values)


def followed(db: Connection, number: int) -> ResultStatus:
    """Return a scan's polling state.

    Raises:
        NotFound: the scan was not submitted.
    """
    if (found := status(db, number)) is None:
        raise NotFound(f"Scan #{number} is not polled for results.")
    return found


def status(db: Connection, number: int) -> ResultStatus | None:
    """Return a scan's polling state; ``None`` if it was not submitted."""
    row = next(db.query("SELECT * FROM results WHERE scan = ?", [number]), None)
    return followed_of(row) if row is not None else None


def waiting(db: Connection) -> int:
    """Return the number of scans that are polled."""
    return db.table("results").count_where(FOLLOWED)


def polls(db: Connection, rest: str, *parameters: object) -> list[Poll]:
    """Return the submitted scans that ``rest`` (``WHERE …`` and what follows) selects."""
    scans = rows.scans_where(db, f"JOIN results ON results.scan = scans.number {rest}", *parameters)
    return [Poll(scan=scan, followed=followed(db, scan.number)) for scan in scans]


def write(db: Connection, number: int, results: Results) -> None:
    """Store a scan's results, replacing existing ones."""
    manifest = results.privacy_manifest
    values = {name: getattr(results.scan, name) for name in _SCAN}
    values |= {name: getattr(results, name) for name in (*_COUNTS, *_CATEGORIES)}
    values |= {f"manifest_{name}": getattr(manifest, name, None) for name in _MANIFEST}
    rows.update(db, "results", values, scan=number)
    for table, found in (
        ("sdks", results.sdks),
        ("permissions", results.permissions),
        ("data_types", manifest.data_types if manifest else ()),
    ):
        db.table(table).delete_where("scan = ?", [number])
        db.table(table).insert_all({"scan": number, **rows.plain(vars(each))} for each in found)


def read(db: Connection, number: int) -> Results | None:
    """Return a scan's results; ``None`` unless it is completed."""
    query = f"""
        SELECT results.*, o.scan_id AS id FROM results
        JOIN submissions AS o ON o.scan = results.scan AND o.{rows.ONETRUST}
        WHERE results.scan = ? AND results.state = 'completed' AND results.sdk_count IS NOT NULL
    """
    row = next(db.query(query, [number]), None)
    if row is None:
        return None
    about = {name: row[name] for name in _SCAN}
    return Results(
        scan=AppScan(id=row["id"] or "", status=OneTrustScanStatus.COMPLETED, **about),
        sdks=tuple(Sdk(**each) for each in _of(db, "sdks", number)),
        permissions=tuple(Permission(**each) for each in _of(db, "permissions", number)),
        privacy_manifest=_manifest(db, row),
        **{name: row[name] for name in _COUNTS},
        **{name: json.loads(row[name]) for name in _CATEGORIES},
    )


def before(db: Connection, this: Scan, now: float) -> tuple[Scan, Results] | None:
    """Return the last completed scan of the same app that was submitted before this one, as ``now`` is.

    Only one that everybody who reads this scan's thread may know of.
    """
    known = polls(
        db,
        "WHERE results.state = 'completed' AND scans.bundle_id = ? AND scans.platform = ? "
        "AND scans.number <> ? AND (coalesce(scans.channel_kind, 'public') = 'public' "
        "OR scans.channel = ?) "
        "AND results.since <= coalesce((SELECT since FROM results WHERE scan = ?), ?) "
        "ORDER BY results.since DESC, scans.number DESC LIMIT 1",
        this.bundle_id,
        this.platform.value if this.platform else None,
        this.number,
        this.channel,
        this.number,
        now,
    )
    results = read(db, known[0].number) if known else None
    return (known[0].scan, results) if results is not None else None


def part(db: Connection, scan: Scan, now: float, permalink: Callable[[Scan], str | None]) -> ResultsPart:
    """Return what a scan's card shows of its results, except when they may come."""
    results, followed = read(db, scan.number), status(db, scan.number)
    shown = ResultsPart(followed=followed, results=results)
    if shown.state in POLLED:
        return replace(shown, waiting=waiting(db))
    if results is None or (known := before(db, scan, now)) is None:
        return shown
    previous, earlier = known
    link = permalink(previous) if open_to(scan, previous) else None
    return replace(shown, previous=previous, previous_link=link, changes=changes(earlier, results))


def _of(db: Connection, table: str, number: int) -> list[dict[str, Any]]:
    found = db.query(f"SELECT * FROM {table} WHERE scan = ? ORDER BY rowid", [number])
    return [{name: value for name, value in row.items() if name != "scan"} for row in found]


def _manifest(db: Connection, row: Mapping[str, Any]) -> PrivacyManifest | None:
    if row["manifest_total"] is None:
        return None
    data_types = _of(db, "data_types", row["scan"])
    return PrivacyManifest(
        data_types=tuple(
            DataType(**{**each, "purposes": tuple(json.loads(each["purposes"]))}) for each in data_types
        ),
        **{name: row[f"manifest_{name}"] for name in _MANIFEST},
    )
