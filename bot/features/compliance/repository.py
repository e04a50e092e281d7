"""Which rules of the policy each scan breaks, and who acknowledged that."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.core.ports import Clock
from bot.errors import NotFound, Superseded
from bot.features.compliance.rules import ACKNOWLEDGED, Evidence, EvidenceKind, Violation
from bot.storage import rows, transitions
from bot.storage.connection import Connection, RowHooks
from bot.storage.database import Database

_FIELDS = ("what", "name", "category", "count")
"""Of a finding, in the order in which they are kept."""


class SqlViolationRepository:
    """The rows of breaches; they are written where results are kept, in the same transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def breach(self, number: int) -> Violation:
        """Return a breach by its own number.

        Raises:
            NotFound: there is none with that number.
        """
        return await self._database.read(lambda db: _load(db, number))

    async def acknowledge(self, number: int, *, who: str, reason: str) -> Violation:
        """Record who acknowledged a breach, and why; the scan's reply is stale then.

        Raises:
            NotFound: there is none with that number.
            Superseded: somebody has acknowledged it already; that stays.
        """
        now = self._clock.now()

        def work(db: Connection) -> Violation:
            breach = _load(db, number)
            if breach.acknowledged_by is not None:
                raise Superseded(ACKNOWLEDGED)
            values = rows.plain({"acknowledged_by": who, "acknowledged_at": now, "reason": reason})
            assignments = ", ".join(f"{column} = ?" for column in values)
            db.execute(f"UPDATE breaches SET {assignments} WHERE number = ?", [*values.values(), number])
            _note(db, int(breach.scan or 0), now, f'acknowledged that it breaks "{breach.rule}"', who)
            return _load(db, number)

        return await self._database.write(work)


def read(db: Connection, number: int) -> tuple[Violation, ...]:
    """Return a scan's breaches, in the order of the rules."""
    return tuple(map(_breach, db.query("SELECT * FROM breaches WHERE scan = ? ORDER BY number", [number])))


def _write(db: Connection, number: int, violations: Iterable[Violation], now: float) -> None:
    """Write what a scan breaks; what is written already stays as it was judged."""
    known = {breach.rule for breach in read(db, number)}
    for breach in violations:
        if breach.rule in known:
            continue
        row = rows.plain(
            {
                "scan": number,
                "rule": breach.rule,
                "found": json.dumps([_plain(finding) for finding in breach.found]),
                "more": breach.more,
                "tell": json.dumps(breach.tell),
                "at": now,
            }
        )
        marks = ", ".join("?" * len(row))
        db.execute(f"INSERT INTO breaches ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        _note(db, number, now, f'breaks "{breach.rule}" of the policy')


def _forget(db: Connection, user: str, stand_in: str) -> None:
    """Take a person out: whom to tell, who acknowledged, and the words of theirs or about them."""
    for row in list(db.query("SELECT number, tell FROM breaches WHERE instr(tell, ?)", [user])):
        told = [each for each in json.loads(row["tell"]) if each != user]
        db.execute("UPDATE breaches SET tell = ? WHERE number = ?", [json.dumps(told), row["number"]])
    db.execute(
        "UPDATE breaches SET reason = '' WHERE acknowledged_by = ? OR instr(reason, ?)",
        [user, user],
    )
    db.execute("UPDATE breaches SET acknowledged_by = ? WHERE acknowledged_by = ?", [stand_in, user])


def _load(db: Connection, number: int) -> Violation:
    row = next(iter(db.query("SELECT * FROM breaches WHERE number = ?", [number])), None)
    if row is None:
        raise NotFound("That breach is not kept any more.")
    return _breach(row)


def _breach(row: Mapping[str, Any]) -> Violation:
    return Violation(
        rule=row["rule"],
        found=tuple(
            Evidence(what=EvidenceKind(what), name=name, category=category, count=count)
            for what, name, category, count in json.loads(row["found"])
        ),
        more=row["more"],
        tell=tuple(json.loads(row["tell"])),
        number=row["number"],
        scan=row["scan"],
        acknowledged_by=row["acknowledged_by"],
        acknowledged_at=row["acknowledged_at"],
        reason=row["reason"],
    )


def _plain(finding: Evidence) -> list[Any]:
    return [*rows.plain({field: getattr(finding, field) for field in _FIELDS}).values()]


def _note(db: Connection, number: int, now: float, why: str, who: str | None = None) -> None:
    """Add a line to the scan's timeline, and say that its reply is stale."""
    state = transitions.load(db, number).state
    transitions.note(db, number, now=now, before=state, after=state, why=why, who=who)
    db.execute("UPDATE scans SET revision = revision + 1 WHERE number = ?", [number])


HOOKS: Final = RowHooks(completed=_write, forget=_forget)
"""What compliance does in the transactions of others."""
