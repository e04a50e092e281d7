"""The rows of verdicts in other transactions: they come and go with a scan's state.

A verdict is a row of ``opinions``; the ``submissions`` row of the same scan and scanner is about sending the
build, and its ``request_id`` is the MD5.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from bot.core.scan import Scan, State, SubmissionState
from bot.features.submission.card import open_to
from bot.features.submission.decision import Decision
from bot.features.verdicts.models import (
    ASKED,
    BAD,
    CardVerdict,
    Risk,
    SandboxVerdict,
    Threat,
    Verdict,
    VerdictState,
    span,
)
from bot.features.verdicts.scanner_profile import ScannerProfile
from bot.storage import rows
from bot.storage.connection import Connection, RowHooks

JOINED: Final = (
    "opinions CROSS JOIN submissions AS z ON z.scan = opinions.scan AND z.scanner = opinions.scanner"
)
_SELECT: Final = f"""
    SELECT opinions.*, opinions.looks AS polls, z.attempts, z.due_at, z.request_id AS md5,
           z.state = '{SubmissionState.ACCEPTED.value}' AS is_taken
    FROM {JOINED}
"""
_ASKED_ABOUT = frozenset({State.SUBMITTING, State.QUEUED, State.WAITING, State.ASKING})
"""States of a decided scan in which side scanners are asked about it."""
_DROPPED = frozenset({State.CANCELLED, State.DUPLICATE, State.REJECTED})
"""States in which builds that were not sent yet are no longer sent."""
_FIELDS = {field.name for field in fields(Verdict)}
_RESULT = [field.name for field in fields(SandboxVerdict) if field.name != "risks"]
_SENDING = {
    "md5": "request_id",
    "due_at": "due_at",
    "attempts": "attempts",
    "status": "status",
    "submission": "state",
}
"""Columns of ``submissions``, by the name of the change."""


def _begin(db: Connection, scan: Scan, decision: Decision, now: float) -> None:
    """Record the decision's requests to side scanners; an existing row keeps its state."""
    for request in decision.requests if scan.state in _ASKED_ABOUT else ():
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
            held = {"held_at": now, "held_until": request.held_until, "held_for": request.held_for}
            rows.update(db, "opinions", held, scan=scan.number, scanner=request.scanner)


def _moved(db: Connection, before: Scan, after: Scan, now: float) -> list[str]:
    """Follow a scan's move: drop what is not sent any more, and end holds; return lines for the timeline."""
    number = after.number
    if after.state in _DROPPED:
        waiting = "SELECT scanner FROM opinions WHERE scan = ? AND state = 'waiting'"
        db.execute(f"DELETE FROM submissions WHERE scan = ? AND scanner IN ({waiting})", [number, number])
        db.execute("DELETE FROM opinions WHERE scan = ? AND state = 'waiting'", [number])
    if before.state is not State.QUEUED:
        return []
    continues = after.state in {State.PULLING, State.RECEIVED, State.QUEUED}
    lines = []
    held = "scan = ? AND held_until IS NOT NULL"
    query = f"SELECT scanner, held_at, held_for FROM opinions WHERE {held} ORDER BY scanner"
    for row in list(db.query(query, [number])):
        after_s = max(0.0, now - row["held_at"]) if continues else None
        ended = {"held_until": None, "went_on_after_s": after_s}
        rows.update(db, "opinions", ended, scan=number, scanner=row["scanner"])
        if after_s is not None:
            lines.append(f"went on without {row['held_for']} after {span(after_s)}")
    return lines


def release(db: Connection, number: int, scanner: str, *, now: float, ended: bool) -> None:
    """Stop holding a scan for one scanner's verdict; another may still hold it.

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
        held_until = None if ended else min(own, now)
        rows.update(db, "opinions", {"held_until": held_until}, scan=number, scanner=scanner)
    # A scan with another due time waits for something else by now, and so does one that was pulled.
    condition, values = ("due_at = ?", [before]) if ended else ("due_at > ?", [due_at])
    pulls = "" if ended else " AND pulls = 0"
    db.execute(
        f"UPDATE submissions SET due_at = ? WHERE scan = ? AND {rows.ONETRUST} AND {condition} "
        f"AND EXISTS (SELECT 1 FROM scans WHERE number = scan AND state = 'queued'{pulls})",
        [due_at, number, *values],
    )


def find(db: Connection, rest: str, *parameters: object) -> list[Verdict]:
    """Return the verdicts that ``rest`` (``WHERE …`` and what follows) selects."""
    return [_verdict(row) for row in db.query(f"{_SELECT} {rest}", list(parameters))]


def of_scan(db: Connection, number: int) -> dict[str, Verdict]:
    """Return all verdicts of a scan, by scanner."""
    return {each.scanner: each for each in find(db, "WHERE opinions.scan = ?", number)}


def threats(db: Connection, numbers: Sequence[int]) -> dict[int, dict[str, Threat]]:
    """Return the bad verdicts on these scans' builds, by scan, then by scanner."""
    found: dict[int, dict[str, Threat]] = {}
    query = """
        SELECT scan, scanner, threat FROM opinions WHERE scan IN (SELECT value FROM json_each(?))
        AND threat IN (SELECT value FROM json_each(?)) ORDER BY scan, scanner
    """
    for row in db.query(query, [json.dumps(list(numbers)), json.dumps(list(BAD))]):
        found.setdefault(row["scan"], {})[row["scanner"]] = Threat(row["threat"])
    return found


