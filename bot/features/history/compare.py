"""Questions about results: scans in progress, apps with an SDK, and comparisons of scans."""

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core import identifiers
from bot.core.access import Access
from bot.core.people import Viewer
from bot.core.scan import Platform, Scan
from bot.errors import NotFound, UsageError
from bot.features.history import filters
from bot.features.history.compare_repository import HistoryStore
from bot.features.history.models import AppMatch, SdkRow
from bot.features.results.diff import changes
from bot.features.results.models import UNREAD, Changes, ResultStatus

APPS_A_PAGE: Final = 5
IN_PROGRESS_LIMIT: Final = 15
"""Maximum number of scans in progress that are listed."""

NOT_COMPLETED: Final = (
    "No scan of that app that you can see has been completed. `/appscan status` lists those under way."
)
NO_VERSION: Final = (
    "There is no completed scan of one of these versions that you can see. `/appscan history` lists what was "
    "scanned; a scan can be named by its number, such as `#12`."
)
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

    apps: Sequence[AppMatch]
    """Up to one more than ``APPS_NAMED``."""
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


@dataclass(kw_only=True, eq=False, repr=False)
class Comparisons:
    """Answers questions about results, limited to what the person may see.

    Each method raises ``NotAllowed`` if the allow-lists say no, ``Unidentified`` if Slack can't identify the
    person.
    """

    store: HistoryStore
    access: Access
    reads: Callable[[], bool]
    """Returns whether results can be read now."""
    unread: Callable[[], bool]
    """Returns whether results are known not to be readable."""

    async def in_progress(self, user: str, channel: str) -> InProgress:
        """Return the unfinished scans, and those polled for results."""
        viewer = await self.access.viewer(user, channel)
        reads = self.reads()
        scans = await self.store.comparisons.in_progress(viewer, IN_PROGRESS_LIMIT + 1, followed=reads)
        listed = [
            (scan, await self.store.results.followed(scan.number) if reads else None)
            for scan in scans[:IN_PROGRESS_LIMIT]
        ]
        return InProgress(scans=tuple(listed), has_more=len(scans) > IN_PROGRESS_LIMIT)

    async def newest(self, user: str, channel: str, text: str) -> int | SeveralApps:
        """Return the number of an app's newest scan, or the apps if several match.

        Raises:
            UsageError: more than an app and its platform was typed.
            NotFound: there is no such app that this person may see.
        """
        viewer = await self.access.viewer(user, channel)
        app, platform, rest = _parsed(text)
        if not app or rest:
            raise UsageError(
                "Name a scan, by its number or its request ID, or an app; put names with spaces in quotes.",
                example="/appscan status 12",
            )
        apps = [] if _NUMBER.fullmatch(app) else await self._apps(app, platform, viewer)
        if not apps:
            raise NotFound(
                "There is no scan with that number or request ID that you can see, and no such app. "
                "`/appscan history` lists the scans that you can."
            )
        return apps[0].newest if len(apps) == 1 else SeveralApps(apps=apps, rest="")

    async def sdk(self, user: str, channel: str, text: str, offset: int = 0) -> SdkPage:
        """Return a page of the apps with an SDK, last scanned first.

        Raises:
            UsageError: no SDK is named.
        """
        viewer = await self.access.viewer(user, channel)
        name = filters.sdk_name(text)
        found = await self.store.comparisons.sdk(name, viewer, limit=APPS_A_PAGE + 1, offset=offset)
        return SdkPage(
            name=name,
            rows=tuple(found[:APPS_A_PAGE]),
            offset=offset,
            has_more=len(found) > APPS_A_PAGE,
            unread=self.unread(),
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
        viewer = await self.access.viewer(user, channel)
        typed, platform, versions = _parsed(text)
        if not typed or len(versions) > 2:
            raise UsageError(
                "Name an app, optionally with one or two versions; put names with spaces in quotes.",
                example="/appscan diff com.example.shop 4.1.0 4.2.0",
            )
        number = _NUMBER.fullmatch(typed)
        named = await self._app_of(int(number[1]), viewer) if number else None
        apps = [named] if named is not None else await self._apps(typed, platform, viewer)
        if not apps:
            raise NotFound(
                "There is no such app among the scans that you can see. `/appscan apps` lists them."
            )
        apps = [app for app in apps if app.completed] or apps
        if len(apps) > 1:
            return SeveralApps(apps=apps, rest=" ".join(versions))
        scan = named.newest if named is not None else None
        before, after, several = await self._pair(apps[0], versions, viewer, number=scan)
        if before.number == after.number:
            raise NotFound(
                f"Both of these are scan #{before.number}, so there is nothing to compare. "
                "`/appscan history` lists the versions that were scanned."
            )
        was, now = [await self.store.results.of(scan.number) for scan in (before, after)]
        if was is None or now is None:
            raise NotFound("The results of one of these scans are no longer stored.")
        return Comparison(before=before, after=after, changes=changes(was, now), newest_of_several=several)

    async def _apps(self, word: str, platform: Platform | None, viewer: Viewer) -> list[AppMatch]:
        """Return the apps with an app ID or bundle identifier, or else a name."""
        apps: list[AppMatch] = []
        with contextlib.suppress(UsageError):  # not an identifier, so a name
            apps = await self.store.comparisons.apps_of(identifiers.bundle_id(word), platform, viewer)
        if not apps and any(character.isalnum() for character in word):
            apps = await self.store.comparisons.apps(word, platform, viewer)
        return apps

    async def _app_of(self, number: int, viewer: Viewer) -> AppMatch | None:
        """Return the app of a scan that the viewer may see."""
        scan = None
        with contextlib.suppress(NotFound):
            scan = await self.store.scans.scan(number)
        if scan is None or scan.bundle_id is None or scan.platform is None:
            return None
        if not await self.store.scans.sees(viewer, scan):
            return None
        return AppMatch(
            bundle_id=scan.bundle_id, platform=scan.platform, name=scan.name, newest=number, completed=0
        )

    async def _pair(
        self, app: AppMatch, versions: Sequence[str], viewer: Viewer, *, number: int | None
    ) -> tuple[Scan, Scan, tuple[Scan, ...]]:
        """Return the earlier and the later scan, and those of them whose version has older scans too."""
        if versions:
            found = [await self._completed(NO_VERSION, app, viewer, **_which(each)) for each in versions]
            several = tuple(scans[0] for scans in found if len(scans) > 1)
            if len(found) == 1:
                found.append(await self._completed(NOT_COMPLETED, app, viewer))
            return found[0][0], found[1][0], several
        if number is None:
            scans = await self._completed(NOT_COMPLETED, app, viewer)
        else:
            why = f"Scan #{number} has not been completed, so there is nothing to compare."
            scans = await self._completed(why, app, viewer, number=number)
            scans += await self.store.comparisons.completed(app, viewer, before=number)
        if len(scans) < 2:
            raise NotFound(
                f"Scan #{scans[0].number} is the first completed one of that app that you can see, "
                "so there is nothing to compare it with."
            )
        return scans[1], scans[0], ()

    async def _completed(self, missing: str, app: AppMatch, viewer: Viewer, **which: Any) -> list[Scan]:
        """Return an app's completed scans, newest first; see ``ComparisonRepository.completed``.

        Raises:
            NotFound: it has none; ``missing`` is the sentence for that, unless results are not read here.
        """
        found = await self.store.comparisons.completed(app, viewer, **which)
        if not found:
            raise NotFound(UNREAD if self.unread() else missing)
        return found


def _parsed(text: str) -> tuple[str, Platform | None, list[str]]:
    """Split text into an app, its platform and the rest; without an app, that is empty."""
    app, *rest = filters.words(text) or [""]
    with contextlib.suppress(UsageError):
        if rest:
            return app, identifiers.platform(rest[0]), rest[1:]
    return app, None, rest


def _which(version: str) -> dict[str, Any]:
    """Return the filter for a typed version; ``#`` marks a scan's number."""
    number = _NUMBER.fullmatch(version) if version.startswith("#") else None
    return {"number": int(number[1])} if number else {"version": version}
