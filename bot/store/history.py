"""Looking through the history, within what a person may see."""

from collections.abc import Iterator

import sqlite_utils

from bot.scans.lookups import ANY_BREACH, OPEN_BREACH, AppRow, Cursor, Page, Query, Viewer
from bot.scans.models import Platform, Scan
from bot.store import opining, outcomes, rows
from bot.store.database import Database
from bot.store.sdks import holding, part
from bot.store.visible import visible

PAGE_SIZE = 10
_BREACHES: dict[str, tuple[str, list[object]]] = {
    OPEN_BREACH: (" AND acknowledged_at IS NULL", []),
    ANY_BREACH: ("", []),
}


class HistoryStore:
    """Reads of the history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, query: Query, text: str, viewer: Viewer, cursor: Cursor | None) -> Page:
        """Return a page of scans that match, newest first; ``text`` is the query as typed."""
        asked, parameters = conditions(query)
        condition, seen = visible(viewer)
        asked.append(condition)
        parameters += seen
        forward = cursor is not None and not cursor.older
        if cursor is not None:
            asked.append("scans.number < ?" if cursor.older else "scans.number > ?")
            parameters.append(cursor.number)
        order = "ASC" if forward else "DESC"

        def work(db: sqlite_utils.Database) -> Page:
            held, sdk = holding(db, query.sdk) if query.sdk is not None else ("1", [])
            found = rows.scans_where(
                db,
                f"WHERE {held} AND {' AND '.join(asked)} ORDER BY scans.number {order} LIMIT {PAGE_SIZE + 1}",
                *sdk,
                *parameters,
            )
            more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
            return Page(
                text=text,
                scans=tuple(reversed(found) if forward else found),
                has_newer=more if forward else cursor is not None,
                has_older=forward or more,
                outcomes=outcomes.read(db, [scan.number for scan in found]),
                threats=opining.threats(db, [scan.number for scan in found]),
            )

        return await self._database.read(work)

    async def sees(self, viewer: Viewer, scan: Scan) -> bool:
        """Tell whether the viewer may see the scan."""
        condition, seen = visible(viewer)
        return await self._database.read(
            lambda db: (
                rows.first_scan(db, f"WHERE scans.number = ? AND {condition}", scan.number, *seen) is not None
            )
        )

    async def apps(self, viewer: Viewer, *, limit: int, offset: int) -> list[AppRow]:
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
        return await self._database.read(
            lambda db: [
                AppRow(**{**row, "platform": Platform(row["platform"])})
                for row in db.query(query, [*seen, viewer.user, viewer.member, limit, offset])
            ]
        )


def conditions(query: Query) -> tuple[list[str], list[object]]:
    """Return the conditions on ``scans`` that a query comes to, and their parameters."""
    asked: list[str] = ["1"]
    parameters: list[object] = []

    def add(condition: str, *values: object) -> None:
        asked.append(condition)
        parameters.extend(values)

    for word in query.words:
        add(
            "scans.number IN (SELECT rowid FROM scans_fts WHERE scans_fts MATCH ? "
            f"UNION ALL SELECT scan FROM submissions WHERE {rows.ONETRUST} AND request_id IN (?, ?, ?))",
            f"{phrase(word)}*",  # whose last part may be longer
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
    return asked, parameters


def _of_results(query: Query) -> Iterator[tuple[str, list[object]]]:
    """Give the conditions on what a scan found, and the parameters of each."""
    if query.breach is not None:
        which, values = _BREACHES.get(query.breach, (" AND rule LIKE ? ESCAPE '\\'", [part(query.breach)]))
        yield f"scans.number IN (SELECT scan FROM breaches WHERE 1{which})", values
    if query.result is not None:
        yield (
            "scans.state = 'submitted' AND scans.number IN (SELECT scan FROM results WHERE state = ?)",
            [query.result.value],
        )


def phrase(word: str) -> str:
    """Return the word as an FTS5 phrase.

    FTS5 itself parts it, as it parted what it indexed; where it finds nothing to look for, nothing matches.
    """
    return '"' + word.replace('"', " ").replace("\0", " ") + '"'
