"""Reads the facts for a decision."""

from bot.core.scan import Build, Platform, Scan
from bot.features.app_links import repository
from bot.features.submission.decision import DecisionFacts
from bot.storage import rows
from bot.storage.connection import Connection

_IN_FLIGHT = f"(scans.kind IS NOT NULL AND scans.state IN ({rows.OPEN_STATES}))"


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
