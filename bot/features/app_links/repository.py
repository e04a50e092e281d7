"""The rows of links between bundle identifiers on a platform and apps in OneTrust."""

from collections.abc import Callable

from bot.core.scan import Build, Kind, Link, Platform, Reason, Scan
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads, writes

_REQUESTED = {Reason.REQUEST, Reason.COMMAND, Reason.COMMENT}


def of_build(db: Connection, bundle_id: str | None, platform: Platform | None) -> Link | None:
    """Return the link of a bundle identifier and platform; ``None`` if they are not known."""
    found = db.query("SELECT * FROM apps WHERE bundle_id = ? AND platform = ?", [bundle_id, platform])
    return next(map(rows.link, found), None)


def of_app(db: Connection, app_id: str | None) -> list[Link]:
    """Return the links to an app."""
    query = "SELECT * FROM apps WHERE app_id = ? COLLATE NOCASE ORDER BY bundle_id, platform"
    return list(map(rows.link, db.query(query, [app_id])))


def of_others(db: Connection, app_id: str | None, of: Scan | Build) -> tuple[Link, ...]:
    """Return the links to an app from other builds."""
    own = (of.bundle_id, of.platform)
    return tuple(link for link in of_app(db, app_id) if (link.bundle_id, link.platform) != own)


def put(
    db: Connection,
    bundle_id: str,
    platform: Platform,
    app_id: str,
    *,
    who: str | None,
    replace: bool,
    now: float,
) -> bool:
    """Link a bundle identifier on a platform to an app; tell whether anything changed.

    Without ``replace``, an existing link is kept.
    """
    known = of_build(db, bundle_id, platform)
    if known is not None and (known.app_id == app_id or not replace):
        return False
    db.execute("INSERT OR REPLACE INTO apps VALUES (?, ?, ?, ?, ?)", [bundle_id, platform, app_id, who, now])
    return True


def remember(db: Connection, scan: Scan, may_create_link: Callable[[Scan], bool], now: float) -> None:
    """Link the app ID of a submitted scan that a person requested, or the app that was created for it."""
    if scan.bundle_id is None or scan.platform is None:
        return
    app_id, who = None, None
    if scan.kind is Kind.NEW:
        app_id = scan.submission.application_id
    elif scan.reason in _REQUESTED and may_create_link(scan):
        app_id, who = scan.app_id, scan.asked_by or scan.shared_by
    if app_id:
        put(db, scan.bundle_id, scan.platform, app_id, who=who, replace=False, now=now)


class LinkRepository(Repository):
    """Reads and writes links."""

    @reads
    def of_build(self, db: Connection, bundle_id: str | None, platform: Platform | None) -> Link | None:
        """Return the link of a bundle identifier and platform; ``None`` if they are not known."""
        return of_build(db, bundle_id, platform)

    @reads
    def of_app(self, db: Connection, app_id: str) -> list[Link]:
        """Return the links to an app."""
        return of_app(db, app_id)

    @reads
    def of_others(self, db: Connection, app_id: str, of: Scan) -> tuple[Link, ...]:
        """Return the links to an app from other builds."""
        return of_others(db, app_id, of)

    @writes
    def put(
        self,
        db: Connection,
        bundle_id: str,
        platform: Platform,
        app_id: str,
        *,
        who: str | None,
        replace: bool,
    ) -> bool:
        """Link a bundle identifier on a platform to an app; see ``put`` above."""
        return put(db, bundle_id, platform, app_id, who=who, replace=replace, now=self.clock.now())

    @writes
    def remove(self, db: Connection, bundle_id: str, platform: Platform) -> Link | None:
        """Remove and return a link."""
        known = of_build(db, bundle_id, platform)
        db.execute("DELETE FROM apps WHERE bundle_id = ? AND platform = ?", [bundle_id, platform])
        return known

    @reads
    def platforms(self, db: Connection, bundle_id: str) -> set[Platform]:
        """Return the platforms on which the bundle identifier is linked or was scanned."""
        query = """
            SELECT platform FROM apps WHERE bundle_id = :id
            UNION SELECT platform FROM scans WHERE bundle_id = :id AND platform IS NOT NULL
            UNION SELECT platform FROM known_apps WHERE bundle_id = :id
        """
        return {Platform(row["platform"]) for row in db.query(query, {"id": bundle_id})}
