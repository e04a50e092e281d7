"""The part of side scanners in a scan: rows of ``opinions`` that come and go with the scan's state.

Each has a row in ``submissions`` too, of the same scan and scanner, about sending the build; its
``request_id`` is the MD5.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.scan import Scan, State, SubmissionState
from bot.errors import NotFound
from bot.features.submission.decision import Decision
from bot.features.verdicts.models import BAD, Risk, SandboxVerdict, Threat, Verdict, VerdictState, span
from bot.storage import rows
from bot.storage.connection import Connection

VERDICTS: Final = """
    SELECT opinions.*, z.state AS z_state, z.attempts AS z_attempts, z.due_at AS z_due_at,
           z.request_id AS z_md5
    FROM opinions CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = opinions.scanner
"""
"""The start of every query for verdicts; conditions follow."""
GOING: Final = frozenset({State.SUBMITTING, State.QUEUED, State.WAITING, State.ASKING})
"""States of a decided scan in which side scanners are asked about it."""
OPEN: Final = "('waiting', 'analysing')"
_DROPPED = frozenset({State.CANCELLED, State.DUPLICATE, State.REJECTED})
"""States in which builds that were not sent yet are no longer sent."""
_VERDICT = ("threat", "category", "score", "malware", "file_type", "duration_s", "is_full", "is_instant")
_SENDING = {"md5": "request_id", "due_at": "due_at", "tries": "attempts", "status": "status"}
"""What is kept in ``submissions``, by what it is called in a verdict."""


def begin(db: Connection, scan: Scan, decision: Decision, now: float) -> None:
    """Record the decision's requests to side scanners; an existing row keeps its state."""
    for request in decision.requests if scan.state in GOING else ():
        key = [scan.number, request.scanner]
        db.execute(
            "INSERT OR IGNORE INTO submissions (scan, scanner, state, due_at) VALUES (?, ?, 'pending', ?)",
            [*key, now],
        )
        db.execute(
            "INSERT OR IGNORE INTO opinions (scan, scanner, state, begun_at) VALUES (?, ?, 'waiting', ?)",
            [*key, now],
        )
        if request.held_until is not None:
            db.execute(
                "UPDATE opinions SET held_at = ?, held_until = ?, held_for = ? "
                "WHERE scan = ? AND scanner = ?",
                [now, request.held_until, request.held_for, *key],
            )


def moved(db: Connection, before: Scan, after: Scan, now: float) -> list[str]:
    """Follow a scan's move: what waits is dropped with it, and holds end when it continues.

    Returns lines for the timeline.
    """
    number = after.number
    if after.state in _DROPPED:
        waiting = "SELECT scanner FROM opinions WHERE scan = ? AND state = 'waiting'"
        db.execute(f"DELETE FROM submissions WHERE scan = ? AND scanner IN ({waiting})", [number, number])
        db.execute("DELETE FROM opinions WHERE scan = ? AND state = 'waiting'", [number])
    if before.state is not State.QUEUED:
        return []
    continues = after.state in {State.PULLING, State.RECEIVED, State.QUEUED}
    lines = []
    query = (
        "SELECT scanner, held_at, held_for FROM opinions "
        "WHERE scan = ? AND held_until IS NOT NULL ORDER BY scanner"
    )
    for row in list(db.query(query, [number])):
        after_s = max(0.0, now - row["held_at"]) if continues else None
        db.execute(
            "UPDATE opinions SET held_until = NULL, went_on_after_s = ? WHERE scan = ? AND scanner = ?",
            [after_s, number, row["scanner"]],
        )
        if after_s is not None:
            lines.append(f"went on without {row['held_for']} after {span(after_s)}")
    return lines


def release(db: Connection, number: int, scanner: str, *, now: float, ended: bool) -> None:
    """Stop holding a scan for one scanner's verdict; another may hold it still.

    ``ended`` says that the scanner's part has ended. Otherwise its hold ends when the scan moves, which adds
    a line to the timeline.
    """
    query = "SELECT scanner, held_until FROM opinions WHERE scan = ? AND held_until IS NOT NULL"
    held = {row["scanner"]: float(row["held_until"]) for row in db.query(query, [number])}
    if scanner not in held:
        return
    before, own = max(held.values()), held.pop(scanner)
    due_at = max([now, *held.values()])
    if ended or held:
        db.execute(
            "UPDATE opinions SET held_until = ? WHERE scan = ? AND scanner = ?",
            [None if ended else min(own, now), number, scanner],
        )
    # A scan whose due time is another waits for something else by now, and so does one that was pulled.
    condition, values = ("due_at = ?", [before]) if ended else ("due_at > ?", [due_at])
    pulls = "" if ended else " AND pulls = 0"
    db.execute(
        f"UPDATE submissions SET due_at = ? WHERE scan = ? AND {rows.ONETRUST} AND {condition} "
        f"AND EXISTS (SELECT 1 FROM scans WHERE number = scan AND state = 'queued'{pulls})",
        [due_at, number, *values],
    )


