"""What the history says about OneTrust's applications, limited to what a person may see."""

from collections.abc import Sequence

from bot.core.people import Viewer
from bot.core.scan import Link
from bot.features.app_links import repository
from bot.features.results.models import Application
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads
from bot.storage.visibility import visible

_RELATED = """
    SELECT 1 FROM scans WHERE (scans.app_id IN (?, ?, ?)
        OR scans.number IN (SELECT scan FROM submissions WHERE application_id = ?)) AND {} LIMIT 1
"""
_NEW = f"""
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
    """Queries about OneTrust's applications."""

    @reads
    def visible(
        self, db: Connection, apps: Sequence[Application], viewer: Viewer
    ) -> dict[str, tuple[Link, ...]]:
        """Return the visible links of each application that the viewer may see, by its ID.

        An application is hidden if the bot knows it only from links and scans that the viewer may not see. A
        link reveals no app that is scanned in private; see ``HistoryRepository.apps``.
        """
        shown = {}
        for app in apps:
            linked = repository.of_app(db, app.id)
            links = tuple(link for link in linked if _sees_link(db, link, viewer))
            if links or not _is_hidden(db, app, viewer, is_linked=bool(linked)):
                shown[app.id] = links
        return shown


def _is_hidden(db: Connection, app: Application, viewer: Viewer, *, is_linked: bool) -> bool:
    condition, seen = visible(viewer)
    ids = [app.id, app.id.lower(), app.id.upper(), app.id]
    is_known = is_linked or _any(db, _RELATED.format("1"), ids)
    if is_known and not _any(db, _RELATED.format(condition), [*ids, *seen]):
        return True
    # Until a new app is matched in OneTrust, only its name connects it with the scan that created it.
    name = rows.plain({"name": app.name, "platform": app.platform}).values()
    return _any(db, _NEW.format(f"NOT coalesce({condition}, 0)"), [*name, *seen])


def _sees_link(db: Connection, link: Link, viewer: Viewer) -> bool:
    build = [link.bundle_id, link.platform.value]
    condition, seen = visible(viewer)
    if link.linked_by == viewer.user or _any(db, _SCANNED.format(condition), [*build, *seen]):
        return True
    return viewer.member and not _any(db, _SCANNED.format("1"), build) and not _any(db, _PURGED, build)


def _any(db: Connection, query: str, parameters: Sequence[object]) -> bool:
    return next(iter(db.query(query, parameters)), None) is not None
