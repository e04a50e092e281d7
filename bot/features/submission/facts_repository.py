"""Reads the facts for a decision, and writes what a share adds to them."""

from bot.core.scan import Build, Platform, Scan, Share, State
from bot.features.app_links import repository as links
from bot.features.submission.decision import DecisionFacts
from bot.storage import rows, transitions
from bot.storage.connection import Connection

_IN_FLIGHT = f"(scans.kind IS NOT NULL AND scans.state IN ({rows.OPEN_STATES}))"
_UNDECIDED = {State.RECEIVED, State.PULLING, State.CHECKING}


def gather(db: Connection, scan: Scan, build: Build) -> DecisionFacts:
    """Return the facts for a scan's decision."""
    app = (build.bundle_id, build.platform)
    newest = "ORDER BY scans.number DESC"
    of_file = f"WHERE scans.sha256 = ? AND scans.number <> ? AND ({rows.SENT} OR {_IN_FLIGHT}) {newest}"
    of_app = "WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.number <> ?"
    purged = "SELECT 1 FROM known_apps WHERE bundle_id = ? AND platform = ?"
    return DecisionFacts(
        link=links.of_build(db, *app),
        owners=links.of_others(db, scan.asked_app_id, build),
        same_file=rows.first_scan(db, of_file, scan.sha256, scan.number),
        in_flight=rows.first_scan(db, f"{of_app} AND {_IN_FLIGHT} ORDER BY scans.number", *app, scan.number),
        seen=rows.first_scan(db, f"{of_app} AND {rows.SENT} {newest}", *app, scan.number),
        known=bool(db.execute(purged, app).fetchone()),
        **{
            name: fact
            for hooks in db.hooks
            if hooks.facts is not None
            for name, fact in hooks.facts(db, scan).items()
        },
    )


def ahead(db: Connection, bundle_id: str | None, platform: Platform | None) -> Scan | None:
    """Return an open scan of the app, decided or not."""
    where = f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.state IN ({rows.OPEN_STATES})"
    return rows.first_scan(db, where, bundle_id, platform)


def note_request(db: Connection, scan: Scan) -> None:
    """Note in the timeline who made the rescan request that this build fulfils."""
    query = "SELECT app_id, asked_by, created_at FROM requests WHERE number = ?"
    for row in db.query(query, [scan.request_number]):
        why = f"requested a rescan of {row['app_id']}, which this build fulfils"
        transitions.note(db, scan.number, now=row["created_at"], who=row["asked_by"], why=why)


def add_comment(db: Connection, known: Scan, share: Share) -> Scan:
    """Complete an undecided scan that was recorded from its file alone with the message's comment."""
    if known.comment or not share.comment or known.kind is not None or known.state not in _UNDECIDED:
        return known
    values = {field: getattr(share, field) for field in ("comment", "asked_app_id", "asked_name")}
    rows.update(db, "scans", values, number=known.number)
    return transitions.load(db, known.number)
