"""The rows of rescan requests, and of files that arrived without their message."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.ports import Clock
from bot.core.scan import ChannelKind
from bot.features.rescan_requests.models import Arrival, RequestState, RescanRequest
from bot.storage import rows
from bot.storage.connection import Connection, RowHooks
from bot.storage.database import Database

_ANSWERED = """
    SELECT requests.number AS number, 'answered' AS state, min(scans.number) AS answer
    FROM requests JOIN scans INDEXED BY scans_request ON scans.request_number = requests.number
    WHERE requests.state = 'waiting' AND scans.state = 'submitted' AND scans.app_id = requests.app_id
    GROUP BY requests.number
"""
_OPEN = f"""
    state = 'waiting' AND NOT EXISTS (
        SELECT 1 FROM scans WHERE scans.request_number = requests.number
        AND scans.state IN ({rows.OPEN_STATES}, 'waiting')
    )
"""
"""The condition for requests that can expire: none of their builds is in progress."""


@dataclass(eq=False, repr=False)
class RescanRequestRepository:
    """Reads and writes them."""

    database: Database
    clock: Clock

    async def create(
        self,
        *,
        app_id: str,
        channel: str,
        channel_kind: ChannelKind,
        asked_by: str,
        wait_s: float,
        latest: int | None,
    ) -> RescanRequest:
        """Record a request for a build of an app."""
        now = self.clock.now()

        def work(db: Connection) -> RescanRequest:
            number = db.execute(
                "INSERT INTO requests (app_id, channel, channel_kind, asked_by, created_at, expires_at, "
                "state, latest) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)",
                [app_id, channel, channel_kind.value, asked_by, now, now + wait_s, latest],
            ).lastrowid
            return _load(db, int(number or 0))

        return await self.database.write(work)

    async def update(self, number: int, **changes: Any) -> RescanRequest:
        """Change a request's ``message_ts`` or ``state``."""
        return await self.database.write(lambda db: _change(db, number, changes))

    async def close(self) -> tuple[list[RescanRequest], float | None]:
        """Close the requests that were fulfilled or have expired; return them, and when the next expires.

        A request is fulfilled by the submission of a build for it.
        """
        now = self.clock.now()
        lapsed = f"SELECT number, 'lapsed' AS state, NULL AS answer FROM requests WHERE {_OPEN}"

        def look(db: Connection) -> tuple[dict[int, dict[str, Any]], float | None]:
            found = [*db.query(f"{lapsed} AND expires_at <= ?", [now]), *db.query(_ANSWERED)]
            (next_at,) = db.execute(f"SELECT min(expires_at) FROM requests WHERE {_OPEN}").fetchone()
            return {row.pop("number"): row for row in found}, next_at

        def work(db: Connection) -> tuple[list[RescanRequest], float | None]:
            closed = [_change(db, number, changes) for number, changes in look(db)[0].items()]
            return closed, look(db)[1]

        closing, next_at = await self.database.read(look)
        return await self.database.write(work) if closing else ([], next_at)

    async def request(self, number: int) -> RescanRequest | None:
        """Return a request, if it exists."""
        return await self._first("WHERE number = ?", number)

    async def waiting_in(self, channel: str, thread_ts: str) -> RescanRequest | None:
        """Return the waiting request whose message started this thread."""
        return await self._first(
            "WHERE channel = ? AND message_ts = ? AND state = 'waiting' AND expires_at > ?",
            *(channel, thread_ts, self.clock.now()),
        )

    async def _first(self, where: str, *parameters: object) -> RescanRequest | None:
        query = f"SELECT * FROM requests {where}"
        return await self.database.read(
            lambda db: next((_request(row) for row in db.query(query, parameters)), None)
        )

    async def arrived(self, file_id: str, channel: str, event_ts: str) -> None:
        """Record a file whose message has to be found."""
        await self.database.write(
            lambda db: db.execute(
                "INSERT OR IGNORE INTO arrivals (file_id, channel, event_ts, due_at) VALUES (?, ?, ?, ?)",
                [file_id, channel, event_ts, self.clock.now()],
            )
        )

    async def arrivals(self) -> list[Arrival]:
        """Return the files whose message has to be found, the first due first."""
        return await self.database.read(
            lambda db: [Arrival(**row) for row in db.query("SELECT * FROM arrivals ORDER BY due_at")]
        )

    async def settle_arrival(self, arrival: Arrival, *, retry_at: float | None) -> None:
        """Delete a file, or search for its message again at ``retry_at``."""
        change, values = "DELETE FROM arrivals", []
        if retry_at is not None:
            change, values = "UPDATE arrivals SET attempts = attempts + 1, due_at = ?", [retry_at]
        query = f"{change} WHERE file_id = ? AND channel = ? AND event_ts = ?"
        key = [arrival.file_id, arrival.channel, arrival.event_ts]
        await self.database.write(lambda db: db.execute(query, [*values, *key]))


def _load(db: Connection, number: int) -> RescanRequest:
    return _request(next(iter(db.query("SELECT * FROM requests WHERE number = ?", [number]))))


def _change(db: Connection, number: int, changes: Mapping[str, Any]) -> RescanRequest:
    values = rows.plain(changes)
    assignments = ", ".join(f"{column} = ?" for column in values)
    db.execute(f"UPDATE requests SET {assignments} WHERE number = ?", [*values.values(), number])
    return _load(db, number)


def _request(row: Mapping[str, Any]) -> RescanRequest:
    kind, state = ChannelKind(row["channel_kind"]), RequestState(row["state"])
    return RescanRequest(**{**row, "channel_kind": kind, "state": state})


def _purge(db: Connection, before: float) -> bool:
    """Remove closed requests from before a time; return whether there were any."""
    removed = db.execute(
        "DELETE FROM requests WHERE created_at < ? AND state <> 'waiting' "
        "AND number NOT IN (SELECT request_number FROM scans WHERE request_number IS NOT NULL)",
        [before],
    )
    return bool(removed.rowcount)


def _forget(db: Connection, user: str, stand_in: str) -> None:
    """Replace the person who asked."""
    db.execute("UPDATE requests SET asked_by = ? WHERE asked_by = ?", [stand_in, user])


HOOKS: Final = RowHooks(purge=_purge, forget=_forget)
"""What rescan requests do in the transactions of others."""
