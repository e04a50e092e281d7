"""What the history knows that bears on a decision, and what a share adds to it."""

import sqlite_utils

from bot.core.scan import OPEN, Build, Platform, Scan, Share, State
from bot.features.app_links import repository
from bot.features.submission.decision import DecisionFacts
from bot.features.verdicts import transition_repository
from bot.storage import rows, transitions

OPEN_STATES = ", ".join(f"'{state.value}'" for state in sorted(OPEN))
_IN_FLIGHT = f"(scans.kind IS NOT NULL AND scans.state IN ({OPEN_STATES}))"
_UNDECIDED = {State.RECEIVED, State.PULLING, State.CHECKING}
SENT = "scans.state IN ('submitted', 'uncertain')"


def gather(db: sqlite_utils.Database, scan: Scan, build: Build) -> DecisionFacts:
    """Read what bears on the decision; see ``decision.Facts``."""
    same_app = (build.bundle_id, build.platform)
    asked = scan.asked_app_id
    return DecisionFacts(
        link=repository.of_build(db, *same_app),
        owners=tuple(
            link
            for link in (repository.of_app(db, asked) if asked else [])
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
            db,
            f"WHERE scan = ? AND (state NOT IN {transition_repository.OPEN} OR held_at IS NOT NULL)",
            scan.number,
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


def note_request(db: sqlite_utils.Database, scan: Scan) -> None:
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


def filled_in(db: sqlite_utils.Database, known: Scan, share: Share) -> Scan:
    """Add to an undecided scan what its message asks for, where only its file was told of before."""
    if known.comment or not share.comment or known.kind is not None or known.state not in _UNDECIDED:
        return known
    asked = {field: getattr(share, field) for field in ("comment", "asked_app_id", "asked_name")}
    db.execute(
        "UPDATE scans SET comment = ?, asked_app_id = ?, asked_name = ? WHERE number = ?",
        [*asked.values(), known.number],
    )
    return transitions.load(db, known.number)
