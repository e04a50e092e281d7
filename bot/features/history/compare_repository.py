"""Queries of results, limited to what a person may see."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

from bot.core.people import Viewer
from bot.core.scan import OPEN, Platform, Scan, State
from bot.features.history.models import APPS_NAMED, AppMatch, HistoryQuery, SdkRow
from bot.features.history.repository import (
    HAS_ONE,
    NAMED,
    HistoryRepository,
    conditions,
    like,
    phrase,
    with_sdk,
)
from bot.features.results.models import Sdk
from bot.features.results.ports import ResultStore
from bot.storage import rows, transitions
from bot.storage.connection import Connection
from bot.storage.repository import Repository, reads
from bot.storage.visibility import visible

VERSIONS_SHOWN = 12
SDKS_SHOWN = 6

_IN_PROGRESS = rows.listed(OPEN | {State.WAITING, State.ASKING, State.UNCERTAIN})
_FOLLOWED = "results.state IN ('finding', 'running')"


class ComparisonRepository(Repository):
    """Results in SQLite."""

    @reads
    def in_progress(self, db: Connection, viewer: Viewer, limit: int, *, followed: bool) -> list[Scan]:
        """Return unfinished scans, newest first; with ``followed`` also those that are polled for results."""
        condition, seen = visible(viewer)
        union = f"UNION SELECT scan FROM results WHERE {_FOLLOWED}" if followed else ""
        return rows.scans_where(
            db,
            f"WHERE scans.number IN (SELECT number FROM scans WHERE state IN ({_IN_PROGRESS}) {union}) "
            f"AND {condition} ORDER BY scans.number DESC LIMIT ?",
            *seen,
            limit,
        )

    async def apps_of(self, identifier: str, platform: Platform | None, viewer: Viewer) -> list[AppMatch]:
        """Return the apps with a bundle identifier or app ID, in the order of ``apps``."""
        known = [identifier, identifier.lower(), identifier.upper()]
        # Narrows by index, ignoring case; the full-text match may still be another identifier.
        narrowed = """
            scans.number IN (
                SELECT number FROM scans WHERE app_id IN (?, ?, ?)
                UNION SELECT rowid FROM scans_fts WHERE scans_fts MATCH ?
                UNION SELECT linked.number FROM apps JOIN scans AS linked
                    ON linked.bundle_id = apps.bundle_id AND linked.platform = apps.platform
                    WHERE apps.app_id = ? COLLATE NOCASE
            )
        """
        words = f"bundle_id : {phrase(identifier)}"
        where, parameters = conditions(HistoryQuery(app=identifier, platform=platform))
        return await self._apps([narrowed, *where], [*known, words, identifier, *parameters], viewer)

    async def apps(self, word: str, platform: Platform | None, viewer: Viewer) -> list[AppMatch]:
        """Return the apps whose scans match a word: completed ones first, then by newest scan."""
        where, parameters = conditions(HistoryQuery(words=(word,), platform=platform))
        return await self._apps(where, parameters, viewer)

    @reads
    def _apps(
        self, db: Connection, where: list[str], parameters: list[object], viewer: Viewer
    ) -> list[AppMatch]:
        condition, seen = visible(viewer)
        query = f"""
            SELECT bundle_id, platform, name, max(number) AS newest,
                   count(CASE results.state WHEN 'completed' THEN 1 END) AS completed
            FROM scans LEFT JOIN results ON results.scan = scans.number
            WHERE {" AND ".join(where)} AND {condition} AND bundle_id IS NOT NULL AND platform IS NOT NULL
            GROUP BY bundle_id, platform ORDER BY completed > 0 DESC, newest DESC LIMIT ?
        """
        return [
            AppMatch(**{**row, "platform": Platform(row["platform"])})
            for row in db.query(query, [*parameters, *seen, APPS_NAMED + 1])
        ]

    @reads
    def completed(
        self,
        db: Connection,
        app: AppMatch,
        viewer: Viewer,
        *,
        version: str | None = None,
        number: int | None = None,
        before: int | None = None,
    ) -> list[Scan]:
        """Return an app's last two completed scans, newest first.

        Filters: a version or build number, a scan's number, or scans submitted before a scan.
        """
        condition, seen = visible(viewer)
        query = f"""
            JOIN results ON results.scan = scans.number
            WHERE results.state = 'completed' AND scans.bundle_id = ? AND scans.platform = ? AND {condition}
                AND (? IS NULL OR scans.version = ? COLLATE NOCASE OR scans.build_number = ?)
                AND (? IS NULL OR scans.number = ?)
                AND (? IS NULL OR (results.since, scans.number) < (
                    SELECT other.since, other.scan FROM results AS other WHERE other.scan = ?
                ))
            ORDER BY results.since DESC, scans.number DESC LIMIT 2
        """
        parameters = [*seen, version, version, version, number, number, before, before]
        return rows.scans_where(db, query, app.bundle_id, app.platform.value, *parameters)

    @reads
    def sdk(self, db: Connection, name: str, viewer: Viewer, *, limit: int, offset: int) -> list[SdkRow]:
        """Return the apps with an SDK of this name, vendor or package ID, last scanned first."""
        condition, seen = visible(viewer)
        has_sdk, parameters = with_sdk(db, name)
        query = (
            f"SELECT bundle_id, platform, number FROM scans WHERE {has_sdk} AND {condition} "
            "AND bundle_id IS NOT NULL AND platform IS NOT NULL ORDER BY number DESC"
        )
        apps = _newest_of_each(db, query, [*parameters, *seen], offset + limit)
        return [
            _sdk_row(db, bundle_id, Platform(platform), number, name, viewer)
            for (bundle_id, platform), number in list(apps.items())[offset:]
        ]


class HistoryStore(ResultStore, Protocol):
    """The repositories for questions about the history."""

    history: HistoryRepository
    comparisons: ComparisonRepository


def _newest_of_each(
    db: Connection, query: str, parameters: Sequence[object], limit: int
) -> dict[tuple[Any, ...], int]:
    """Return the first number by the other columns; stops reading at ``limit`` keys."""
    newest: dict[tuple[Any, ...], int] = {}
    with closing(db.execute(query, parameters)) as cursor:
        for *key, number in cursor:
            newest.setdefault(tuple(key), number)
            if len(newest) >= limit:
                break
    return newest


def _sdk_row(
    db: Connection, bundle_id: str, platform: Platform, number: int, name: str, viewer: Viewer
) -> SdkRow:
    condition, seen = visible(viewer)
    of_app = f"scans.bundle_id = ? AND scans.platform = ? AND {condition}"
    parameters = [bundle_id, platform.value, *seen]
    versions = _newest_of_each(
        db,
        f"SELECT version, number FROM scans WHERE {of_app} AND {HAS_ONE} ORDER BY number DESC",
        [*parameters, *like(name)],
        VERSIONS_SHOWN + 1,
    )
    completed = "JOIN results ON results.scan = scans.number WHERE results.state = 'completed'"
    order = "ORDER BY results.since DESC, scans.number DESC"
    newest = rows.first_scan(db, f"{completed} AND {of_app} {order}", *parameters)
    return SdkRow(
        bundle_id=bundle_id,
        platform=platform,
        name=transitions.load(db, number).name,
        sdks=_sdks(db, number, name),
        versions=tuple((version, scan) for (version,), scan in list(versions.items())[:VERSIONS_SHOWN]),
        has_more=len(versions) > VERSIONS_SHOWN,
        newest=newest,
        still=newest is not None and bool(_sdks(db, newest.number, name)),
    )


def _sdks(db: Connection, number: int, name: str) -> tuple[Sdk, ...]:
    parameters: Sequence[object] = [number, *like(name), SDKS_SHOWN]
    sdks = db.query(
        "SELECT package_id, name, vendor, category, description FROM sdks AS k "
        f"WHERE k.scan = ? AND {NAMED} ORDER BY k.name LIMIT ?",
        parameters,
    )
    return tuple(Sdk(**row) for row in sdks)
