"""Queries of the history, limited to what a person may see."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from bot.core.people import Viewer
from bot.core.scan import Platform
from bot.features.history.models import (
    ANY_VIOLATION,
    OPEN_VIOLATION,
    AppRow,
    Cursor,
    HistoryQuery,
    Outcome,
    Page,
)
from bot.features.results.models import ResultState
from bot.features.verdicts import transition_repository
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads
from bot.storage.visibility import visible

PAGE_SIZE: Final = 10
RULES_NAMED: Final = 3
"""Maximum number of violated rules named per scan."""
_VIOLATIONS: Final[dict[str, tuple[str, list[object]]]] = {
    OPEN_VIOLATION: (" AND acknowledged_at IS NULL", []),
    ANY_VIOLATION: ("", []),
}

NAMED: Final = "(k.name LIKE ? ESCAPE '\\' OR k.vendor LIKE ? ESCAPE '\\' OR k.package_id LIKE ? ESCAPE '\\')"
"""Condition on ``known_sdks AS k`` or ``sdks AS k``: an SDK by part of a name; parameters: see ``like``."""
SCANS_WITH: Final = f"""
    SELECT sdks.scan FROM known_sdks AS k CROSS JOIN sdks
    ON sdks.package_id = k.package_id AND sdks.name = k.name AND sdks.vendor IS k.vendor
    WHERE {NAMED}
"""
"""Numbers of the scans with such an SDK, possibly repeated.

SQLite keeps the order of a ``CROSS JOIN``: first the few matching SDKs, then the scans by index.
"""
HAS_ONE: Final = f"EXISTS (SELECT 1 FROM sdks AS k WHERE k.scan = scans.number AND {NAMED})"
"""Condition on ``scans``, faster if nearly all or only few scans are checked."""
MANY_SCANS: Final = 20_000
"""From this many matches on, checking the newest scans one by one is faster than collecting all matches."""


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
        has_sdk, sdk = with_sdk(db, query.sdk) if query.sdk is not None else ("1", [])
        order = f"ORDER BY scans.number {'ASC' if forward else 'DESC'} LIMIT {PAGE_SIZE + 1}"
        matching = f"WHERE {has_sdk} AND {' AND '.join(where)} {order}"
        found = rows.scans_where(db, matching, *sdk, *parameters)
        more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
        numbers = [scan.number for scan in found]
        return Page(
            text=text,
            query=query,
            scans=tuple(reversed(found) if forward else found),
            has_newer=more if forward else cursor is not None,
            has_older=forward or more,
            outcomes=_outcomes(db, numbers),
            threats=transition_repository.threats(db, numbers),
        )

    @reads
    def apps(self, db: Connection, viewer: Viewer, *, limit: int, offset: int) -> list[AppRow]:
        """Return known apps, last scanned first.

        They are those scanned where the viewer can see, those that the viewer linked, and linked ones that
        were never scanned, for members: a link reveals no app that is scanned in private.
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
    found = [("1", list[object]()), *_conditions(query)]
    return [condition for condition, _ in found], [value for _, values in found for value in values]


def _conditions(query: HistoryQuery) -> Iterator[tuple[str, list[object]]]:
    for word in query.words:
        yield (
            "scans.number IN (SELECT rowid FROM scans_fts WHERE scans_fts MATCH ? "
            f"UNION ALL SELECT scan FROM submissions WHERE {rows.ONETRUST} AND request_id IN (?, ?, ?))",
            [f"{phrase(word)}*", word, word.lower(), word.upper()],  # * matches a prefix
        )
    if query.app is not None:
        yield (
            "(scans.app_id = ? COLLATE NOCASE OR scans.bundle_id = ? COLLATE NOCASE OR EXISTS "
            "(SELECT 1 FROM apps WHERE apps.app_id = ? COLLATE NOCASE AND apps.bundle_id = scans.bundle_id "
            "AND apps.platform = scans.platform))",
            [query.app] * 3,
        )
    if query.platform is not None:
        yield "scans.platform = ?", [query.platform.value]
    if query.states:
        yield f"scans.state IN ({_marks(query.states)})", [state.value for state in query.states]
    if query.by is not None:
        yield "(scans.shared_by = ? OR scans.asked_by = ?)", [query.by] * 2
    if query.channel is not None:
        yield "scans.channel = ?", [query.channel]
    if query.since is not None:
        yield "scans.created_at >= ?", [query.since]
    if query.until is not None:
        yield "scans.created_at < ?", [query.until]
    if query.violation is not None:
        by_name: tuple[str, list[object]] = (" AND rule LIKE ? ESCAPE '\\'", [_part(query.violation)])
        which, values = _VIOLATIONS.get(query.violation, by_name)
        yield f"scans.number IN (SELECT scan FROM breaches WHERE 1{which})", values
    if query.result is not None:
        by_state = "scans.number IN (SELECT scan FROM results WHERE state = ?)"
        yield f"scans.state = 'submitted' AND {by_state}", [query.result.value]


def phrase(word: str) -> str:
    """Return the word as an FTS5 phrase.

    FTS5 splits it as it split the indexed text; a phrase without words matches nothing.
    """
    return '"' + word.replace('"', " ").replace("\0", " ") + '"'


def like(name: str) -> list[object]:
    """Return the parameters of ``NAMED``."""
    return [_part(name)] * 3


def with_sdk(db: Connection, name: str, *, many: int = MANY_SCANS) -> tuple[str, list[object]]:
    """Return the condition that a scan, read newest first, has such an SDK, and its parameters."""
    counted = f"SELECT count(*) FROM (SELECT 1 FROM ({SCANS_WITH}) LIMIT {many})"
    (count,) = db.execute(counted, like(name)).fetchone()
    return (f"scans.number IN ({SCANS_WITH})" if count < many else HAS_ONE), like(name)


def _part(name: str) -> str:
    """Return the ``LIKE`` pattern (escape: backslash) for texts containing ``name``.

    ``LIKE`` ignores case within ASCII only.
    """
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    return f"%{escaped}%"


def _outcomes(db: Connection, numbers: Sequence[int]) -> dict[int, Outcome]:
    """Return the outcomes of those scans that were polled."""
    scans = f"scan IN ({_marks(numbers)})"
    violated = defaultdict(list)
    query = f"SELECT scan, rule FROM breaches WHERE {scans} AND acknowledged_at IS NULL ORDER BY number"
    for row in db.query(query, numbers):
        violated[row["scan"]].append(row["rule"])
    return {
        row["scan"]: Outcome(
            state=ResultState(row["state"]),
            sdk_count=row["sdk_count"],
            violated=tuple(violated[row["scan"]][:RULES_NAMED]),
            violated_count=len(violated[row["scan"]]),
        )
        for row in db.query(f"SELECT scan, state, sdk_count FROM results WHERE {scans}", numbers)
    }


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
