"""Rows of violations and their reviews."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from bot.errors import NotFound, Superseded
from bot.features.compliance.rules import ACKNOWLEDGED, Evidence, EvidenceKind, Violation
from bot.storage import rows, transitions
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes


class ViolationRepository(Repository):
    """Violations in SQLite; they are written in the transaction that stores a scan's results."""

    @reads
    def violation(self, db: Connection, number: int) -> Violation:
        """Return a violation by its number.

        Raises:
            NotFound: there is no such violation.
        """
        return _load(db, number)

    @writes
    def acknowledge(self, db: Connection, number: int, *, who: str, reason: str) -> Violation:
        """Store who acknowledged a violation, and why; updates the scan's reply.

        Raises:
            NotFound: there is no such violation.
            Superseded: it is already acknowledged.
        """
        now = self.clock.now()
        violation = _load(db, number)
        if violation.acknowledged_by is not None:
            raise Superseded(ACKNOWLEDGED)
        review = {"acknowledged_by": who, "acknowledged_at": now, "reason": reason}
        rows.update(db, "breaches", review, number=number)
        _note(db, violation.scan, now, f'acknowledged violation of "{violation.rule}"', who)
        return _load(db, number)


def read(db: Connection, number: int) -> tuple[Violation, ...]:
    """Return a scan's violations in the order of the rules."""
    return tuple(map(_violation, db.query("SELECT * FROM breaches WHERE scan = ? ORDER BY number", [number])))


def _write(db: Connection, number: int, violations: Iterable[Violation], now: float) -> None:
    """Store a scan's violations; violations stored before stay as they were judged."""
    known = {violation.rule for violation in read(db, number)}
    for violation in violations:
        if violation.rule in known:
            continue
        found = [[*rows.plain(vars(evidence)).values()] for evidence in violation.found]
        row = {"scan": number, "rule": violation.rule, "found": found, "more": violation.more}
        db.table("breaches").insert(rows.plain({**row, "tell": violation.tell, "at": now}))
        _note(db, number, now, f'violates compliance rule "{violation.rule}"')


def _forget(db: Connection, user: str, stand_in: str) -> None:
    """Remove a person: from mentions, reviews, and the reasons they gave or that mention them."""
    for row in list(db.query("SELECT number, tell FROM breaches WHERE instr(tell, ?)", [user])):
        others = [each for each in json.loads(row["tell"]) if each != user]
        rows.update(db, "breaches", {"tell": others}, number=row["number"])
    db.execute("UPDATE breaches SET reason = '' WHERE acknowledged_by = ? OR instr(reason, ?)", [user, user])
    db.execute("UPDATE breaches SET acknowledged_by = ? WHERE acknowledged_by = ?", [stand_in, user])


def _load(db: Connection, number: int) -> Violation:
    row = next(db.query("SELECT * FROM breaches WHERE number = ?", [number]), None)
    if row is None:
        raise NotFound("That violation is no longer stored.")
    return _violation(row)


def _violation(row: Mapping[str, Any]) -> Violation:
    found = tuple(
        Evidence(what=EvidenceKind(what), name=name, category=category, count=count)
        for what, name, category, count in json.loads(row["found"])
    )
    values = {field.name: row[field.name] for field in fields(Violation)}
    return Violation(**{**values, "found": found, "tell": tuple(json.loads(row["tell"]))})


def _note(db: Connection, number: int, now: float, why: str, who: str | None = None) -> None:
    """Add a line to the scan's timeline, and mark its reply as stale."""
    transitions.note(db, number, now=now, why=why, who=who)
    transitions.touch(db, number)


HOOKS: Final = RowHooks(completed=_write, forget=_forget)
"""What compliance does in the transactions of others."""
