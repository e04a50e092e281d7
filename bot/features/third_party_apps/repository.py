"""What was asked of third-party apps: each look, what it told, and who is yet to be told of it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
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
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes

UNFOLLOWED_S: Final = 14 * 86_400.0
"""A look that has been due for so long is not followed any more: the API is not set up."""

_OVER: Final = "SELECT number FROM app_looks WHERE state <> 'analysing'"


class AppLookupRepository(Repository):
    """The tables of looks, and of who asked for those that have no answer yet."""

    @reads
    def known(self, db: Connection, ref: AppRef, *, since: float) -> AppLookup | None:
        """Return the newest look that told of an app, where it ended after ``since``."""
        where = "state = 'known' AND answered_at > ? AND answered_at <= ? ORDER BY answered_at DESC LIMIT 1"
        parameters = [since, self.clock.now()]
        return _first(db, f"kind = ? AND ref = ? AND {where}", [*_key(ref), *parameters])

    @reads
    def analysing(self, db: Connection, ref: AppRef) -> AppLookup | None:
        """Return the look that waits for the analysis of an app."""
        return _analysing(db, ref)

    @reads
    def look(self, db: Connection, number: int) -> AppLookup | None:
        """Return a look."""
        return _first(db, "number = ?", [number])

    @writes
    def take(self, db: Connection, ref: AppRef, *, user: str, channel: str, due_at: float) -> AppLookup:
        """Note that an app is analysed and somebody wants to be told; all who ask meanwhile share a look."""
        now = self.clock.now()
        analysed = _analysing(db, ref)
        if analysed is not None:
            number = analysed.number
            db.execute("UPDATE app_looks SET due_at = ? WHERE number = ?", [due_at, number])
        else:
            number = _add(db, ref, AppLookupState.ANALYSING, now, due_at)
        db.execute(
            "INSERT OR REPLACE INTO app_asks (look, user, channel) VALUES (?, ?, ?)",
            [number, user, channel],
        )
        return _load(db, number)

    @writes
    def answered(
        self, db: Connection, ref: AppRef, app: ThirdPartyApp, *, told: str | None = None
    ) -> AppLookup:
        """Keep what is known of an app, in the look that waits for it where there is one.

        ``told`` is who sees it at once, and is not to be told again.
        """
        now = self.clock.now()
        kept = json.dumps(dataclasses.asdict(app), ensure_ascii=False, separators=(",", ":"))
        analysed = _analysing(db, ref)
        number = analysed.number if analysed is not None else _add(db, ref, AppLookupState.KNOWN, now, now)
        db.execute(
            "UPDATE app_looks SET state = 'known', answered_at = ?, app = ? WHERE number = ?",
            [now, kept, number],
        )
        db.execute("DELETE FROM app_asks WHERE look = ? AND user = ?", [number, told])
        return _load(db, number)

    @writes
    def end(self, db: Connection, number: int, state: AppLookupState) -> None:
        """End a look without an answer."""
        values = [state.value, self.clock.now(), number]
        db.execute("UPDATE app_looks SET state = ?, answered_at = ? WHERE number = ?", values)

    @writes
    def reschedule(self, db: Connection, numbers: Sequence[int], due_at: float) -> None:
        """Ask for these again at ``due_at``."""
        these = f"({', '.join(str(int(number)) for number in numbers)})"
        db.execute(f"UPDATE app_looks SET due_at = ? WHERE number IN {these}", [due_at])

    @reads
    def due(self, db: Connection, limit: int = -1) -> list[AppLookup]:
        """Return the looks that wait for an analysis and are due, oldest first; with a limit of -1 all."""
        where = "state = 'analysing' AND due_at <= ? ORDER BY due_at, number LIMIT ?"
        parameters = [self.clock.now(), limit]
        return [_look(row) for row in db.query(f"SELECT * FROM app_looks WHERE {where}", parameters)]

    @reads
    def to_tell(self, db: Connection, limit: int) -> list[AppQuestion]:
        """Return who is to be told now how a look has ended."""
        query = f"SELECT * FROM app_asks WHERE look IN ({_OVER}) AND due_at <= ? ORDER BY number LIMIT ?"
        parameters = [self.clock.now(), limit]
        return [
            AppQuestion(
                number=row["number"],
                look=_load(db, row["look"]),
                user=row["user"],
                channel=row["channel"],
                tries=row["tries"],
            )
            for row in list(db.query(query, parameters))
        ]

    @writes
    def told(self, db: Connection, number: int) -> None:
        """Forget that somebody asked: they were told, or can't be."""
        db.execute("DELETE FROM app_asks WHERE number = ?", [number])

    @writes
    def tell_later(self, db: Connection, number: int, due_at: float) -> None:
        """Keep that somebody could not be told now."""
        query = "UPDATE app_asks SET due_at = ?, tries = tries + 1 WHERE number = ?"
        db.execute(query, [due_at, number])

    @reads
    def next_due_at(self, db: Connection) -> float | None:
        """Return when the next look, or the next word to somebody, is due."""
        query = f"""
            SELECT min(due_at) AS at FROM (
                SELECT due_at FROM app_looks WHERE state = 'analysing'
                UNION ALL SELECT due_at FROM app_asks WHERE look IN ({_OVER})
            )
        """
        at: float | None = db.execute(query).fetchone()[0]
        return at


