"""What a share changes besides its own row."""

from bot.core.scan import Scan, Share, State
from bot.storage import transitions
from bot.storage.connection import Connection

_UNDECIDED = {State.RECEIVED, State.PULLING, State.CHECKING}


def note_request(db: Connection, scan: Scan) -> None:
    """Note in the timeline who made the rescan request that this build fulfils."""
    query = "SELECT app_id, asked_by, created_at FROM requests WHERE number = ?"
    for row in db.query(query, [scan.request_number]):
        transitions.note(
            db,
            scan.number,
            now=row["created_at"],
            who=row["asked_by"],
            before=State.RECEIVED,
            after=State.RECEIVED,
            why=f"requested a rescan of {row['app_id']}, which this build fulfils",
        )


def add_comment(db: Connection, known: Scan, share: Share) -> Scan:
    """Complete an undecided scan that was recorded from its file alone with the message's comment."""
    if known.comment or not share.comment or known.kind is not None or known.state not in _UNDECIDED:
        return known
    values = {field: getattr(share, field) for field in ("comment", "asked_app_id", "asked_name")}
    db.execute(
        "UPDATE scans SET comment = ?, asked_app_id = ?, asked_name = ? WHERE number = ?",
        [*values.values(), known.number],
    )
    return transitions.load(db, known.number)
