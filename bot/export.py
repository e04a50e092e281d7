"""Writes the history out, for spreadsheets and other programs."""

import csv
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import sqlite_utils

from bot.store import breaches
from bot.store.database import Database
from bot.store.rows import ONETRUST

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
_FOUND_BY = """
    FROM scans JOIN results ON results.scan = scans.number JOIN {0} AS found ON found.scan = scans.number
    WHERE scans.number > ? AND scans.number <= ? ORDER BY scans.number, found.rowid
"""


class What(StrEnum):
    """What is written out, a row each."""

    SCANS = "scans"
    SDKS = "sdks"  # one for each scan and SDK that was found in it
    PERMISSIONS = "permissions"  # one for each scan and permission that its build asks for
    VERDICTS = "verdicts"  # one for each scan and side scanner that was asked about it
    HOSTS = "hosts"  # one for each scan and host that its build names


@dataclass(frozen=True, kw_only=True)
class _Table:
    columns: tuple[str, ...]
    query: str


_TABLES = {
    What.SCANS: _Table(
        columns=COLUMNS,
        query=f"""
            SELECT scans.*, o.request_id, o.status AS http_status, o.attempts, o.route,
                   results.state AS result, results.status AS onetrust_status,
                   results.ended_at AS result_at, results.scanned_at, results.version AS scanned_version,
                   results.engine_version, results.sdk_count, results.permission_count,
                   results.high_risk_count, results.manifest_total, results.manifest_aligned,
                   results.manifest_mismatched, results.manifest_missing,
                   (SELECT count(*) FROM breaches WHERE scan = scans.number) AS breach_count,
                   (SELECT count(*) FROM breaches
                    WHERE scan = scans.number AND acknowledged_at IS NULL) AS open_breach_count
            FROM scans JOIN submissions AS o ON o.scan = scans.number AND o.{ONETRUST}
            LEFT JOIN results ON results.scan = scans.number
            WHERE scans.number > ? AND scans.number <= ? ORDER BY scans.number
        """,  # noqa: S608 - a constant
    ),
    What.SDKS: _Table(
        columns=SDK_COLUMNS,
        query=f"""
            SELECT scans.*, results.scanned_at, found.package_id, found.name AS sdk, found.vendor,
                   found.category, found.description {_FOUND_BY.format("sdks")}
        """,
    ),
    What.PERMISSIONS: _Table(
        columns=PERMISSION_COLUMNS,
        query=f"""
            SELECT scans.*, results.scanned_at, found.name AS permission, found.category, found.status,
                   found.sensitivity, found.description,
                   trim(coalesce(found.sensitivity, '')) LIKE 'HIGH%'
                   OR trim(coalesce(found.sensitivity, '')) LIKE 'SENSITIVE%' AS high_risk
                   {_FOUND_BY.format("permissions")}
        """,
    ),
    What.VERDICTS: _Table(
        columns=VERDICT_COLUMNS,
        query="""
            SELECT scans.*, found.scanner, o.request_id AS md5, found.state AS opinion,
                   found.threat AS verdict, found.category, found.score, found.malware, found.is_instant,
                   found.known_from, found.since AS sent_at, found.ended_at AS verdict_at,
                   found.problem AS opinion_problem
            FROM scans JOIN opinions AS found ON found.scan = scans.number
            LEFT JOIN submissions AS o ON o.scan = scans.number AND o.scanner = found.scanner
            WHERE scans.number > ? AND scans.number <= ? ORDER BY scans.number, found.scanner
        """,
    ),
    What.HOSTS: _Table(
        columns=HOST_COLUMNS,
        query="""
            SELECT scans.*, found.host, found.looked_up, found.categories, found.alerts
            FROM scans JOIN hosts AS found ON found.scan = scans.number
            WHERE scans.number > ? AND scans.number <= ? ORDER BY scans.number, found.host
        """,
    ),
}
_FLAGS = frozenset({"high_risk", "is_instant", "looked_up"})
_LISTS = frozenset({"categories", "alerts"})
_AT_A_TIME = 500
"""Scans that are read at once."""
_OVERLOOKED = r"[\s\"'\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"  # the last nine: wide, small, minus
_FORMULA = re.compile(rf"(?:^|(?<=[;|\t\r\n]))(?={_OVERLOOKED}{_SIGN})|^(?=[\t\r\n])")
"""Where a spreadsheet would begin a formula, whatever its separator and whatever it overlooks before it."""


async def export(path: Path, form: str, out: TextIO, what: What = What.SCANS) -> int:
    """Write every scan to ``out``, oldest first, as ``csv`` or ``json``; return the exit code.

    Or, oldest scan first, all SDKs or permissions that were found, verdicts or hosts. JSON is one array, of
    scans each with its timeline and what it breaks of the policy; times are ISO 8601, UTC.
    """
    if not path.exists():  # noqa: ASYNC240 - one look, before anything else runs
        raise SystemExit(f"There is no database at {path}: set APPSCAN_DB to where the bot keeps it.")
    database = await Database.open(path)
    table = _TABLES[what]
    try:
        writer = csv.writer(out)
        if form == "csv":
            writer.writerow(table.columns)
        else:
            out.write("[")
        first = True
        newest = await database.read(_newest)
        for after in range(0, newest, _AT_A_TIME):
            for row in await database.read(partial(_page, query=table.query, after=after)):
                told = {column: _value(column, row[column]) for column in table.columns}
                if form == "csv":
                    writer.writerow([_cell(value) for value in told.values()])
                    continue
                if what is What.SCANS:
                    told["timeline"] = await _timeline(database, row["number"])
                    told["breaches"] = await _breaches(database, row["number"])
                out.write(("" if first else ",") + "\n" + json.dumps(told, ensure_ascii=False))
                first = False
        if form == "json":
            out.write("\n]\n")
    finally:
        await database.close()
    return 0


def _newest(db: sqlite_utils.Database) -> int:
    return int(db.execute("SELECT coalesce(max(number), 0) FROM scans").fetchone()[0])


def _page(db: sqlite_utils.Database, query: str, after: int) -> list[dict[str, Any]]:
    return list(db.query(query, [after, after + _AT_A_TIME]))


async def _timeline(database: Database, number: int) -> list[dict[str, Any]]:
    query = "SELECT at, who, before, after, why FROM events WHERE scan = ? ORDER BY number"
    rows = await database.read(lambda db: list(db.query(query, [number])))
    return [{**row, "at": _value("created_at", row["at"])} for row in rows]


async def _breaches(database: Database, number: int) -> list[dict[str, Any]]:
    found = await database.read(lambda db: breaches.read(db, number))
    return [
        {
            "rule": breach.rule,
            "found": [asdict(finding) for finding in breach.found],
            "more": breach.more,
            "acknowledged_by": breach.acknowledged_by,
            "acknowledged_at": _value("acknowledged_at", breach.acknowledged_at),
            "reason": breach.reason,
        }
        for breach in found
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
    """Keep a spreadsheet from running what a build calls itself: ``'`` makes text of it."""
    if isinstance(value, list):
        value = ", ".join(value)
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
