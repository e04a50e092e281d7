"""``python -m bot export``: writes the history as CSV or JSON."""

import csv
import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from bot.features.compliance import repository
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.rows import ONETRUST

COLUMNS = (
    *("number", "state", "source", "created_at", "updated_at", "finished_at", "channel", "shared_by"),
    *("asked_by", "file_name", "size_bytes", "sha256", "file_type", "platform", "bundle_id", "name"),
    *("version", "build_number", "kind", "reason", "app_id", "request_id", "http_status"),
    *("attempts", "problem", "route", "result", "onetrust_status", "result_at", "scanned_at"),
    *("scanned_version", "engine_version", "sdk_count", "permission_count", "high_risk_count"),
    *("manifest_total", "manifest_aligned", "manifest_mismatched", "manifest_missing"),
    *("breach_count", "open_breach_count"),
)
_BUILD = ("number", "platform", "bundle_id", "name", "version", "build_number")
SDK_COLUMNS = (*_BUILD, "scanned_at", "package_id", "sdk", "vendor", "category", "description")
PERMISSION_COLUMNS = (
    *(*_BUILD, "scanned_at", "permission", "category", "status", "sensitivity", "high_risk", "description"),
)
VERDICT_COLUMNS = (
    *(*_BUILD, "sha256", "md5", "opinion", "verdict", "category", "score", "malware", "is_instant"),
    *("known_from", "sent_at", "verdict_at", "opinion_problem", "scanner"),
)
HOST_COLUMNS = (*_BUILD, "host", "looked_up", "categories", "alerts")
_ITEMS = """
    JOIN results ON results.scan = scans.number JOIN {0} AS item ON item.scan = scans.number
    ORDER BY scans.number, item.rowid
"""


class ExportKind(StrEnum):
    """What the rows are."""

    SCANS = "scans"
    SDKS = "sdks"  # one for each scan and SDK in its build
    PERMISSIONS = "permissions"  # one for each scan and permission of its build
    VERDICTS = "verdicts"  # one for each scan and side scanner that was asked about it
    HOSTS = "hosts"  # one for each scan and host in its build


_TABLES: dict[ExportKind, tuple[tuple[str, ...], str, str]] = {
    ExportKind.SCANS: (
        COLUMNS,
        """
            o.request_id, o.status AS http_status, o.attempts, o.route,
            results.state AS result, results.status AS onetrust_status, results.ended_at AS result_at,
            results.scanned_at, results.version AS scanned_version, results.engine_version,
            results.sdk_count, results.permission_count, results.high_risk_count,
            results.manifest_total, results.manifest_aligned, results.manifest_mismatched,
            results.manifest_missing,
            (SELECT count(*) FROM breaches WHERE scan = scans.number) AS breach_count,
            (SELECT count(*) FROM breaches
             WHERE scan = scans.number AND acknowledged_at IS NULL) AS open_breach_count
        """,
        f"JOIN submissions AS o ON o.scan = scans.number AND o.{ONETRUST} "
        "LEFT JOIN results ON results.scan = scans.number ORDER BY scans.number",
    ),
    ExportKind.SDKS: (
        SDK_COLUMNS,
        "results.scanned_at, item.package_id, item.name AS sdk, item.vendor, item.category, item.description",
        _ITEMS.format("sdks"),
    ),
    ExportKind.PERMISSIONS: (
        PERMISSION_COLUMNS,
        """
            results.scanned_at, item.name AS permission, item.category, item.status, item.sensitivity,
            item.description,
            trim(coalesce(item.sensitivity, '')) LIKE 'HIGH%'
            OR trim(coalesce(item.sensitivity, '')) LIKE 'SENSITIVE%' AS high_risk
        """,
        _ITEMS.format("permissions"),
    ),
    ExportKind.VERDICTS: (
        VERDICT_COLUMNS,
        """
            item.scanner, o.request_id AS md5, item.state AS opinion, item.threat AS verdict, item.category,
            item.score, item.malware, item.is_instant, item.known_from, item.since AS sent_at,
            item.ended_at AS verdict_at, item.problem AS opinion_problem
        """,
        """
            JOIN opinions AS item ON item.scan = scans.number
            LEFT JOIN submissions AS o ON o.scan = scans.number AND o.scanner = item.scanner
            ORDER BY scans.number, item.scanner
        """,
    ),
    ExportKind.HOSTS: (
        HOST_COLUMNS,
        "item.host, item.looked_up, item.categories, item.alerts",
        "JOIN hosts AS item ON item.scan = scans.number ORDER BY scans.number, item.host",
    ),
}
"""By what the rows are: their columns, what is selected besides the scan's columns, and from where."""
_FLAGS = frozenset({"high_risk", "is_instant", "looked_up"})
_LISTS = frozenset({"categories", "alerts"})
_BATCH = 500
"""Scans read at a time."""
_SKIPPED = r"[\s\"'\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"  # wide, small, minus
_FORMULA = re.compile(rf"(?:^|(?<=[;|\t\r\n]))(?={_SKIPPED}{_SIGN})|^(?=[\t\r\n])")
"""Where a spreadsheet could start a formula, with any separator and any characters that it skips."""


