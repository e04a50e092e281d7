"""What the history knows that bears on a decision."""

import sqlite_utils

from bot.scans.decision import Facts
from bot.scans.models import OPEN, Build, Platform, Scan
from bot.store import links, opining, rows

OPEN_STATES = ", ".join(f"'{state.value}'" for state in sorted(OPEN))
_IN_FLIGHT = f"(scans.kind IS NOT NULL AND scans.state IN ({OPEN_STATES}))"
SENT = "scans.state IN ('submitted', 'uncertain')"


def gather(db: sqlite_utils.Database, scan: Scan, build: Build) -> Facts:
    """Read what bears on the decision; see ``decision.Facts``."""
    same_app = (build.bundle_id, build.platform)
    asked = scan.asked_app_id
    return Facts(
        link=links.of_build(db, *same_app),
        owners=tuple(
            link
            for link in (links.of_app(db, asked) if asked else [])
            if (link.bundle_id, link.platform) != same_app
        ),
        same_file=rows.first_scan(
            db,
            f"WHERE scans.sha256 = ? AND scans.number <> ? AND ({SENT} OR {_IN_FLIGHT}) "
            "ORDER BY scans.number DESC",
            scan.sha256,
            scan.number,
        ),
        in_flight=in_flight(db, scan.number, *same_app),
        seen=rows.first_scan(
            db,
            f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.number <> ? AND {SENT} "
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
        verdicts_over=_scanners(
            db, f"WHERE scan = ? AND (state NOT IN {opining.OPEN} OR held_at IS NOT NULL)", scan.number
        ),
        verdicts_known=_scanners(
            db,
            "WHERE state = 'known' AND scan IN (SELECT number FROM scans WHERE sha256 = ?)",
            scan.sha256,
        ),
    )


def _scanners(db: sqlite_utils.Database, rest: str, parameter: object) -> frozenset[str]:
    found = db.query(f"SELECT DISTINCT scanner FROM opinions {rest}", [parameter])
    return frozenset(row["scanner"] for row in found)


def ahead(db: sqlite_utils.Database, bundle_id: str | None, platform: Platform | None) -> Scan | None:
    """Return a scan of the app that moves on by itself, decided or about to be."""
    return rows.first_scan(
        db,
        f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.state IN ({OPEN_STATES})",
        bundle_id,
        platform.value if platform else None,
    )


def in_flight(
    db: sqlite_utils.Database, other_than: int, bundle_id: str | None, platform: Platform | None
) -> Scan | None:
    """Return the oldest other scan of the app that is decided and moves on by itself."""
    return rows.first_scan(
        db,
        f"WHERE scans.bundle_id = ? AND scans.platform = ? AND scans.number <> ? AND {_IN_FLIGHT} "
        "ORDER BY scans.number",
        bundle_id,
        platform.value if platform else None,
        other_than,
    )
