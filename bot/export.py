"""Writes the history out, for spreadsheets and other programs."""

import csv
import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import sqlite_utils

from bot.store import breaches
from bot.store.database import Database

COLUMNS = (
    *("number", "state", "source", "created_at", "updated_at", "finished_at", "channel", "shared_by"),
    *("asked_by", "file_name", "size_bytes", "sha256", "file_type", "platform", "bundle_id", "name"),
    *("version", "build_number", "kind", "reason", "app_id", "request_id", "http_status"),
    *("attempts", "problem"),
)
_QUERY = """
    SELECT scans.*, o.request_id, o.status AS http_status, o.attempts
    FROM scans JOIN submissions AS o ON o.scan = scans.number AND o.scanner = 'onetrust'
    WHERE scans.number > ? ORDER BY scans.number LIMIT 500
"""
_OVERLOOKED = r"[\s\"'\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"  # the last nine: wide, small, minus
_FORMULA = re.compile(rf"(?:^|(?<=[;|\t\r\n]))(?={_OVERLOOKED}{_SIGN})|^(?=[\t\r\n])")
"""Where a spreadsheet would begin a formula, whatever its separator and whatever it overlooks before it."""


async def export(path: Path, form: str, out: TextIO) -> int:
    """Write every scan to ``out``, oldest first, as ``csv`` or ``json``; return the exit code.

    JSON is one array with each scan's timeline and what it breaks of the policy; times are ISO 8601, UTC.
    """
    if not path.exists():  # noqa: ASYNC240 - one look, before anything else runs
        raise SystemExit(f"There is no database at {path}: set APPSCAN_DB to where the bot keeps it.")
    database = await Database.open(path)
    try:
        writer = csv.writer(out)
        if form == "csv":
            writer.writerow(COLUMNS)
        else:
            out.write("[")
        last, first = 0, True
        while rows := await database.read(partial(_page, after=last)):
            for row in rows:
                scan = {column: _value(column, row[column]) for column in COLUMNS}
                if form == "csv":
                    writer.writerow([_cell(value) for value in scan.values()])
                else:
                    scan["timeline"] = await _timeline(database, row["number"])
                    scan["breaches"] = await _breaches(database, row["number"])
                    out.write(("" if first else ",") + "\n" + json.dumps(scan, ensure_ascii=False))
                last, first = row["number"], False
        if form == "json":
            out.write("\n]\n")
    finally:
        await database.close()
    return 0


def _page(db: sqlite_utils.Database, after: int) -> list[dict[str, Any]]:
    return list(db.query(_QUERY, [after]))


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
    if column.endswith("_at") and value is not None:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return value


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from running what a build calls itself: ``'`` makes text of it."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
