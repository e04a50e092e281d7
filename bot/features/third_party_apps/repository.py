"""Lookups of third-party apps, and the questions of people who wait for their answers."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Final

from bot.features.third_party_apps.models import (
    AppLookup,
    AppLookupState,
    AppPermission,
    AppQuestion,
    AppRef,
    AppRisk,
    Level,
    RefKind,
    ThirdPartyApp,
)
from bot.storage import rows
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes

MAX_OVERDUE_S: Final = 14 * 86_400.0
"""A lookup this long overdue is abandoned: the API is no longer set up."""

_ENDED: Final = "look IN (SELECT number FROM app_looks WHERE state <> 'analysing')"
_ANALYSING: Final = "kind = ? AND ref = ? AND state = 'analysing'"


class AppLookupRepository(Repository):
    """The tables ``app_looks`` (lookups) and ``app_asks`` (questions without an answer yet)."""

    async def known(self, ref: AppRef, *, since: float) -> AppLookup | None:
        """Return an app's newest lookup with an answer, if that came after ``since``."""
        where = (
            "kind = ? AND ref = ? AND state = 'known' AND answered_at > ? AND answered_at <= ? "
            "ORDER BY answered_at DESC LIMIT 1"
        )
        return await self._first(where, *_key(ref), since, self.clock.now())

    async def analysing(self, ref: AppRef) -> AppLookup | None:
        """Return the lookup that waits for an app's analysis."""
        return await self._first(_ANALYSING, *_key(ref))

    async def lookup(self, number: int) -> AppLookup | None:
        """Return a lookup."""
        return await self._first("number = ?", number)

    @reads
    def _first(self, db: Connection, where: str, *parameters: object) -> AppLookup | None:
        return next(iter(_lookups(db, where, *parameters)), None)

    @writes
    def add_question(
        self, db: Connection, ref: AppRef, *, user: str, channel: str, due_at: float
    ) -> AppLookup:
        """Note that a person waits for an app's analysis, and when to ask Zscaler again."""
        lookup = _keep(db, ref, self.clock.now(), due_at=due_at)
        query = "INSERT OR REPLACE INTO app_asks (look, user, channel) VALUES (?, ?, ?)"
        db.execute(query, [lookup.number, user, channel])
        return lookup

    @writes
    def answered(
        self, db: Connection, ref: AppRef, app: ThirdPartyApp, *, user: str | None = None
    ) -> AppLookup:
        """Store an answer, in the lookup that waits for it if there is one.

        ``user`` sees the answer now, so their question is removed.
        """
        now = self.clock.now()
        answer = {"state": AppLookupState.KNOWN, "answered_at": now, "app": dataclasses.asdict(app)}
        lookup = _keep(db, ref, now, **answer)
        db.execute("DELETE FROM app_asks WHERE look = ? AND user = ?", [lookup.number, user])
        return lookup

    async def end(self, number: int, state: AppLookupState) -> None:
        """End a lookup without an answer."""
        query = "UPDATE app_looks SET state = ?, answered_at = ? WHERE number = ?"
        await self._execute(query, state.value, self.clock.now(), number)

    async def reschedule(self, numbers: Sequence[int], due_at: float) -> None:
        """Make lookups due at a time."""
        marks = ", ".join("?" * len(numbers))
        await self._execute(f"UPDATE app_looks SET due_at = ? WHERE number IN ({marks})", due_at, *numbers)

    @reads
    def due(self, db: Connection, limit: int = -1) -> list[AppLookup]:
        """Return the due lookups that wait for an analysis, oldest first; -1 is no limit."""
        where = "state = 'analysing' AND due_at <= ? ORDER BY due_at, number LIMIT ?"
        return _lookups(db, where, self.clock.now(), limit)

    @reads
    def due_questions(self, db: Connection, limit: int) -> list[AppQuestion]:
        """Return the questions whose lookup has ended, and whose answer is due."""
        query = f"""
            SELECT number, look, user, channel, tries FROM app_asks
            WHERE {_ENDED} AND due_at <= ? ORDER BY number LIMIT ?
        """
        return [
            AppQuestion(lookup=_load(db, row.pop("look")), **row)
            for row in list(db.query(query, [self.clock.now(), limit]))
        ]

    async def remove_question(self, number: int) -> None:
        """Remove a question that was answered, or can't be."""
        await self._execute("DELETE FROM app_asks WHERE number = ?", number)

    async def retry_question(self, number: int, due_at: float) -> None:
        """Count a failed attempt to send an answer, and set the time of the next."""
        query = "UPDATE app_asks SET due_at = ?, tries = tries + 1 WHERE number = ?"
        await self._execute(query, due_at, number)

    @writes
    def _execute(self, db: Connection, query: str, *parameters: object) -> None:
        db.execute(query, parameters)

    @reads
    def next_due_at(self, db: Connection) -> float | None:
        """Return when the next lookup or answer is due."""
        query = f"""
            SELECT min(due_at) AS at FROM (
                SELECT due_at FROM app_looks WHERE state = 'analysing'
                UNION ALL SELECT due_at FROM app_asks WHERE {_ENDED}
            )
        """
        at: float | None = db.execute(query).fetchone()[0]
        return at


