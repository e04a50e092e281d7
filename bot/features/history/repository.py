"""Queries of the history, limited to what a person may see."""

from collections.abc import Iterator

from bot.core.people import Viewer
from bot.core.scan import Platform
from bot.features.history import outcome_repository
from bot.features.history.models import ANY_VIOLATION, OPEN_VIOLATION, AppRow, Cursor, HistoryQuery, Page
from bot.features.history.sdk_repository import holding, part
from bot.features.verdicts import transition_repository
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads
from bot.storage.visibility import visible

PAGE_SIZE = 10
_VIOLATIONS: dict[str, tuple[str, list[object]]] = {
    OPEN_VIOLATION: (" AND acknowledged_at IS NULL", []),
    ANY_VIOLATION: ("", []),
}


class HistoryRepository(Repository):
    """The history in SQLite."""

    @reads
    def page(
        self, db: Connection, query: HistoryQuery, text: str, viewer: Viewer, cursor: Cursor | None
    ) -> Page:
        """Return a page of matching scans, newest first; ``text`` is the query as typed."""
        where, parameters = conditions(query)
        condition, seen = visible(viewer)
        where.append(condition)
        parameters += seen
        forward = cursor is not None and not cursor.older
        if cursor is not None:
            where.append("scans.number < ?" if cursor.older else "scans.number > ?")
            parameters.append(cursor.number)
        order = "ASC" if forward else "DESC"
        has_sdk, sdk = holding(db, query.sdk) if query.sdk is not None else ("1", [])
        found = rows.scans_where(
            db,
            f"WHERE {has_sdk} AND {' AND '.join(where)} ORDER BY scans.number {order} LIMIT {PAGE_SIZE + 1}",
            *sdk,
            *parameters,
        )
        more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
        return Page(
            text=text,
            scans=tuple(reversed(found) if forward else found),
            has_newer=more if forward else cursor is not None,
            has_older=forward or more,
            outcomes=outcome_repository.read(db, [scan.number for scan in found]),
            threats=transition_repository.threats(db, [scan.number for scan in found]),
        )

    @reads
    def apps(self, db: Connection, viewer: Viewer, *, limit: int, offset: int) -> list[AppRow]:
        """Return known apps, last scanned first.

        They are those scanned where the viewer can see, those that the viewer linked, and linked ones that
        were never scanned, for members: a link tells of no app that is scanned in private.
        """
        condition, seen = visible(viewer)
        query = f"""
            WITH seen AS (
                SELECT bundle_id, platform, max(number) AS newest, sum(state = 'submitted') AS scans
                FROM scans WHERE bundle_id IS NOT NULL AND {condition} GROUP BY bundle_id, platform
            ), known AS (
                SELECT bundle_id, platform FROM seen UNION
                SELECT bundle_id, platform FROM apps WHERE linked_by = ? OR (? AND NOT EXISTS (
                    SELECT 1 FROM scans
                    WHERE scans.bundle_id = apps.bundle_id AND scans.platform = apps.platform
                ) AND NOT EXISTS (
                    SELECT 1 FROM known_apps AS purged
                    WHERE purged.bundle_id = apps.bundle_id AND purged.platform = apps.platform
                          AND NOT purged.public
                ))
            )
            SELECT known.bundle_id, known.platform, apps.app_id, coalesce(seen.scans, 0) AS scans,
                   scans.name, scans.version
            FROM known
            LEFT JOIN seen USING (bundle_id, platform)
            LEFT JOIN apps USING (bundle_id, platform)
            LEFT JOIN scans ON scans.number = seen.newest
            ORDER BY seen.newest DESC NULLS LAST, known.bundle_id, known.platform LIMIT ? OFFSET ?
        """
        return [
            AppRow(**{**row, "platform": Platform(row["platform"])})
            for row in db.query(query, [*seen, viewer.user, viewer.member, limit, offset])
        ]


def conditions(query: HistoryQuery) -> tuple[list[str], list[object]]:
    """Return a query's conditions on ``scans``, and their parameters."""
    where: list[str] = ["1"]
    parameters: list[object] = []

    def add(condition: str, *values: object) -> None:
        where.append(condition)
        parameters.extend(values)

    for word in query.words:
        add(
            "scans.number IN (SELECT rowid FROM scans_fts WHERE scans_fts MATCH ? "
            f"UNION ALL SELECT scan FROM submissions WHERE {rows.ONETRUST} AND request_id IN (?, ?, ?))",
            f"{phrase(word)}*",  # a prefix
            *(word, word.lower(), word.upper()),
        )
    if query.app is not None:
        add(
            "(scans.app_id = ? COLLATE NOCASE OR scans.bundle_id = ? COLLATE NOCASE OR EXISTS "
            "(SELECT 1 FROM apps WHERE apps.app_id = ? COLLATE NOCASE AND apps.bundle_id = scans.bundle_id "
            "AND apps.platform = scans.platform))",
            query.app,
            query.app,
            query.app,
        )
    if query.platform is not None:
        add("scans.platform = ?", query.platform.value)
    if query.states:
        add(
            f"scans.state IN ({', '.join('?' * len(query.states))})",
            *sorted(state.value for state in query.states),
        )
    if query.by is not None:
        add("(scans.shared_by = ? OR scans.asked_by = ?)", query.by, query.by)
    if query.channel is not None:
        add("scans.channel = ?", query.channel)
    if query.since is not None:
        add("scans.created_at >= ?", query.since)
    if query.until is not None:
        add("scans.created_at < ?", query.until)
    for condition, values in _of_results(query):
        add(condition, *values)
    return where, parameters


def _of_results(query: HistoryQuery) -> Iterator[tuple[str, list[object]]]:
    """Yield a query's conditions on results, and the parameters of each."""
    if query.violation is not None:
        by_name: tuple[str, list[object]] = (" AND rule LIKE ? ESCAPE '\\'", [part(query.violation)])
        which, values = _VIOLATIONS.get(query.violation, by_name)
        yield f"scans.number IN (SELECT scan FROM breaches WHERE 1{which})", values
    if query.result is not None:
        yield (
            "scans.state = 'submitted' AND scans.number IN (SELECT scan FROM results WHERE state = ?)",
            [query.result.value],
        )


def phrase(word: str) -> str:
    """Return the word as an FTS5 phrase.

    FTS5 splits it as it split the indexed text; a phrase without words matches nothing.
    """
    return '"' + word.replace('"', " ").replace("\0", " ") + '"'
