"""Rows to records and back."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from bot.core.scan import (
    OPEN,
    ChannelKind,
    Event,
    FileType,
    Kind,
    Link,
    Platform,
    Question,
    Reason,
    Scan,
    Source,
    State,
    Submission,
    SubmissionState,
)
from bot.storage.connection import Connection

MAIN_SCANNER: Final = "onetrust"
"""The scanner that every build is submitted to; the other rows of ``submissions`` are of side scanners."""
ONETRUST: Final = f"scanner = '{MAIN_SCANNER}'"
SCANS = f"""
    SELECT scans.*, o.state AS o_state, o.attempts AS o_attempts, o.due_at AS o_due_at,
           o.request_id AS o_request_id, o.status AS o_status, o.route AS o_route,
           o.route_why AS o_route_why, o.application_id AS o_application_id, o.scan_id AS o_scan_id
    FROM scans CROSS JOIN submissions AS o ON o.scan = scans.number AND o.{ONETRUST}
"""
"""Every read of scans begins so; conditions follow.

SQLite keeps to the order of a ``CROSS JOIN``; left to choose, it reads all submissions and sorts.
"""

OPEN_STATES: Final = ", ".join(f"'{state.value}'" for state in sorted(OPEN))
"""For a condition on ``scans.state``: states that a scan leaves automatically."""
SENT: Final = "scans.state IN ('submitted', 'uncertain')"
"""The condition for scans that were submitted, or may have been."""

_ENUMS: dict[str, type[Enum]] = {
    "state": State,
    "source": Source,
    "channel_kind": ChannelKind,
    "file_type": FileType,
    "platform": Platform,
    "kind": Kind,
    "reason": Reason,
    "question": Question,
}
_INTERNAL = {"shown_revision", "held_until", "pulls", "withdrawn"}
"""Columns that only the store itself uses."""


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as SQLite takes them.

    Enums become their value, booleans 0 and 1, text valid Unicode, and tuples, lists and mappings JSON.
    """
    return {key: _plain(value) for key, value in values.items()}


def update(db: Connection, table: str, changes: Mapping[str, Any], **key: object) -> None:
    """Update the columns in ``changes`` of the row with that key."""
    values = plain(changes)
    assignments = ", ".join(f"{column} = ?" for column in values)
    condition = " AND ".join(f"{column} = ?" for column in key)
    db.execute(f"UPDATE {table} SET {assignments} WHERE {condition}", [*values.values(), *key.values()])


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):  # JSON can spell half a surrogate pair, which no database takes
        return value.encode(errors="replace").decode()
    if isinstance(value, (tuple, list, Mapping)):
        return json.dumps(dict(value) if isinstance(value, Mapping) else value)
    return int(value) if isinstance(value, bool) else value


def scan(row: Mapping[str, Any]) -> Scan:
    """Make the record of a row of ``SCANS``."""
    values: dict[str, Any] = {
        key: _ENUMS[key](value) if key in _ENUMS and value is not None else value
        for key, value in row.items()
        if not key.startswith("o_") and key not in _INTERNAL
    }
    values["insist"] = bool(values["insist"])
    return Scan(
        **values,
        submission=Submission(
            state=SubmissionState(row["o_state"]),
            attempts=row["o_attempts"],
            due_at=row["o_due_at"],
            request_id=row["o_request_id"],
            status=row["o_status"],
            route=row["o_route"],
            route_why=row["o_route_why"],
            application_id=row["o_application_id"],
            scan_id=row["o_scan_id"],
        ),
    )


def scans_where(db: Connection, rest: str, *parameters: object) -> list[Scan]:
    """Return the scans that ``rest`` (``WHERE …`` and what follows) selects."""
    return [scan(row) for row in db.query(f"{SCANS} {rest}", list(parameters))]


def first_scan(db: Connection, rest: str, *parameters: object) -> Scan | None:
    """Return the first of ``scans_where``."""
    return next(iter(scans_where(db, f"{rest} LIMIT 1", *parameters)), None)


def event(row: Mapping[str, Any]) -> Event:
    """Make the record of a row of ``events``."""
    return Event(
        scan=row["scan"],
        at=row["at"],
        who=row["who"],
        before=State(row["before"]) if row["before"] else None,
        after=State(row["after"]),
        why=row["why"],
    )


def link(row: Mapping[str, Any]) -> Link:
    """Make the record of a row of ``apps``."""
    return Link(**{**row, "platform": Platform(row["platform"])})
