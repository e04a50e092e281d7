"""What people ask of results, within what they may see."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from bot.core.people import Viewer
from bot.core.scan import OPEN, Platform, Scan, State
from bot.features.history.models import APPS_NAMED, AppFound, HistoryQuery, SdkRow, SdkVersion
from bot.features.history.repository import conditions, phrase
from bot.features.history.sdk_repository import HAS_ONE, NAMED, holding, like
from bot.features.results.models import Sdk
from bot.storage import rows
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.visibility import visible

VERSIONS_SHOWN = 12
SDKS_SHOWN = 6

_UNDER_WAY = ", ".join(
    f"'{state}'" for state in sorted(OPEN | {State.WAITING, State.ASKING, State.UNCERTAIN})
)
_FOLLOWED = "results.state IN ('finding', 'running')"


class SqlComparisonRepository:
    """Reads of results, and of the scans that they are of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def under_way(self, viewer: Viewer, limit: int, *, followed: bool) -> list[Scan]:
        """Return scans that have not come to their end, newest first.

        With ``followed``, those whose results are looked for as well.
        """
        condition, seen = visible(viewer)
        union = f"UNION SELECT scan FROM results WHERE {_FOLLOWED}" if followed else ""
        return await self._database.read(
            lambda db: rows.scans_where(
                db,
                f"WHERE scans.number IN (SELECT number FROM scans WHERE state IN ({_UNDER_WAY}) {union}) "
                f"AND {condition} ORDER BY scans.number DESC LIMIT ?",
                *seen,
                limit,
            )
        )

    async def apps_of(self, identifier: str, platform: Platform | None, viewer: Viewer) -> list[AppFound]:
        """Return the apps with that bundle identifier or app ID; as ``apps`` does."""
        known = [identifier, identifier.lower(), identifier.upper()]
        # By index whatever the case; where the identifier's parts are found it may still be another.
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
        asked, parameters = conditions(HistoryQuery(app=identifier, platform=platform))
        return await self._apps([narrowed, *asked], [*known, words, identifier, *parameters], viewer)

    async def apps(self, word: str, platform: Platform | None, viewer: Viewer) -> list[AppFound]:
        """Return the apps whose scans have that word, those first that were completed, and the newest."""
        asked, parameters = conditions(HistoryQuery(words=(word,), platform=platform))
        return await self._apps(asked, parameters, viewer)

    async def _apps(self, asked: list[str], parameters: list[object], viewer: Viewer) -> list[AppFound]:
        condition, seen = visible(viewer)
        query = f"""
            SELECT bundle_id, platform, name, max(number) AS newest,
                   count(CASE results.state WHEN 'completed' THEN 1 END) AS completed
            FROM scans LEFT JOIN results ON results.scan = scans.number
            WHERE {" AND ".join(asked)} AND {condition} AND bundle_id IS NOT NULL AND platform IS NOT NULL
            GROUP BY bundle_id, platform ORDER BY completed > 0 DESC, newest DESC LIMIT ?
        """
        return await self._database.read(
            lambda db: [
                AppFound(**{**row, "platform": Platform(row["platform"])})
                for row in db.query(query, [*parameters, *seen, APPS_NAMED + 1])
            ]
        )

    async def completed(
        self,
        app: AppFound,
        viewer: Viewer,
        *,
        version: str | None = None,
        number: int | None = None,
        before: int | None = None,
        limit: int = 2,
    ) -> list[Scan]:
        """Return completed scans of an app, last submitted first.

        Of one version or build number, that one scan, or those submitted before a scan, where that is given.
        """
        condition, parameters = visible(viewer)
        asked = ["results.state = 'completed'", "scans.bundle_id = ?", "scans.platform = ?", condition]
        parameters = [app.bundle_id, app.platform.value, *parameters]
        if version is not None:
            asked.append("(scans.version = ? COLLATE NOCASE OR scans.build_number = ?)")
            parameters += [version, version]
        if number is not None:
            asked.append("scans.number = ?")
            parameters.append(number)
        if before is not None:
            asked.append(
                "(results.since, scans.number) < (SELECT other.since, other.scan FROM results AS other "
                "WHERE other.scan = ?)"
            )
            parameters.append(before)
        return await self._database.read(
            lambda db: rows.scans_where(
                db,
                f"JOIN results ON results.scan = scans.number WHERE {' AND '.join(asked)} "
                "ORDER BY results.since DESC, scans.number DESC LIMIT ?",
                *parameters,
                limit,
            )
        )

    async def sdk(self, name: str, viewer: Viewer, *, limit: int, offset: int) -> list[SdkRow]:
        """Return the apps in which an SDK was found by its name, vendor or package ID, newest first."""
        condition, seen = visible(viewer)

        def work(db: Connection) -> list[SdkRow]:
            held, parameters = holding(db, name)
            query = (
                f"SELECT bundle_id, platform, number FROM scans WHERE {held} AND {condition} "
                "AND bundle_id IS NOT NULL AND platform IS NOT NULL ORDER BY number DESC"
            )
            apps = _newest_of_each(db, query, [*parameters, *seen], offset + limit)
            return [
                _sdk_row(db, bundle_id, Platform(platform), number, name, viewer)
                for (bundle_id, platform), number in list(apps.items())[offset:]
            ]

        return await self._database.read(work)


def _newest_of_each(
    db: Connection, query: str, parameters: Sequence[object], limit: int
) -> dict[tuple[Any, ...], int]:
    """Return the first number by all that comes before it in a row, reading on until there are ``limit``."""
    newest: dict[tuple[Any, ...], int] = {}
    with closing(db.execute(query, parameters)) as found:
        for *of, number in found:
            newest.setdefault(tuple(of), number)
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
    last = rows.first_scan(db, "WHERE scans.number = ?", number)
    return SdkRow(
        bundle_id=bundle_id,
        platform=platform,
        name=last.name if last is not None else None,
        sdks=_sdks(db, number, name),
        versions=tuple(
            SdkVersion(version=version, scan=scan)
            for (version,), scan in list(versions.items())[:VERSIONS_SHOWN]
        ),
        has_more=len(versions) > VERSIONS_SHOWN,
        newest=newest,
        still=newest is not None and bool(_sdks(db, newest.number, name)),
    )


def _sdks(db: Connection, number: int, name: str) -> tuple[Sdk, ...]:
    parameters: Sequence[object] = [number, *like(name), SDKS_SHOWN]
    found = db.query(
        "SELECT package_id, name, vendor, category, description FROM sdks AS k "
        f"WHERE k.scan = ? AND {NAMED} ORDER BY k.name LIMIT ?",
        parameters,
    )
    return tuple(Sdk(**row) for row in found)
