"""What people ask of results, within what they may see."""

from collections.abc import Sequence
from itertools import groupby

import sqlite_utils

from bot.scans.lookups import AppFound, Query, SdkRow, SdkVersion, Viewer
from bot.scans.models import OPEN, Platform, Scan, State
from bot.scans.results import Sdk
from bot.store import rows
from bot.store.database import Database
from bot.store.history import conditions
from bot.store.sdks import NAMED, SCANS_WITH, like
from bot.store.visible import visible

VERSIONS_SHOWN = 12
SDKS_SHOWN = 6

_UNDER_WAY = ", ".join(
    f"'{state}'" for state in sorted(OPEN | {State.WAITING, State.ASKING, State.UNCERTAIN})
)
_FOLLOWED = "results.state IN ('finding', 'running')"


class InquiryStore:
    """Reads of results, and of the scans that they are of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def under_way(self, viewer: Viewer, limit: int) -> list[Scan]:
        """Return scans that have not come to their end, or whose results are looked for, newest first."""
        condition, seen = visible(viewer)
        return await self._database.read(
            lambda db: rows.scans_where(
                db,
                f"WHERE scans.number IN (SELECT number FROM scans WHERE state IN ({_UNDER_WAY}) "
                f"UNION SELECT scan FROM results WHERE {_FOLLOWED}) "
                f"AND {condition} ORDER BY scans.number DESC LIMIT ?",
                *seen,
                limit,
            )
        )

    async def apps(self, query: Query, viewer: Viewer, limit: int) -> list[AppFound]:
        """Return the apps whose scans match, those that were completed first, and then the newest."""
        asked, parameters = conditions(query)
        condition, seen = visible(viewer)
        return await self._database.read(
            lambda db: [
                AppFound(**{**row, "platform": Platform(row["platform"])})
                for row in db.query(
                    f"""
                    SELECT bundle_id, platform, name, max(number) AS newest,
                           count(CASE results.state WHEN 'completed' THEN 1 END) AS completed
                    FROM scans LEFT JOIN results ON results.scan = scans.number
                    WHERE {" AND ".join(asked)} AND {condition}
                          AND bundle_id IS NOT NULL AND platform IS NOT NULL
                    GROUP BY bundle_id, platform ORDER BY completed > 0 DESC, newest DESC LIMIT ?
                    """,
                    [*parameters, *seen, limit],
                )
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
        query = f"""
            WITH found AS MATERIALIZED (
                SELECT number, bundle_id, platform, version FROM scans
                WHERE number IN ({SCANS_WITH}) AND {condition}
                      AND bundle_id IS NOT NULL AND platform IS NOT NULL
            ), shown AS (
                SELECT bundle_id, platform, max(number) AS newest FROM found
                GROUP BY bundle_id, platform ORDER BY newest DESC LIMIT ? OFFSET ?
            )
            SELECT found.bundle_id, found.platform, found.version, max(found.number) AS scan
            FROM shown JOIN found USING (bundle_id, platform)
            GROUP BY found.bundle_id, found.platform, found.version ORDER BY shown.newest DESC, scan DESC
        """

        def work(db: sqlite_utils.Database) -> list[SdkRow]:
            found = db.query(query, [*like(name), *seen, limit, offset])
            apps = groupby(found, key=lambda row: (row["bundle_id"], Platform(row["platform"])))
            return [
                _sdk_row(db, *app, [(row["version"], row["scan"]) for row in versions], name, viewer)
                for app, versions in apps
            ]

        return await self._database.read(work)


def _sdk_row(
    db: sqlite_utils.Database,
    bundle_id: str,
    platform: Platform,
    versions: list[tuple[str | None, int]],
    name: str,
    viewer: Viewer,
) -> SdkRow:
    condition, seen = visible(viewer)
    newest = rows.first_scan(
        db,
        "JOIN results ON results.scan = scans.number WHERE results.state = 'completed' "
        f"AND scans.bundle_id = ? AND scans.platform = ? AND {condition} "
        "ORDER BY results.since DESC, scans.number DESC",
        bundle_id,
        platform.value,
        *seen,
    )
    last = rows.first_scan(db, "WHERE scans.number = ?", versions[0][1])
    return SdkRow(
        bundle_id=bundle_id,
        platform=platform,
        name=last.name if last is not None else None,
        sdks=_sdks(db, versions[0][1], name),
        versions=tuple(SdkVersion(version=version, scan=scan) for version, scan in versions[:VERSIONS_SHOWN]),
        more_versions=max(0, len(versions) - VERSIONS_SHOWN),
        newest=newest,
        still=newest is not None and bool(_sdks(db, newest.number, name)),
    )


def _sdks(db: sqlite_utils.Database, number: int, name: str) -> tuple[Sdk, ...]:
    parameters: Sequence[object] = [number, *like(name), SDKS_SHOWN]
    found = db.query(
        "SELECT package_id, name, vendor, category, description FROM sdks AS k "
        f"WHERE k.scan = ? AND {NAMED} ORDER BY k.name LIMIT ?",
        parameters,
    )
    return tuple(Sdk(**row) for row in found)
