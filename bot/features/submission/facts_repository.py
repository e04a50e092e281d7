"""Reads the facts for a decision, and writes what a share adds to them."""

from bot.core.scan import Build, Platform, Scan, Share, State
from bot.features.app_links import repository
from bot.features.submission.decision import DecisionFacts
from bot.storage import rows, transitions
from bot.storage.connection import Connection

_IN_FLIGHT = f"(scans.kind IS NOT NULL AND scans.state IN ({rows.OPEN_STATES}))"
_UNDECIDED = {State.RECEIVED, State.PULLING, State.CHECKING}


def gather(db: Connection, scan: Scan, build: Build) -> DecisionFacts:
    """Return the facts for a scan's decision."""
    same_app = (build.bundle_id, build.platform)
    app_id = scan.asked_app_id
    return DecisionFacts(
        link=repository.of_build(db, *same_app),
        owners=tuple(
            link
            for link in (repository.of_app(db, app_id) if app_id else [])
            if (link.bundle_id, link.platform) != same_app
        ),
        same_file=rows.first_scan(
            db,
            f"WHERE scans.sha256 = ? AND scans.number <> ? AND ({rows.SENT} OR {_IN_FLIGHT}) "
            "ORDER BY scans.number DESC",
            scan.sha256,
            scan.number,
        ),
        in_flight=in_flight(db, scan.number, *same_app),
        seen=rows.first_scan(
            db,
            f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.number <> ? AND {rows.SENT} "
            "ORDER BY scans.number DESC",
            build.bundle_id,
            build.platform.value,
            scan.number,
        ),
        known=bool(
            db.execute(
                "SELECT 1 FROM known_apps WHERE bundle_id = ? AND platform = ?",
                [build.bundle_id, build.platform.value],
            ).fetchone()
        ),
        **{
            name: fact
            for hooks in db.hooks
            if hooks.facts is not None
            for name, fact in hooks.facts(db, scan).items()
        },
    )


def ahead(db: Connection, bundle_id: str | None, platform: Platform | None) -> Scan | None:
    """Return an open scan of the app, decided or not."""
    return rows.first_scan(
        db,
        f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.state IN ({rows.OPEN_STATES})",
        bundle_id,
        platform.value if platform else None,
    )


def in_flight(
    db: Connection, other_than: int, bundle_id: str | None, platform: Platform | None
) -> Scan | None:
    """Return the oldest other scan of the app that is open and decided."""
    return rows.first_scan(
        db,
        f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.number <> ? AND {_IN_FLIGHT} "
        "ORDER BY scans.number",
        bundle_id,
        platform.value if platform else None,
        other_than,
    )


def note_request(db: Connection, scan: Scan) -> None:
    """Note in the timeline who made the rescan request that this build fulfils."""
    query = "SELECT app_id, asked_by, created_at FROM requests WHERE number = ?"
    for row in db.query(query, [scan.request_number]):
        transitions.add_event(
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
