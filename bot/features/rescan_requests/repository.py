"""The rows of rescan requests, and of files that arrived without their message."""

from collections.abc import Mapping
from typing import Any, Final

from bot.core.scan import ChannelKind
from bot.features.rescan_requests.models import Arrival, RequestState, RescanRequest
from bot.storage import rows
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes

_ANSWERED = """
    SELECT requests.number AS number, 'answered' AS state, min(scans.number) AS answer
    FROM requests JOIN scans INDEXED BY scans_request ON scans.request_number = requests.number
    WHERE requests.state = 'waiting' AND scans.state = 'submitted' AND scans.app_id = requests.app_id
    GROUP BY requests.number
"""
_CAN_EXPIRE = f"""
    state = 'waiting' AND NOT EXISTS (
        SELECT 1 FROM scans WHERE scans.request_number = requests.number
        AND scans.state IN ({rows.OPEN_STATES}, 'waiting')
    )
"""
"""The condition for waiting requests of which no build is in progress."""


class RescanRequestRepository(Repository):
    """Reads and writes them."""

    @writes
    def create(self, db: Connection, /, *, wait_s: float, **request: Any) -> RescanRequest:
        """Record a request that waits for ``wait_s``; ``request`` are its fields that a person decided."""
        now = self.clock.now()
        row = {"created_at": now, "expires_at": now + wait_s, "state": RequestState.WAITING, **request}
        return _load(db, int(db.table("requests").insert(rows.plain(row)).last_pk or 0))

    @writes
    def update(self, db: Connection, /, number: int, **changes: Any) -> RescanRequest:
        """Change a request's ``message_ts`` or ``state``."""
        return _change(db, number, changes)

    async def close(self) -> tuple[list[RescanRequest], float | None]:
        """Close the requests that were fulfilled or have expired; return them, and when the next expires.

        A request is fulfilled by the submission of a build for it.
        """
        now = self.clock.now()
        closing, next_at = await self.database.read(lambda db: _closing(db, now))
        return await self._close(now) if closing else ([], next_at)

    @writes
    def _close(self, db: Connection, now: float) -> tuple[list[RescanRequest], float | None]:
        closed = [_change(db, number, changes) for number, changes in _closing(db, now)[0].items()]
        return closed, _closing(db, now)[1]

    async def request(self, number: int) -> RescanRequest | None:
        """Return a request, if it exists."""
        return await self._first("WHERE number = ?", number)

    async def waiting_in(self, channel: str, thread_ts: str) -> RescanRequest | None:
        """Return the waiting request whose message started this thread."""
        return await self._first(
            "WHERE channel = ? AND message_ts = ? AND state = 'waiting' AND expires_at > ?",
            *(channel, thread_ts, self.clock.now()),
        )

    @reads
    def _first(self, db: Connection, where: str, *parameters: object) -> RescanRequest | None:
        query = f"SELECT * FROM requests {where}"
        return next((_request(row) for row in db.query(query, parameters)), None)

    @writes
    def arrived(self, db: Connection, file_id: str, channel: str, event_ts: str) -> None:
        """Record a file whose message has to be found."""
        db.execute(
            "INSERT OR IGNORE INTO arrivals (file_id, channel, event_ts, due_at) VALUES (?, ?, ?, ?)",
            [file_id, channel, event_ts, self.clock.now()],
        )

    @reads
    def arrivals(self, db: Connection) -> list[Arrival]:
        """Return the files whose message has to be found, the first due first."""
        return [Arrival(**row) for row in db.query("SELECT * FROM arrivals ORDER BY due_at")]

    @writes
    def settle_arrival(self, db: Connection, arrival: Arrival, *, retry_at: float | None) -> None:
        """Delete a file, or search for its message again at ``retry_at``."""
        change, values = "DELETE FROM arrivals", []
        if retry_at is not None:
            change, values = "UPDATE arrivals SET attempts = attempts + 1, due_at = ?", [retry_at]
        query = f"{change} WHERE file_id = ? AND channel = ? AND event_ts = ?"
        db.execute(query, [*values, arrival.file_id, arrival.channel, arrival.event_ts])


def _closing(db: Connection, now: float) -> tuple[dict[int, dict[str, Any]], float | None]:
    """Return the changes to requests that are to be closed, and when the next expires."""
    expired = f"SELECT number, 'lapsed' AS state, NULL AS answer FROM requests WHERE {_CAN_EXPIRE}"
    found = [*db.query(f"{expired} AND expires_at <= ?", [now]), *db.query(_ANSWERED)]
    (next_at,) = db.execute(f"SELECT min(expires_at) FROM requests WHERE {_CAN_EXPIRE}").fetchone()
    return {row.pop("number"): row for row in found}, next_at


def _load(db: Connection, number: int) -> RescanRequest:
    return _request(next(iter(db.query("SELECT * FROM requests WHERE number = ?", [number]))))


def _change(db: Connection, number: int, changes: Mapping[str, Any]) -> RescanRequest:
    rows.update(db, "requests", changes, number=number)
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
