"""Questions about results: scans in progress, apps with an SDK, and comparisons of scans."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.core import identifiers
from bot.core.access import Access, viewer_of
from bot.core.people import Viewer
from bot.core.ports import Workspace
from bot.core.scan import Platform, Scan
from bot.errors import NotFound, UsageError
from bot.features.history import filters
from bot.features.history.models import APPS_NAMED, AppMatch, SdkRow
from bot.features.history.ports import HistoryStore
from bot.features.results.diff import Changes, changes
from bot.features.results.models import UNREAD, ResultStatus

APPS_A_PAGE: Final = 5
IN_PROGRESS_LIMIT: Final = 15
"""Maximum number of scans in progress that are listed."""

_NUMBER: Final = re.compile(r"#?([0-9]{1,15})")


@dataclass(frozen=True, kw_only=True)
class InProgress:
    """Unfinished scans, newest first."""

    scans: tuple[tuple[Scan, ResultStatus | None], ...]
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class SdkPage:
    """A page of the apps with an SDK."""

    name: str
    rows: tuple[SdkRow, ...]
    offset: int
    has_more: bool
    unread: bool = False
    """Whether no results are read from OneTrust, so that an empty page means nothing."""


@dataclass(frozen=True, kw_only=True)
class SeveralApps:
    """Several apps match what was typed."""

    apps: tuple[AppMatch, ...]
    has_more: bool
    rest: str
    """The text after the app."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The differences between two completed scans of an app."""

    before: Scan
    after: Scan
    changes: Changes
    newest_of_several: tuple[Scan, ...] = ()
    """Those of the two whose version has older scans too."""


@dataclass(frozen=True, kw_only=True)
class _Named:
    app: AppMatch
    number: int | None
    """The scan's number, if it was named by that."""


