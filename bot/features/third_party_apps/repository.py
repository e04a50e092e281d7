"""What was asked of third-party apps: each look, what it told, and who is yet to be told of it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.ports import Clock
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
from bot.storage.database import Database

UNFOLLOWED_S: Final = 14 * 86_400.0
"""A look that has been due for so long is not followed any more: the API is not set up."""

_OVER: Final = "SELECT number FROM app_looks WHERE state <> 'analysing'"


class AppLookupRepository:
    """The tables of looks, and of who asked for those that have no answer yet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def known(self, ref: AppRef, *, since: float) -> AppLookup | None:
        """Return the newest look that told of an app, where it ended after ``since``."""
        where = "state = 'known' AND answered_at > ? AND answered_at <= ? ORDER BY answered_at DESC LIMIT 1"
        parameters = [since, self._clock.now()]
        return await self._database.read(
            lambda db: _first(db, f"kind = ? AND ref = ? AND {where}", [*_key(ref), *parameters])
        )

    async def analysing(self, ref: AppRef) -> AppLookup | None:
        """Return the look that waits for the analysis of an app."""
        return await self._database.read(lambda db: _analysing(db, ref))

    async def look(self, number: int) -> AppLookup | None:
        """Return a look."""
        return await self._database.read(lambda db: _first(db, "number = ?", [number]))

    async def take(self, ref: AppRef, *, user: str, channel: str, due_at: float) -> AppLookup:
        """Note that an app is analysed and somebody wants to be told; all who ask meanwhile share a look."""
        now = self._clock.now()

        def work(db: Connection) -> AppLookup:
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

        return await self._database.write(work)

    async def answered(self, ref: AppRef, app: ThirdPartyApp, *, told: str | None = None) -> AppLookup:
        """Keep what is known of an app, in the look that waits for it where there is one.

        ``told`` is who sees it at once, and is not to be told again.
        """
        now = self._clock.now()
        kept = json.dumps(dataclasses.asdict(app), ensure_ascii=False, separators=(",", ":"))

        def work(db: Connection) -> AppLookup:
            analysed = _analysing(db, ref)
            number = (
                analysed.number if analysed is not None else _add(db, ref, AppLookupState.KNOWN, now, now)
            )
            db.execute(
                "UPDATE app_looks SET state = 'known', answered_at = ?, app = ? WHERE number = ?",
                [now, kept, number],
            )
            db.execute("DELETE FROM app_asks WHERE look = ? AND user = ?", [number, told])
            return _load(db, number)

        return await self._database.write(work)

    async def end(self, number: int, state: AppLookupState) -> None:
        """End a look without an answer."""
        values = [state.value, self._clock.now(), number]
        await self._database.write(
            lambda db: db.execute("UPDATE app_looks SET state = ?, answered_at = ? WHERE number = ?", values)
        )

    async def reschedule(self, numbers: Sequence[int], due_at: float) -> None:
        """Ask for these again at ``due_at``."""
        these = f"({', '.join(str(int(number)) for number in numbers)})"
        await self._database.write(
            lambda db: db.execute(f"UPDATE app_looks SET due_at = ? WHERE number IN {these}", [due_at])
        )

    async def due(self, limit: int = -1) -> list[AppLookup]:
        """Return the looks that wait for an analysis and are due, oldest first; with a limit of -1 all."""
        where = "state = 'analysing' AND due_at <= ? ORDER BY due_at, number LIMIT ?"
        parameters = [self._clock.now(), limit]
        return await self._database.read(
            lambda db: [_look(row) for row in db.query(f"SELECT * FROM app_looks WHERE {where}", parameters)]
        )

    async def to_tell(self, limit: int) -> list[AppQuestion]:
        """Return who is to be told now how a look has ended."""
        query = f"SELECT * FROM app_asks WHERE look IN ({_OVER}) AND due_at <= ? ORDER BY number LIMIT ?"
        parameters = [self._clock.now(), limit]

        def work(db: Connection) -> list[AppQuestion]:
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

        return await self._database.read(work)

    async def told(self, number: int) -> None:
        """Forget that somebody asked: they were told, or can't be."""
        await self._database.write(lambda db: db.execute("DELETE FROM app_asks WHERE number = ?", [number]))

    async def tell_later(self, number: int, due_at: float) -> None:
        """Keep that somebody could not be told now."""
        query = "UPDATE app_asks SET due_at = ?, tries = tries + 1 WHERE number = ?"
        await self._database.write(lambda db: db.execute(query, [due_at, number]))

    async def next_due_at(self) -> float | None:
        """Return when the next look, or the next word to somebody, is due."""
        query = f"""
            SELECT min(due_at) AS at FROM (
                SELECT due_at FROM app_looks WHERE state = 'analysing'
                UNION ALL SELECT due_at FROM app_asks WHERE look IN ({_OVER})
            )
        """
        return await self._database.read(lambda db: next(iter(db.query(query)))["at"])


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