async def export(path: Path, form: str, out: TextIO, what: ExportKind = ExportKind.SCANS) -> int:
    """Write the rows of ``what`` to ``out``, oldest scan first, as ``csv`` or ``json``; return the exit code.

    JSON is one array; its scans include their timeline and violations. Times are ISO 8601, UTC.
    """
    database = await Database.open(path, hooks=())  # rows are only read
    columns, selected, rest = _TABLES[what]
    page = "(SELECT * FROM scans WHERE number > ? AND number <= ?) AS scans"
    query = f"SELECT scans.*, {selected} FROM {page} {rest}"  # noqa: S608 - constants
    try:
        if form == "csv":
            writer = csv.writer(out)
            writer.writerow(columns)
            async for row in _rows(database, query):
                writer.writerow([_cell(_value(column, row[column])) for column in columns])
            return 0
        out.write("[")
        separator = ""
        async for row in _rows(database, query):
            record = {column: _value(column, row[column]) for column in columns}
            if what is ExportKind.SCANS:
                record["timeline"] = await _timeline(database, row["number"])
                record["breaches"] = await _violations(database, row["number"])
            out.write(f"{separator}\n{json.dumps(record, ensure_ascii=False)}")
            separator = ","
        out.write("\n]\n")
    finally:
        await database.close()
    return 0


async def _rows(database: Database, query: str) -> AsyncIterator[dict[str, Any]]:
    newest = "SELECT coalesce(max(number), 0) FROM scans"
    for after in range(0, await database.read(lambda db: db.execute(newest).fetchone()[0]), _BATCH):
        for row in await database.read(partial(_page, query=query, after=after)):
            yield row


def _page(db: Connection, query: str, after: int) -> list[dict[str, Any]]:
    return list(db.query(query, [after, after + _BATCH]))


async def _timeline(database: Database, number: int) -> list[dict[str, Any]]:
    query = "SELECT at, who, before, after, why FROM events WHERE scan = ? ORDER BY number"
    rows = await database.read(lambda db: list(db.query(query, [number])))
    return [{**row, "at": _value("created_at", row["at"])} for row in rows]


async def _violations(database: Database, number: int) -> list[dict[str, Any]]:
    violations = await database.read(lambda db: repository.read(db, number))
    return [
        {
            "rule": violation.rule,
            "found": [asdict(finding) for finding in violation.found],
            "more": violation.more,
            "acknowledged_by": violation.acknowledged_by,
            "acknowledged_at": _value("acknowledged_at", violation.acknowledged_at),
            "reason": violation.reason,
        }
        for violation in violations
    ]


def _value(column: str, value: Any) -> Any:
    if column in _FLAGS:
        return bool(value)
    if column in _LISTS:
        return json.loads(value)
    if column.endswith("_at") and value is not None:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return value


def _cell(value: Any) -> Any:
    """Escape text with ``'`` so that a spreadsheet does not run it as a formula."""
    if isinstance(value, list):
        value = ", ".join(value)
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