class Comparisons:
    """Answers questions about results, limited to what the person may see.

    ``reads`` returns whether results can be read now, ``unread`` whether they are known not to be readable.
    Each method raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify the
    person.
    """

    def __init__(
        self,
        *,
        store: HistoryStore,
        workspace: Workspace,
        access: Access,
        reads: Callable[[], bool] = lambda: False,
        unread: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._reads = reads
        self._unread = unread
        self._workspace = workspace
        self._access = access

    async def in_progress(self, user: str, channel: str) -> InProgress:
        """Return the unfinished scans, and those polled for results."""
        viewer = await self._viewer(user, channel)
        reads = self._reads()
        scans = await self._store.comparisons.in_progress(viewer, IN_PROGRESS_LIMIT + 1, followed=reads)
        return InProgress(
            scans=tuple(
                [
                    (scan, await self._store.results.followed(scan.number) if reads else None)
                    for scan in scans[:IN_PROGRESS_LIMIT]
                ]
            ),
            has_more=len(scans) > IN_PROGRESS_LIMIT,
        )

    async def newest(self, user: str, channel: str, text: str) -> int | SeveralApps:
        """Return the number of an app's newest scan, or the apps if several match.

        Raises:
            UsageError: more than an app and its platform was typed.
            NotFound: there is no such app that this person may see.
        """
        viewer = await self._viewer(user, channel)
        typed = filters.words(text)
        platform = _platform_at(typed, 1)
        if not typed or len(typed) > (2 if platform else 1):
            raise UsageError(
                "Name a scan, by its number or its request ID, or an app; put names with spaces in quotes.",
                example="/appscan status 12",
            )
        missing = NotFound(
            "There is no scan with that number or request ID that you can see, and no such app. "
            "`/appscan history` lists the scans that you can."
        )
        if _NUMBER.fullmatch(typed[0]):
            raise missing
        try:
            named = await self._named(typed[0], platform, viewer, "", completed=False)
        except NotFound as error:
            raise missing from error
        return named if isinstance(named, SeveralApps) else named.app.newest

    async def sdk(self, user: str, channel: str, text: str, offset: int = 0) -> SdkPage:
        """Return a page of the apps with an SDK, last scanned first.

        Raises:
            UsageError: no SDK is named.
        """
        viewer = await self._viewer(user, channel)
        name = filters.sdk_name(text)
        found = await self._store.comparisons.sdk(name, viewer, limit=APPS_A_PAGE + 1, offset=offset)
        return SdkPage(
            name=name,
            rows=tuple(found[:APPS_A_PAGE]),
            offset=offset,
            has_more=len(found) > APPS_A_PAGE,
            unread=self._unread(),
        )

    async def diff(self, user: str, channel: str, text: str) -> Comparison | SeveralApps:
        """Compare two completed scans of an app; returns the apps if several match.

        ``text`` is the app, its platform if ambiguous, and up to two versions. Without versions, the last two
        scans are compared (or the scan with a given number and the one before it); one version is compared
        with the newest scan.

        Raises:
            UsageError: there is no app, or there are more than two versions.
            NotFound: there is no such app, or no such completed scan, that this person may see.
        """
        viewer = await self._viewer(user, channel)
        typed = filters.words(text)
        platform = _platform_at(typed, 1)
        versions = typed[2 if platform else 1 :]
        if not typed or len(versions) > 2:
            raise UsageError(
                "Name an app, optionally with one or two versions; put names with spaces in quotes.",
                example="/appscan diff com.example.shop 4.1.0 4.2.0",
            )
        rest = " ".join(versions)
        named = await self._named(typed[0], platform, viewer, rest, completed=True)
        if isinstance(named, SeveralApps):
            return named
        several: tuple[Scan, ...] = ()
        if versions:
            found = [await self._of_version(named.app, viewer, version) for version in versions]
            several = tuple(scans[0] for scans in found if len(scans) > 1)
            before, after = (
                found[0][0],
                (found[1] if len(found) > 1 else await self._last(named.app, viewer))[0],
            )
        else:
            after, before = await self._last_two(named, viewer)
        if before.number == after.number:
            raise NotFound(
                f"Both of these are scan #{before.number}, so there is nothing to compare. "
                "`/appscan history` lists the versions that were scanned."
            )
        was, now = [await self._store.results.of(scan.number) for scan in (before, after)]
        if was is None or now is None:
            raise NotFound("The results of one of these scans are no longer stored.")
        return Comparison(before=before, after=after, changes=changes(was, now), newest_of_several=several)

    async def _viewer(self, user: str, channel: str) -> Viewer:
        person = await self._access.admit(user, channel)
        return await viewer_of(self._workspace, user, person, channel)

    async def _named(
        self, word: str, platform: Platform | None, viewer: Viewer, rest: str, *, completed: bool
    ) -> _Named | SeveralApps:
        """Find an app by a scan's number, an app ID, a bundle identifier or else a name."""
        number = _NUMBER.fullmatch(word)
        if number is not None and (named := await self._by_number(int(number[1]), viewer)) is not None:
            return named
        apps: list[AppMatch] = []
        with contextlib.suppress(UsageError):  # not an identifier, so a name
            apps = await self._store.comparisons.apps_of(identifiers.bundle_id(word), platform, viewer)
        if not apps and any(character.isalnum() for character in word):
            apps = await self._store.comparisons.apps(word, platform, viewer)
        if not apps:
            raise NotFound(
                "There is no such app among the scans that you can see. `/appscan apps` lists them."
            )
        if completed:
            apps = [app for app in apps if app.completed] or apps
        if len(apps) > 1:
            return SeveralApps(apps=tuple(apps[:APPS_NAMED]), has_more=len(apps) > APPS_NAMED, rest=rest)
        return _Named(app=apps[0], number=None)

    async def _by_number(self, number: int, viewer: Viewer) -> _Named | None:
        try:
            scan = await self._store.scans.scan(number)
        except NotFound:
            return None
        if scan.bundle_id is None or scan.platform is None:
            return None
        if not await self._store.scans.sees(viewer, scan):
            return None
        app = AppMatch(
            bundle_id=scan.bundle_id, platform=scan.platform, name=scan.name, newest=number, completed=0
        )
        return _Named(app=app, number=number)

    async def _of_version(self, app: AppMatch, viewer: Viewer, typed: str) -> list[Scan]:
        """Return a version's completed scans, newest first; ``#`` marks a scan's number."""
        number = _NUMBER.fullmatch(typed) if typed.startswith("#") else None
        found = await self._store.comparisons.completed(
            app,
            viewer,
            version=None if number else typed,
            number=int(number[1]) if number else None,
        )
        if not found:
            raise self._not_completed(
                "There is no completed scan of one of these versions that you can see. "
                "`/appscan history` lists what was scanned; a scan can be named by its number, such as `#12`."
            )
        return found

    async def _last(self, app: AppMatch, viewer: Viewer) -> list[Scan]:
        found = await self._store.comparisons.completed(app, viewer)
        if not found:
            raise self._not_completed(
                "No scan of that app that you can see has been completed. "
                "`/appscan status` lists those under way."
            )
        return found

    def _not_completed(self, why: str) -> NotFound:
        """Return the error for a missing completed scan, or that results are not read here."""
        return NotFound(UNREAD if self._unread() else why)

    async def _last_two(self, named: _Named, viewer: Viewer) -> tuple[Scan, Scan]:
        """Return the app's last completed scan, or the named one, and the completed one before it."""
        if named.number is None:
            found = await self._last(named.app, viewer)
        else:
            found = await self._store.comparisons.completed(named.app, viewer, number=named.number)
            if not found:
                raise self._not_completed(
                    f"Scan #{named.number} has not been completed, so there is nothing to compare."
                )
            found += await self._store.comparisons.completed(named.app, viewer, before=named.number)
        if len(found) < 2:
            raise NotFound(
                f"Scan #{found[0].number} is the first completed one of that app that you can see, "
                "so there is nothing to compare it with."
            )
        return found[0], found[1]


def _platform_at(typed: list[str], at: int) -> Platform | None:
    """Return the platform at a position, if there is one."""
    try:
        return identifiers.platform(typed[at]) if len(typed) > at else None
    except UsageError:
        return None
