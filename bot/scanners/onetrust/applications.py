"""Reading apps and their scans from OneTrust, over the Applications API of Cookie Consent.

Source: https://developer.onetrust.com/onetrust/openapi/consent-preferences-cookie-consent.json
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from unicodedata import normalize
from urllib.parse import quote

from bot.core.scan import Platform
from bot.errors import CannotRead, NotFound, TryLater
from bot.features.results.models import Application, AppScan, Results
from bot.scanners.http.json_fields import text, unique
from bot.scanners.http.responses import Response
from bot.scanners.onetrust import parsing
from bot.scanners.onetrust.client import STATUS_CODES, Inquiry

PATH: Final = "/api/cmp/v1/applications"
PAGE: Final = 100
"""Entries of one page: OneTrust's maximum."""
PAGES: Final = 50
"""The maximum of pages that are read of one list."""

_BY_NAME: Final = {"sortBy": "name", "direction": "asc"}

UNREADABLE = "OneTrust's response makes no sense to the bot right now."
NO_SUCH = "OneTrust knows no such app or scan."
T = TypeVar("T")


@dataclass(eq=False, repr=False)
class OneTrustApplications:
    """The reading part of the Applications API. Implements the ``Applications`` port, and raises its errors.

    ``base_url`` is scheme, host and port.
    """

    base_url: str
    inquiry: Inquiry

    def __post_init__(self) -> None:
        self._url = self.base_url.rstrip("/") + PATH

    async def can_read(self) -> bool:
        """Return ``True`` if results can be read; one request.

        Raises:
            CannotRead: they can't; says who can change that.
            TryLater: unknown right now.
        """
        await self._list("applications", self._url, {"page": "0", "size": "1"})
        return True

    async def named(self, name: str, platform: Platform) -> list[Application]:
        """Return the applications of exactly this name and platform."""
        wanted = _bare(name)
        query = {**_BY_NAME, "searchStr": wanted}
        apps = await self._all("applications", self._url, query, "size", parsing.application)
        return [app for app in apps if _bare(app.name) == wanted and app.platform is platform]

    async def page(self, number: int, search: str = "") -> tuple[list[Application], bool]:
        """Return a page of 100 applications by name, from 0, and whether there are more."""
        query = {**_BY_NAME, "page": str(number), "size": str(PAGE)}
        query |= {"searchStr": _bare(search)} if _bare(search) else {}
        entries, last = await self._list("applications", self._url, query)
        return unique(map(parsing.application, entries)), bool(entries) and last is False

    async def scans(self, application_id: str) -> list[AppScan]:
        """Return an application's newest scans, newest first, 100 at most."""
        query = {"page": "0", "pageSize": str(PAGE), "sortBy": "scanDate", "direction": "desc"}
        entries, _ = await self._list("scans", self._of(application_id), query)
        scans = unique(map(parsing.app_scan, entries), key=lambda scan: scan.id)
        return sorted(scans, key=lambda scan: -(scan.scanned_at or 0.0))

    async def results(self, application_id: str, scan: AppScan, platform: Platform) -> Results:
        """Return all that a completed scan found: one request for each 100 SDKs, and two or three more."""
        url = f"{self._of(application_id)}/{_quoted(scan.id)}"
        summary = await self._one("scan", url)
        sdks = await self._all("sdks", f"{url}/sdks", _BY_NAME, "pageSize", parsing.sdk)
        permissions = await self._one("permissions", f"{url}/permissions")
        manifest = None
        if platform is Platform.IOS:
            response = await self.inquiry.ask("privacy_manifest", f"{url}/privacy-manifest")
            manifest = None if response.status in {400, 403, 404} else _value(response)
        return parsing.results(
            summary,
            scan,
            tuple(unique(sdks, key=lambda sdk: (sdk.package_id, sdk.name))),
            parsing.permissions(permissions),
            parsing.privacy_manifest(manifest),
        )

    async def _all(
        self,
        endpoint: str,
        url: str,
        query: Mapping[str, str],
        size_name: str,
        parse: Callable[[object], T | None],
    ) -> list[T]:
        """Read a list page by page to its end; a page that repeats is its end as well."""
        all_entries: list[T] = []
        before: list[object] | None = None
        for number in range(PAGES):
            page = {**query, "page": str(number), size_name: str(PAGE)}
            entries, last = await self._list(endpoint, url, page)
            if not entries or entries == before:
                break
            all_entries += unique(map(parse, entries))
            if last:
                break
            before = entries
        return unique(all_entries)

    async def _list(self, endpoint: str, url: str, query: dict[str, str]) -> tuple[list[object], bool | None]:
        """Return the entries of a page, and whether it is the last; ``None`` if it doesn't say."""
        value = await self._one(endpoint, url, query)
        if isinstance(value, list):
            return value, True
        if not isinstance(value, dict) or not {"content", "totalElements", "empty"} & value.keys():
            raise TryLater(UNREADABLE, detail=f"{endpoint}: no page")
        content = value.get("content")
        last, pages = value.get("last"), parsing.count(value.get("totalPages"))
        if last is not True and pages:
            last = int(query["page"]) + 1 >= pages
        return content if isinstance(content, list) else [], last if isinstance(last, bool) else None

    async def _one(self, endpoint: str, url: str, query: dict[str, str] | None = None) -> object:
        response = await self.inquiry.ask(endpoint, url, query)
        if response.status == 400 and query and "searchStr" in query:
            return []  # no app has a name that it can't search for
        if response.status in {400, 404} and url != self._url:
            await self.can_read()  # otherwise the whole API is away, which says nothing about this ID
            raise NotFound(NO_SUCH)
        return _value(response)

    def _of(self, application_id: str) -> str:
        return f"{self._url}/{_quoted(application_id)}/scans"


def _value(response: Response) -> object:
    if not response.is_success:
        raise CannotRead(STATUS_CODES.rejection(response.status), status=response.status)
    value = response.json()
    if value is None:
        raise TryLater(UNREADABLE, status=response.status)
    return value


def _quoted(known_id: str) -> str:
    if not 0 < len(known_id) <= parsing.ID_LIMIT or not known_id.isprintable() or known_id in {".", ".."}:
        raise NotFound(NO_SUCH)
    try:
        return quote(known_id, safe="")
    except UnicodeEncodeError:  # half of a pair
        raise NotFound(NO_SUCH) from None


def _bare(name: str) -> str:
    return (text(normalize("NFC", name), parsing.NAME_LIMIT) or "").strip()