def _verdict(row: Mapping[str, Any]) -> Verdict:
    values: dict[str, Any] = {name: value for name, value in row.items() if name in _FIELDS}
    values |= {"state": VerdictState(row["state"]), "is_taken": bool(row["is_taken"])}
    return Verdict(**values, result=_result(row))


def _result(row: Mapping[str, Any]) -> SandboxVerdict | None:
    if row["threat"] is None:
        return None
    values = {name: row[name] for name in _RESULT}
    flags = {name: bool(row[name]) for name in ("is_full", "is_instant")}
    risks = tuple(
        Risk(level=level, signature=signature, sources=tuple(sources))
        for level, signature, sources in json.loads(row["risks"])
    )
    return SandboxVerdict(**{**values, **flags, "threat": Threat(row["threat"]), "risks": risks})


def change(db: Connection, number: int, scanner: str, changes: Mapping[str, Any]) -> None:
    """Write changes of a verdict's fields, and of ``submission`` and ``status``, to the table of each."""
    sending = {_SENDING[name]: value for name, value in changes.items() if name in _SENDING}
    own = {name: value for name, value in changes.items() if name not in _SENDING}
    if "polls" in own:
        own["looks"] = own.pop("polls")
    if (result := own.pop("result", None)) is not None:
        own |= {name: getattr(result, name) for name in _RESULT}
        own["risks"] = json.dumps([[risk.level, risk.signature, risk.sources] for risk in result.risks])
    for table, values in (("submissions", sending), ("opinions", own)):
        if values:
            rows.update(db, table, values, scan=number, scanner=scanner)


def _facts(db: Connection, scan: Scan) -> dict[str, frozenset[str]]:
    """Return the fields of ``DecisionFacts`` about side scanners."""

    def scanners(condition: str, parameter: object) -> frozenset[str]:
        found = db.query(f"SELECT scanner FROM opinions WHERE {condition}", [parameter])
        return frozenset(row["scanner"] for row in found)

    over = "scan = ? AND (state NOT IN ('waiting', 'analysing') OR held_at IS NOT NULL)"
    known = "state = 'known' AND scan IN (SELECT number FROM scans WHERE sha256 = ?)"
    return {"verdicts_over": scanners(over, scan.number), "verdicts_known": scanners(known, scan.sha256)}


def card_verdicts(
    db: Connection,
    scan: Scan,
    original: Scan | None,
    scanners: Iterable[ScannerProfile],
    permalink: Callable[[Scan], str | None],
) -> tuple[CardVerdict, ...]:
    """Return what a scan's card shows of each scanner; a duplicate shows its original's."""
    shown = {}
    if original is not None and scan.state is State.DUPLICATE:
        blank: dict[str, Any] = {"held_until": None, "went_on_after_s": None, "announced_ts": None}
        shown = {
            scanner: replace(each, known_from=each.known_from or each.scan, **blank)
            for scanner, each in of_scan(db, original.number).items()
            if each.state in {VerdictState.KNOWN, *ASKED}
        }
    shown |= of_scan(db, scan.number)

    def link(verdict: Verdict) -> str | None:
        source = rows.first_scan(db, "WHERE scans.number = ?", verdict.known_from)
        return permalink(source) if source is not None and open_to(scan, source) else None

    return tuple(
        CardVerdict(scanner=scanner, verdict=verdict, link=link(verdict) if verdict.known_from else None)
        for scanner in scanners
        if (verdict := shown.get(scanner.name)) is not None
    )


def _purge(db: Connection, before: float) -> bool:
    """Remove cached reports from before a time; return whether there were any."""
    return bool(db.execute("DELETE FROM asked_verdicts WHERE at < ?", [before]).rowcount)


HOOKS: Final = RowHooks(moved=_moved, facts=_facts, decided=_begin, purge=_purge)
"""What verdicts do in the transactions of other features."""
