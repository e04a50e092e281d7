"""What the history knows of applications in OneTrust, within what a person may see."""

from collections.abc import Sequence

from bot.core.people import Viewer
from bot.core.scan import Link
from bot.features.app_links import repository
from bot.features.results.models import Application
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads
from bot.storage.visibility import visible

_TELLS = """
    SELECT 1 FROM scans WHERE (scans.app_id IN (?, ?, ?)
        OR scans.number IN (SELECT scan FROM submissions WHERE application_id = ?)) AND {} LIMIT 1
"""
_MADE = f"""
    SELECT 1 FROM scans JOIN submissions AS o ON o.scan = scans.number AND o.{rows.ONETRUST}
    WHERE scans.kind = 'new' AND scans.name = ? AND scans.platform = ?
        AND scans.state IN ('submitting', 'submitted', 'uncertain') AND o.application_id IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM apps WHERE apps.bundle_id = scans.bundle_id AND apps.platform = scans.platform
        ) AND {{}} LIMIT 1
"""
_SCANNED = "SELECT 1 FROM scans WHERE scans.bundle_id = ? AND scans.platform = ? AND {} LIMIT 1"
_PURGED = "SELECT 1 FROM known_apps WHERE bundle_id = ? AND platform = ? AND NOT public"


class OneTrustAppRepository(Repository):
    """Reads of what is known of applications in OneTrust."""

    @reads
    def seen(self, db: Connection, ids: Sequence[str], viewer: Viewer) -> tuple[set[str], list[Link]]:
        """Return which of these are known from scans alone that the viewer may not see, and links they may.

        A link tells of no app that is scanned in private; see ``HistoryStore.apps``.
        """
        hidden: set[str] = set()
        shown: list[Link] = []
        for app_id in ids:
            linked = repository.of_app(db, app_id)
            theirs = [link for link in linked if _sees_link(db, link, viewer)]
            shown += theirs
            known = bool(linked) or _tells(db, app_id, "1", [])
            if known and not theirs and not _tells(db, app_id, *visible(viewer)):
                hidden.add(app_id)
        return hidden, shown

    @reads
    def named_alike(self, db: Connection, apps: Sequence[Application], viewer: Viewer) -> set[str]:
        """Return the IDs of those that may be what scans made which the viewer may not see.

        Until a new app is found in OneTrust, its name is all that tells of it.
        """
        condition, parameters = visible(viewer)
        alike: set[str] = set()
        for app in apps:
            name = rows.plain({"name": app.name, "platform": app.platform})
            hidden = _MADE.format(f"NOT coalesce({condition}, 0)")
            if _any(db, hidden, [*name.values(), *parameters]):
                alike.add(app.id)
        return alike


def _tells(db: Connection, app_id: str, condition: str, parameters: list[object]) -> bool:
    """Tell whether a scan was asked for as this app, or made it."""
    spelt = [app_id, app_id.lower(), app_id.upper(), app_id]
    return _any(db, _TELLS.format(condition), [*spelt, *parameters])


def _sees_link(db: Connection, link: Link, viewer: Viewer) -> bool:
    build = [link.bundle_id, link.platform.value]
    condition, parameters = visible(viewer)
    if link.linked_by == viewer.user or _any(db, _SCANNED.format(condition), [*build, *parameters]):
        return True
    return viewer.member and not _any(db, _SCANNED.format("1"), build) and not _any(db, _PURGED, build)


def _any(db: Connection, query: str, parameters: Sequence[object]) -> bool:
    return next(iter(db.query(query, parameters)), None) is not None
