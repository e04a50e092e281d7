"""Which scans Zscaler is asked about: a scan's row in ``opinions`` comes and goes with the scan's state.

How sending goes is the scan's second row in ``submissions``, of the scanner ``zscaler``: its ``request_id``
is the MD5, its ``route`` the way.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlite_utils

from bot.errors import NotFound
from bot.scans.holding import span
from bot.scans.models import Scan, State, SubmissionState
from bot.scans.verdicts import BAD, Opinion, OpinionState, Risk, SandboxVerdict, Threat, Way
from bot.store import rows

OPINIONS: Final = """
    SELECT opinions.*, z.state AS z_state, z.attempts AS z_attempts, z.due_at AS z_due_at,
           z.request_id AS z_md5, z.route AS z_way
    FROM opinions CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = 'zscaler'
"""
"""Every read of opinions begins so; conditions follow."""
GOING: Final = frozenset({State.SUBMITTING, State.QUEUED, State.WAITING, State.ASKING})
"""Where a scan has to be, decided, for Zscaler to be asked about it."""
OPEN: Final = "('waiting', 'analysing')"
_DROPPED = frozenset({State.CANCELLED, State.DUPLICATE, State.REJECTED})
"""Where what was not sent yet is not wanted any more."""
_VERDICT = ("threat", "category", "score", "malware", "file_type", "duration_s", "is_full", "is_instant")
_SENDING = {"way": "route", "md5": "request_id", "due_at": "due_at", "tries": "attempts", "status": "status"}
"""What is kept in ``submissions``, by what it is called in an opinion."""


def begin(db: sqlite_utils.Database, scan: Scan, *, now: float, held_until: float | None) -> None:
    """Ask Zscaler about a scan from now on; what is asked already stays as it is."""
    db.execute(
        "INSERT OR IGNORE INTO submissions (scan, scanner, state, due_at) "
        "VALUES (?, 'zscaler', 'pending', ?)",
        [scan.number, now],
    )
    db.execute(
        "INSERT OR IGNORE INTO opinions (scan, state, begun_at) VALUES (?, 'waiting', ?)",
        [scan.number, now],
    )
    if held_until is not None:
        db.execute(
            "UPDATE opinions SET held_at = ?, held_until = ? WHERE scan = ?", [now, held_until, scan.number]
        )


def moved(db: sqlite_utils.Database, before: Scan, after: Scan, *, now: float) -> str | None:
    """Follow a scan's move: what waits is dropped with it, and a hold is over once it goes on.

    Returns a line for the timeline, where there is something to say.
    """
    if after.state in _DROPPED:
        db.execute(
            "DELETE FROM submissions WHERE scan = ? AND scanner = 'zscaler' AND EXISTS "
            "(SELECT 1 FROM opinions WHERE opinions.scan = submissions.scan AND opinions.state = 'waiting')",
            [after.number],
        )
        db.execute("DELETE FROM opinions WHERE scan = ? AND state = 'waiting'", [after.number])
    if before.state is not State.QUEUED:
        return None
    row = db.execute(
        "SELECT held_at FROM opinions WHERE scan = ? AND held_until IS NOT NULL", [after.number]
    ).fetchone()
    if row is None:
        return None
    goes_on = after.state in {State.PULLING, State.RECEIVED, State.QUEUED}
    after_s = max(0.0, now - row[0]) if goes_on else None
    db.execute(
        "UPDATE opinions SET held_until = NULL, went_on_after_s = ? WHERE scan = ?", [after_s, after.number]
    )
    return None if after_s is None else f"went on without Zscaler's verdict after {span(after_s)}"


def find(db: sqlite_utils.Database, rest: str, *parameters: object) -> list[Opinion]:
    """Return the opinions that ``rest`` (``WHERE …`` and what follows) selects."""
    return [of_row(row) for row in db.query(f"{OPINIONS} {rest}", list(parameters))]


def threats(db: sqlite_utils.Database, numbers: Sequence[int]) -> dict[int, Threat]:
    """Return which of these scans' builds were called bad, and how."""
    found = db.query(
        f"SELECT scan, threat FROM opinions WHERE scan IN ({', '.join('?' * len(numbers))}) "
        f"AND threat IN ({', '.join('?' * len(BAD))})",
        [*numbers, *(each.value for each in BAD)],
    )
    return {row["scan"]: Threat(row["threat"]) for row in found}


def load(db: sqlite_utils.Database, number: int) -> Opinion:
    """Return the opinion of a scan.

    Raises:
        NotFound: Zscaler is not asked about it.
    """
    found = find(db, "WHERE opinions.scan = ?", number)
    if not found:
        raise NotFound(f"Zscaler is not asked about scan #{number}.")
    return found[0]


def of_row(row: Mapping[str, Any]) -> Opinion:
    """Make the record of a row of ``OPINIONS``."""
    return Opinion(
        scan=row["scan"],
        state=OpinionState(row["state"]),
        way=Way(row["z_way"]) if row["z_way"] else None,
        md5=row["z_md5"],
        due_at=row["z_due_at"],
        begun_at=row["begun_at"],
        tries=row["z_attempts"],
        looks=row["looks"],
        since=row["since"],
        is_taken=row["z_state"] == SubmissionState.ACCEPTED,
        problem=row["problem"],
        verdict=_verdict(row),
        known_from=row["known_from"],
        ended_at=row["ended_at"],
        held_until=row["held_until"],
        went_on_after_s=row["went_on_after_s"],
        announced_ts=row["announced_ts"],
    )


def _verdict(row: Mapping[str, Any]) -> SandboxVerdict | None:
    if row["threat"] is None:
        return None
    return SandboxVerdict(
        **{
            **{column: row[column] for column in _VERDICT},
            "threat": Threat(row["threat"]),
            "is_full": bool(row["is_full"]),
            "is_instant": bool(row["is_instant"]),
        },
        risks=tuple(
            Risk(level=level, signature=signature, sources=tuple(sources))
            for level, signature, sources in json.loads(row["risks"])
        ),
    )


def change(db: sqlite_utils.Database, number: int, changes: Mapping[str, Any]) -> None:
    """Write changes of an opinion's fields, and the ``status`` of sending it, to where each is kept."""
    sending = {_SENDING[name]: value for name, value in changes.items() if name in _SENDING}
    if "submission" in changes:
        sending["state"] = changes["submission"]
    rest = {
        name: value
        for name, value in changes.items()
        if name not in _SENDING and name not in {"submission", "verdict"}
    }
    if (verdict := changes.get("verdict")) is not None:
        rest |= {column: getattr(verdict, column) for column in _VERDICT}
        rest["risks"] = json.dumps([[risk.level, risk.signature, risk.sources] for risk in verdict.risks])
    for table, where, values in (
        ("submissions", "scan = ? AND scanner = 'zscaler'", rows.plain(sending)),
        ("opinions", "scan = ?", rows.plain(rest)),
    ):
        if values:
            assignments = ", ".join(f"{column} = ?" for column in values)
            db.execute(f"UPDATE {table} SET {assignments} WHERE {where}", [*values.values(), number])