def _purge(db: Connection, before: float) -> bool:
    """Remove looks that ended before ``before``, and those nobody polls; return whether there were any."""
    removed = db.execute(
        "DELETE FROM app_looks WHERE answered_at < ? OR (state = 'analysing' AND due_at < ?)",
        [before, before - UNFOLLOWED_S],
    )
    return bool(removed.rowcount)


def _forget(db: Connection, user: str, _: str) -> None:
    """Remove the questions of a person; they get no answer any more."""
    db.execute("DELETE FROM app_asks WHERE user = ?", [user])


def _key(ref: AppRef) -> list[str]:
    return [ref.kind.value, ref.value]


def _add(db: Connection, ref: AppRef, state: AppLookupState, now: float, due_at: float) -> int:
    query = "INSERT INTO app_looks (kind, ref, state, began_at, due_at) VALUES (?, ?, ?, ?, ?)"
    return int(db.execute(query, [*_key(ref), state.value, now, due_at]).lastrowid or 0)


def _analysing(db: Connection, ref: AppRef) -> AppLookup | None:
    return _first(db, "kind = ? AND ref = ? AND state = 'analysing'", _key(ref))


def _load(db: Connection, number: int) -> AppLookup:
    return _look(next(iter(db.query("SELECT * FROM app_looks WHERE number = ?", [number]))))


def _first(db: Connection, where: str, parameters: Sequence[object]) -> AppLookup | None:
    found = db.query(f"SELECT * FROM app_looks WHERE {where}", parameters)
    return next((_look(row) for row in found), None)


def _look(row: Mapping[str, Any]) -> AppLookup:
    return AppLookup(
        number=row["number"],
        ref=AppRef(kind=RefKind(row["kind"]), value=row["ref"]),
        state=AppLookupState(row["state"]),
        began_at=row["began_at"],
        due_at=row["due_at"],
        answered_at=row["answered_at"],
        app=_app(json.loads(row["app"])) if row["app"] is not None else None,
    )


def _app(kept: Mapping[str, Any]) -> ThirdPartyApp:
    known = {each.name for each in dataclasses.fields(ThirdPartyApp)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
    }
    values["risk"] = _level(kept["risk"])
    values["permissions"] = tuple(
        AppPermission(**{**each, "level": _level(each["level"])}) for each in kept["permissions"]
    )
    values["risks"] = tuple(
        AppRisk(**{**each, "severity": _level(each["severity"])}) for each in kept["risks"]
    )
    return ThirdPartyApp(**{name: value for name, value in values.items() if name in known})


def _level(word: str | None) -> Level | None:
    return Level(word) if word is not None else None


HOOKS: Final = RowHooks(purge=_purge, forget=_forget)
"""What third-party apps do in the transactions of others."""