def _purge(db: Connection, before: float) -> bool:
    """Remove lookups that ended before ``before``, and abandoned ones; return whether there were any."""
    removed = db.execute(
        "DELETE FROM app_looks WHERE answered_at < ? OR (state = 'analysing' AND due_at < ?)",
        [before, before - MAX_OVERDUE_S],
    )
    return bool(removed.rowcount)


def _forget(db: Connection, user: str, _: str) -> None:
    """Remove a person's questions, which get no answer then."""
    db.execute("DELETE FROM app_asks WHERE user = ?", [user])


def _key(ref: AppRef) -> list[str]:
    return [ref.kind.value, ref.value]


def _keep(db: Connection, ref: AppRef, now: float, **changes: Any) -> AppLookup:
    """Change the lookup that waits for an app's analysis, or begin one; return it as it is then."""
    db.execute(
        "INSERT OR IGNORE INTO app_looks (kind, ref, state, began_at, due_at) "
        "VALUES (?, ?, 'analysing', ?, ?)",
        [*_key(ref), now, now],
    )
    (lookup,) = _lookups(db, _ANALYSING, *_key(ref))
    rows.update(db, "app_looks", changes, number=lookup.number)
    return _load(db, lookup.number)


def _load(db: Connection, number: int) -> AppLookup:
    return _lookups(db, "number = ?", number)[0]


def _lookups(db: Connection, where: str, *parameters: object) -> list[AppLookup]:
    return [
        AppLookup(
            number=row["number"],
            ref=AppRef(kind=RefKind(row["kind"]), value=row["ref"]),
            state=AppLookupState(row["state"]),
            began_at=row["began_at"],
            due_at=row["due_at"],
            answered_at=row["answered_at"],
            app=_app(json.loads(row["app"])) if row["app"] is not None else None,
        )
        for row in db.query(f"SELECT * FROM app_looks WHERE {where}", parameters)
    ]


def _app(stored: dict[str, Any]) -> ThirdPartyApp:
    """Return the record of what ``answered`` stored."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    values["permissions"] = tuple(AppPermission(**_leveled(each, "level")) for each in stored["permissions"])
    values["risks"] = tuple(AppRisk(**_leveled(each, "severity")) for each in stored["risks"])
    return ThirdPartyApp(**_leveled(values, "risk"))


def _leveled(stored: dict[str, Any], name: str) -> dict[str, Any]:
    return {**stored, name: Level(stored[name]) if stored[name] is not None else None}


HOOKS: Final = RowHooks(purge=_purge, forget=_forget)
"""What third-party apps do in the transactions of others."""
