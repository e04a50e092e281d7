"""What the Applications API tells of apps, scans and results: pages and records in the published shapes.

The definition that ``results.py`` names does not say how a scan reads that is not complete. This stand-in's
guess: counts, ``version`` and ``engineVersion`` are null until the scanner has come that far, lists are
empty, and there is no privacy manifest.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox.front import Refusal
from sandbox.onetrust.pages import Record, check_query, page_of
from sandbox.onetrust.records import App
from sandbox.onetrust.results import Results
from sandbox.onetrust.scanning import ENGINE_VERSION, Scan, Scanner
from sandbox.onetrust.workflow import Workflow

POINTS = ("applications", "scans", "scan", "sdks", "permissions", "privacy_manifest")

Query = Mapping[str, str]

_NOT_YET = dict.fromkeys(Results().summary())
_PAGED = {"sortBy", "direction", "page"}


class Reading:
    """Answers to the calls that read, by the point that each passes."""

    def __init__(self, workflow: Workflow, scanner: Scanner, *, org_id: str) -> None:
        self._workflow = workflow
        self._scanner = scanner
        self._org_id = org_id
        self._blanks: dict[tuple[str, str], Literal["null", "missing"]] = {}

    def blank(self, point: str, *fields: str, how: Literal["null", "missing"] = "null") -> None:
        """Tell null for fields at a point from now on, or leave them out.

        Of a list they are those of its items, or of the page.

        Raises:
            LookupError: there is no such point.
        """
        if point not in POINTS:
            raise LookupError(f"{point} is none of {', '.join(POINTS)}")
        self._blanks |= {(point, field): how for field in fields}

    def read(self, point: str, app_id: str, scan_id: str, query: Query) -> Any:
        """Return the JSON that answers a call.

        Raises:
            Refusal: there is no such app, scan or page, or the query is wrong.
        """
        if point == "applications":
            return self._blanked(point, self._applications(query))
        app = self.app(app_id)
        if point == "scans":
            return self._blanked(point, self._scans(app, query))
        found = [scan for scan in self._scanner.of(app.id) if scan.id == scan_id]
        if not found:
            raise Refusal(404, "no such scan of this application")
        reads: dict[str, Callable[[Scan, Query], Any]] = {
            "scan": self._scan,
            "sdks": self._sdks,
            "permissions": self._permissions,
            "privacy_manifest": self._privacy_manifest,
        }
        return self._blanked(point, reads[point](found[0], query))

    def app(self, app_id: str) -> App:
        """Return an app.

        Raises:
            Refusal: there is none with this ID.
        """
        app = self._workflow.app(app_id)
        if app is None:
            raise Refusal(404, "no such application")
        return app

    def _applications(self, query: Query) -> Record:
        check_query(query, {*_PAGED, "size", "searchStr"})
        wanted = query.get("searchStr", "").casefold()
        listed = [self._told_app(app) for app in self._workflow.apps if wanted in app.name.casefold()]
        keys = {"name": _key("name"), "os": _key("os")}
        return page_of(listed, query, sort_by=keys, default_sort="name", size_name="size")

    def _told_app(self, app: App) -> Record:
        scans = self._scanner.of(app.id)
        return {
            "id": app.id,
            "name": app.name,
            "os": app.platform,
            "status": self._scanner.status(scans[-1]) if scans else "UNSCANNED",
            "publishStatus": "DRAFT",
            "consentPolicyId": None,
            "consentPolicyName": None,
            "consentPolicyAssignDate": None,
            "orgId": self._org_id,
            "orgName": "Sandbox",
            "scriptVersion": None,
            "createdDate": _date(app.at),
            "modifiedDate": _date(scans[-1].at if scans else app.at),
            "publishedDate": None,
        }

    def _scans(self, app: App, query: Query) -> Record:
        check_query(query, {*_PAGED, "pageSize"})
        told = [self._told_scan(scan) for scan in self._scanner.of(app.id)]
        keys = {by: _key(by) for by in ("scanDate", "status", "engineVersion")}
        return page_of(told, query, sort_by=keys, default_sort="scanDate")

    def _scan(self, scan: Scan, query: Query) -> Record:
        check_query(query, ())
        return self._told_scan(scan)

    def _told_scan(self, scan: Scan) -> Record:
        status, results = self._scanner.status(scan), self._scanner.results(scan)
        is_read = status not in {"PENDING", "UNSCANNED"}
        return {
            "scanId": scan.id,
            "status": status,
            **(_NOT_YET if results is None else results.summary()),
            "scanDate": _date(scan.at),
            "version": scan.version if is_read else None,
            "engineVersion": ENGINE_VERSION if is_read else None,
        }

    def _sdks(self, scan: Scan, query: Query) -> Record:
        searches = {"nameSearch": "name", "vendorSearch": "vendor", "defaultCategorySearch": "category"}
        check_query(query, {*_PAGED, "pageSize", *searches})
        told = [sdk.told() for sdk in (self._scanner.results(scan) or Results()).sdks]
        for parameter, field in searches.items():
            wanted = query.get(parameter, "").casefold()
            told = [sdk for sdk in told if wanted in _key(field)(sdk)]
        fields = {"name": "name", "pkgId": "packageId", "category": "category", "vendor": "vendor"}
        keys = {by: _key(field) for by, field in fields.items()}
        return page_of(told, query, sort_by=keys, default_sort="name")

    def _permissions(self, scan: Scan, query: Query) -> list[Record]:
        check_query(query, ())
        return [each.told() for each in (self._scanner.results(scan) or Results()).permissions]

    def _privacy_manifest(self, scan: Scan, query: Query) -> Record:
        check_query(query, {"version"})
        results = self._scanner.results(scan)
        if scan.app.platform != "IOS" or results is None:
            raise Refusal(404, "no privacy manifest")
        if query.get("version", "1") != "1":
            raise Refusal(400, "no such version of the privacy manifest")
        return results.privacy_manifest()

    def _blanked(self, point: str, told: Any) -> Any:
        if isinstance(told, list):
            return [self._blanked(point, each) for each in told]
        blanked = dict(told)
        if isinstance(blanked.get("content"), list):
            blanked["content"] = self._blanked(point, blanked["content"])
        for (where, field), how in self._blanks.items():
            if where == point and field in blanked:
                blanked[field] = None
                if how == "missing":
                    del blanked[field]
        return blanked


def _key(field: str) -> Callable[[Record], str]:
    return lambda record: str(record[field] or "").casefold()


def _date(at: float) -> str:
    """Return a time as the API tells it, in UTC to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
