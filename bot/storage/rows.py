"""Conversion of rows to records and back."""

import json
from collections.abc import Collection, Mapping
from dataclasses import fields
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
_SUBMISSION = tuple(field.name for field in fields(Submission))
SCANS = f"""
    SELECT scans.*, {", ".join(f"o.{name} AS o_{name}" for name in _SUBMISSION)}
    FROM scans CROSS JOIN submissions AS o ON o.scan = scans.number AND o.{ONETRUST}
"""
"""The start of every query for scans; conditions follow.

SQLite keeps the order of a ``CROSS JOIN``; with another join, it reads all submissions and sorts.
"""


def listed(states: Collection[State]) -> str:
    """Return states as they follow ``IN`` in parentheses."""
    return ", ".join(f"'{state.value}'" for state in sorted(states))


OPEN_STATES: Final = listed(OPEN)
"""For a condition on ``scans.state``: the states that change without a person."""
SENT: Final = "scans.state IN ('submitted', 'uncertain')"
"""The condition for scans that were submitted, or may have been."""

_ENUMS: dict[str, type[Enum]] = {
    "state": State,
    "o_state": SubmissionState,
    "source": Source,
    "channel_kind": ChannelKind,
    "file_type": FileType,
    "platform": Platform,
    "kind": Kind,
    "reason": Reason,
    "question": Question,
}
_INTERNAL = {"shown_revision", "held_until", "pulls", "withdrawn"}
"""Columns of ``scans`` that are not in the record."""


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
    """Return the record of a row of ``SCANS``."""
    values: dict[str, Any] = {
        key: _ENUMS[key](value) if key in _ENUMS and value is not None else value
        for key, value in row.items()
        if key not in _INTERNAL
    }
    values["insist"] = bool(values["insist"])
    submission = Submission(**{name: values.pop(f"o_{name}") for name in _SUBMISSION})
    return Scan(**values, submission=submission)


def scans_where(db: Connection, rest: str, *parameters: object) -> list[Scan]:
    """Return the scans that ``rest`` (``WHERE …`` and what follows) selects."""
    return [scan(row) for row in db.query(f"{SCANS} {rest}", list(parameters))]


def first_scan(db: Connection, rest: str, *parameters: object) -> Scan | None:
    """Return the first of ``scans_where``."""
    return next(iter(scans_where(db, f"{rest} LIMIT 1", *parameters)), None)


def event(row: Mapping[str, Any]) -> Event:
    """Return the record of a row of ``events``."""
    before = State(row["before"]) if row["before"] else None
    return Event(**{**row, "before": before, "after": State(row["after"])})


def link(row: Mapping[str, Any]) -> Link:
    """Return the record of a row of ``apps``."""
    return Link(**{**row, "platform": Platform(row["platform"])})