def find(db: Connection, rest: str, *parameters: object) -> list[Verdict]:
    """Return the verdicts that ``rest`` (``WHERE …`` and what follows) selects."""
    return [of_row(row) for row in db.query(f"{VERDICTS} {rest}", list(parameters))]


def of(db: Connection, scanner: str, number: int) -> Verdict | None:
    """Return one scanner's verdict of a scan; ``None`` if it is not asked about it."""
    found = find(db, "WHERE opinions.scan = ? AND opinions.scanner = ?", number, scanner)
    return found[0] if found else None


def of_scan(db: Connection, number: int) -> list[Verdict]:
    """Return all verdicts of a scan."""
    return find(db, "WHERE opinions.scan = ?", number)


def threats(db: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Threat]]:
    """Return which of these scans' builds were called bad: by scan, then by scanner."""
    found: dict[int, dict[str, Threat]] = {}
    for row in db.query(
        f"SELECT scan, scanner, threat FROM opinions WHERE scan IN ({', '.join('?' * len(numbers))}) "
        f"AND threat IN ({', '.join('?' * len(BAD))}) ORDER BY scan, scanner",
        [*numbers, *(each.value for each in BAD)],
    ):
        found.setdefault(row["scan"], {})[row["scanner"]] = Threat(row["threat"])
    return found


def load(db: Connection, number: int, scanner: str) -> Verdict:
    """Return one scanner's verdict of a scan.

    Raises:
        NotFound: the scanner is not asked about it.
    """
    if (found := of(db, scanner, number)) is None:
        raise NotFound(f"No verdict on scan #{number} is expected.")
    return found


def of_row(row: Mapping[str, Any]) -> Verdict:
    """Make the record of a row of ``VERDICTS``."""
    return Verdict(
        scanner=row["scanner"],
        scan=row["scan"],
        state=VerdictState(row["state"]),
        md5=row["z_md5"],
        due_at=row["z_due_at"],
        begun_at=row["begun_at"],
        tries=row["z_attempts"],
        looks=row["looks"],
        since=row["since"],
        is_taken=row["z_state"] == SubmissionState.ACCEPTED,
        problem=row["problem"],
        result=_verdict(row),
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


def change(db: Connection, number: int, scanner: str, changes: Mapping[str, Any]) -> None:
    """Write changes of a verdict's fields, and the ``status`` of sending it, to the table of each."""
    sending = {_SENDING[name]: value for name, value in changes.items() if name in _SENDING}
    if "submission" in changes:
        sending["state"] = changes["submission"]
    rest = {
        name: value
        for name, value in changes.items()
        if name not in _SENDING and name not in {"submission", "result"}
    }
    if (result := changes.get("result")) is not None:
        rest |= {column: getattr(result, column) for column in _VERDICT}
        rest["risks"] = json.dumps([[risk.level, risk.signature, risk.sources] for risk in result.risks])
    for table, values in (("submissions", rows.plain(sending)), ("opinions", rows.plain(rest))):
        if values:
            assignments = ", ".join(f"{column} = ?" for column in values)
            db.execute(
                f"UPDATE {table} SET {assignments} WHERE scan = ? AND scanner = ?",
                [*values.values(), number, scanner],
            )


def facts(db: Connection, scan: Scan) -> dict[str, frozenset[str]]:
    """Return the fields of ``DecisionFacts`` about side scanners."""

    def scanners(rest: str, parameter: object) -> frozenset[str]:
        found = db.query(f"SELECT DISTINCT scanner FROM opinions {rest}", [parameter])
        return frozenset(row["scanner"] for row in found)

    return {
        "verdicts_over": scanners(
            f"WHERE scan = ? AND (state NOT IN {OPEN} OR held_at IS NOT NULL)", scan.number
        ),
        "verdicts_known": scanners(
            "WHERE state = 'known' AND scan IN (SELECT number FROM scans WHERE sha256 = ?)", scan.sha256
        ),
    }
