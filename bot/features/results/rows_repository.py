"""Conversion of results, SDKs, permissions and data types to rows and back."""

import json
from collections.abc import Mapping
from typing import Any

from bot.core.scan import Scan
from bot.errors import NotFound
from bot.features.results.diff import changes
from bot.features.results.models import (
    POLLED,
    AppScan,
    DataType,
    OneTrustScanStatus,
    Permission,
    PrivacyManifest,
    Results,
    ResultState,
    ResultStatus,
    Sdk,
)
from bot.features.results.part import ResultsPart
from bot.storage import rows
from bot.storage.connection import Connection

FOLLOWED = "results.state IN ('finding', 'running')"
_FIELDS = (
    *("scan", "state", "status", "since", "followed_at", "looks", "looked_at", "due_at", "looked_for"),
    *("ended_at", "announced_ts"),
)
"""The columns of ``ResultStatus``; the others are of ``Results``."""


def followed_of(row: Mapping[str, Any]) -> ResultStatus:
    """Return the record of a row of ``results``."""
    values = {name: row[name] for name in _FIELDS}
    values["state"] = ResultState(row["state"])
    values["status"] = OneTrustScanStatus(row["status"]) if row["status"] is not None else None
    return ResultStatus(**values)


def followed(db: Connection, number: int) -> ResultStatus:
    """Return a scan's polling state.

    Raises:
        NotFound: it is not polled.
    """
    if (found := status(db, number)) is None:
        raise NotFound(f"Scan #{number} is not polled for results.")
    return found


def status(db: Connection, number: int) -> ResultStatus | None:
    """Return a scan's polling state; ``None`` if it is not polled."""
    row = next(iter(db.query("SELECT * FROM results WHERE scan = ?", [number])), None)
    return followed_of(row) if row is not None else None


def change(db: Connection, number: int, changes: Mapping[str, Any]) -> ResultStatus:
    """Change columns of a row of ``results``; return the new record.

    Raises:
        NotFound: the scan is not polled.
    """
    values = rows.plain(changes)
    assignments = ", ".join(f"{column} = ?" for column in values)
    if values:
        db.execute(f"UPDATE results SET {assignments} WHERE scan = ?", [*values.values(), number])
    return followed(db, number)


def scans(db: Connection, rest: str, *parameters: object) -> list[tuple[Scan, ResultStatus]]:
    """Return the polled scans that ``rest`` (``WHERE …`` and what follows) selects."""
    joined = "JOIN results ON results.scan = scans.number"
    return [
        (scan, followed(db, scan.number)) for scan in rows.scans_where(db, f"{joined} {rest}", *parameters)
    ]


def write(db: Connection, number: int, results: Results) -> None:
    """Store a scan's results, replacing existing ones."""
    manifest = results.privacy_manifest
    change(
        db,
        number,
        {
            "scanned_at": results.scan.scanned_at,
            "version": results.scan.version,
            "engine_version": results.scan.engine_version,
            "sdk_count": results.sdk_count,
            "sdk_categories": json.dumps(dict(results.sdk_categories)),
            "permission_count": results.permission_count,
            "high_risk_count": results.high_risk_count,
            "permission_categories": json.dumps(dict(results.permission_categories)),
            "manifest_total": manifest.total if manifest else None,
            "manifest_aligned": manifest.aligned if manifest else None,
            "manifest_mismatched": manifest.mismatched if manifest else None,
            "manifest_missing": manifest.missing if manifest else None,
        },
    )
    for table in ("sdks", "permissions", "data_types"):
        db.execute(f"DELETE FROM {table} WHERE scan = ?", [number])
    for sdk in results.sdks:
        _insert(db, "sdks", number, vars(sdk))
    for permission in results.permissions:
        _insert(db, "permissions", number, vars(permission))
    for data_type in manifest.data_types if manifest else ():
        _insert(
            db, "data_types", number, {**vars(data_type), "purposes": json.dumps(list(data_type.purposes))}
        )


def _insert(db: Connection, table: str, number: int, values: Mapping[str, Any]) -> None:
    row = {"scan": number, **rows.plain(values)}
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def read(db: Connection, number: int) -> Results | None:
    """Return a scan's results; ``None`` unless it is completed."""
    query = f"""
        SELECT results.*, o.scan_id AS id FROM results
        JOIN submissions AS o ON o.scan = results.scan AND o.{rows.ONETRUST}
        WHERE results.scan = ? AND results.state = 'completed' AND results.sdk_count IS NOT NULL
    """
    row = next(iter(db.query(query, [number])), None)
    if row is None:
        return None
    return Results(
        scan=AppScan(
            id=row["id"] or "",
            status=OneTrustScanStatus.COMPLETED,
            scanned_at=row["scanned_at"],
            version=row["version"],
            engine_version=row["engine_version"],
        ),
        sdk_count=row["sdk_count"],
        sdk_categories=json.loads(row["sdk_categories"]),
        permission_count=row["permission_count"],
        high_risk_count=row["high_risk_count"],
        permission_categories=json.loads(row["permission_categories"]),
        sdks=tuple(Sdk(**each) for each in _of(db, "sdks", number)),
        permissions=tuple(Permission(**each) for each in _of(db, "permissions", number)),
        privacy_manifest=_manifest(db, row),
    )


def before(db: Connection, this: Scan, now: float) -> tuple[Scan, Results] | None:
    """Return the last completed scan of the same app that was submitted before this one, as ``now`` is.

    Only one that everybody who reads this scan's thread may know of.
    """
    known = scans(
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
    if not known:
        return None
    results = read(db, known[0][0].number)
    return (known[0][0], results) if results is not None else None


def part(db: Connection, scan: Scan, now: float) -> ResultsPart:
    """Return what a scan's card shows of its results, except when they may come."""
    results, followed = read(db, scan.number), status(db, scan.number)
    known = before(db, scan, now) if results is not None else None
    return ResultsPart(
        followed=followed,
        results=results,
        previous=known[0] if known is not None else None,
        changes=changes(known[1], results) if known is not None and results is not None else None,
        waiting=sum(counts(db).values()) if followed is not None and followed.state in POLLED else 0,
    )


def counts(db: Connection) -> dict[str, int]:
    """Return how many scans are followed in each state."""
    query = f"SELECT state, count(*) AS count FROM results WHERE {FOLLOWED} GROUP BY state"
    return {row["state"]: row["count"] for row in db.query(query)}


def _of(db: Connection, table: str, number: int) -> list[dict[str, Any]]:
    found = db.query(f"SELECT * FROM {table} WHERE scan = ? ORDER BY rowid", [number])
    return [{name: value for name, value in row.items() if name != "scan"} for row in found]


def _manifest(db: Connection, row: Mapping[str, Any]) -> PrivacyManifest | None:
    if row["manifest_total"] is None:
        return None
    return PrivacyManifest(
        total=row["manifest_total"],
        aligned=row["manifest_aligned"],
        mismatched=row["manifest_mismatched"],
        missing=row["manifest_missing"],
        data_types=tuple(
            DataType(**{**each, "purposes": tuple(json.loads(each["purposes"]))})
            for each in _of(db, "data_types", row["scan"])
        ),
    )
