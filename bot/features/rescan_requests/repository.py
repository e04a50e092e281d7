"""The rows of rescan requests, and of files that arrived without their message."""

from collections.abc import Mapping
from typing import Any, Final

from bot.core.scan import ChannelKind
from bot.features.rescan_requests.models import RequestState, RescanRequest
from bot.storage import rows
from bot.storage.connection import Connection, RowHooks
from bot.storage.repository import Repository, reads, writes

_WAITS = f"""state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM scans WHERE scans.request_number = requests.number
    AND scans.state IN ({rows.OPEN_STATES}, 'waiting')
)"""


class RescanRequestRepository(Repository):
    """Reads and writes them."""

    @writes
    def create(
        self,
        db: Connection,
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
        number = db.execute(
            "INSERT INTO requests (app_id, channel, channel_kind, asked_by, created_at, expires_at, "
            "state, latest) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)",
            [app_id, channel, channel_kind.value, asked_by, now, now + wait_s, latest],
        ).lastrowid
        return _load(db, int(number or 0))

    @writes
    def update(self, db: Connection, /, number: int, **changes: Any) -> RescanRequest:
        """Change a request's ``message_ts``, ``state`` or ``answer``."""
        values: Mapping[str, Any] = rows.plain(changes)
        assignments = ", ".join(f"{column} = ?" for column in values)
        db.execute(f"UPDATE requests SET {assignments} WHERE number = ?", [*values.values(), number])
        return _load(db, number)

    @writes
    def answer(self, db: Connection) -> list[RescanRequest]:
        """Close and return the requests that were fulfilled by the submission of a build for them."""
        query = """
            SELECT requests.number AS number, min(scans.number) AS answer
            FROM requests JOIN scans INDEXED BY scans_request ON scans.request_number = requests.number
            WHERE requests.state = 'waiting' AND scans.state = 'submitted' AND scans.app_id = requests.app_id
            GROUP BY requests.number
        """
        found = list(db.query(query))
        for row in found:
            db.execute(
                "UPDATE requests SET state = 'answered', answer = ? WHERE number = ?",
                [row["answer"], row["number"]],
            )
        return [_load(db, row["number"]) for row in found]

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
    def lapse(self, db: Connection) -> list[RescanRequest]:
        """Close and return the expired requests, except those whose build is in progress."""
        where = f"{_WAITS} AND expires_at <= ?"
        now = [self.clock.now()]
        found = [_request(row) for row in db.query(f"SELECT * FROM requests WHERE {where}", now)]
        if found:
            db.execute(f"UPDATE requests SET state = '{RequestState.LAPSED.value}' WHERE {where}", now)
        return [_load(db, request.number) for request in found]

    @reads
    def next_lapse_at(self, db: Connection) -> float | None:
        """Return when the next waiting request expires."""
        query = f"SELECT min(expires_at) AS at FROM requests WHERE {_WAITS}"
        at: float | None = db.execute(query).fetchone()[0]
        return at

    @writes
    def arrived(self, db: Connection, file_id: str, channel: str, event_ts: str) -> None:
        """Record a file whose message has to be found."""
        db.execute(
            "INSERT OR IGNORE INTO arrivals (file_id, channel, event_ts, due_at) VALUES (?, ?, ?, ?)",
            [file_id, channel, event_ts, self.clock.now()],
        )

    @reads
    def arrivals(self, db: Connection, *, all_: bool = False) -> list[tuple[str, str, str, int, float]]:
        """Return ``(file_id, channel, event_ts, attempts, due_at)`` of the files that are due, or of all."""
        limit = float("inf") if all_ else self.clock.now()
        query = "SELECT * FROM arrivals WHERE due_at <= ? ORDER BY due_at"
        return [
            (row["file_id"], row["channel"], row["event_ts"], row["attempts"], row["due_at"])
            for row in db.query(query, [limit])
        ]

    @writes
    def settle_arrival(
        self, db: Connection, file_id: str, channel: str, event_ts: str, *, retry_at: float | None
    ) -> None:
        """Delete a file, or search for its message again at ``retry_at``."""
        change, values = "DELETE FROM arrivals", []
        if retry_at is not None:
            change, values = "UPDATE arrivals SET attempts = attempts + 1, due_at = ?", [retry_at]
        query = f"{change} WHERE file_id = ? AND channel = ? AND event_ts = ?"
        db.execute(query, [*values, file_id, channel, event_ts])


def _load(db: Connection, number: int) -> RescanRequest:
    return _request(next(iter(db.query("SELECT * FROM requests WHERE number = ?", [number]))))


def _request(row: Mapping[str, Any]) -> RescanRequest:
    return RescanRequest(
        **{
            **row,
            "channel_kind": ChannelKind(row["channel_kind"]),
            "state": RequestState(row["state"]),
        }
    )


def _purge(db: Connection, before: float) -> bool:
    """Remove requests from before a time that wait no longer; return whether there were any."""
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
"""What waiting rescans do in the transactions of others."""
