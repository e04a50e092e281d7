"""What a share adds to the rows beside its own."""

from bot.core.scan import Scan, Share, State
from bot.storage import transitions
from bot.storage.connection import Connection

_UNDECIDED = {State.RECEIVED, State.PULLING, State.CHECKING}


def note_request(db: Connection, scan: Scan) -> None:
    """Say in the timeline who asked for the rescan that this build answers."""
    query = "SELECT app_id, asked_by, created_at FROM requests WHERE number = ?"
    for row in db.query(query, [scan.request_number]):
        transitions.note(
            db,
            scan.number,
            now=row["created_at"],
            who=row["asked_by"],
            before=State.RECEIVED,
            after=State.RECEIVED,
            why=f"the build answers a rescan of {row['app_id']} that was asked for",
        )


def filled_in(db: Connection, known: Scan, share: Share) -> Scan:
    """Add to an undecided scan what its message asks for, where only its file was told of before."""
    if known.comment or not share.comment or known.kind is not None or known.state not in _UNDECIDED:
        return known
    asked = {field: getattr(share, field) for field in ("comment", "asked_app_id", "asked_name")}
    db.execute(
        "UPDATE scans SET comment = ?, asked_app_id = ?, asked_name = ? WHERE number = ?",
        [*asked.values(), known.number],
    )
    return transitions.load(db, known.number)
