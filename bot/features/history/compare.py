"""What people ask of what scans found, within what they may see."""

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
from bot.features.history.models import APPS_NAMED, AppFound, SdkRow
from bot.features.history.ports import HistoryStore
from bot.features.results.diff import Changes, changes
from bot.features.results.models import UNREAD, ResultStatus

APPS_A_PAGE: Final = 5
UNDER_WAY: Final = 15
"""Scans under way that are listed."""

_NUMBER: Final = re.compile(r"#?([0-9]{1,15})")


@dataclass(frozen=True, kw_only=True)
class InProgress:
    """The scans that have not come to their end, newest first."""

    scans: tuple[tuple[Scan, ResultStatus | None], ...]
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class SdkPage:
    """One page of the apps that have an SDK in them."""

    name: str
    rows: tuple[SdkRow, ...]
    offset: int
    has_more: bool
    unread: bool = False
    """Whether no results are read from OneTrust, so that nothing found tells nothing."""


@dataclass(frozen=True, kw_only=True)
class SeveralApps:
    """Several apps fit what was typed."""

    apps: tuple[AppFound, ...]
    has_more: bool
    rest: str
    """What was typed after the app."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changed from one completed scan of an app to another."""

    before: Scan
    after: Scan
    changes: Changes
    newest_of_several: tuple[Scan, ...] = ()
    """Those of the two whose version was scanned before that as well."""


@dataclass(frozen=True, kw_only=True)
class _Meant:
    app: AppFound
    number: int | None
    """The scan that was named, where it was named by its number."""


class Comparisons:
    """Answers questions about results.

    ``reads`` tells whether new ones can be read now, ``unread`` whether it is known that they can't.
    """

    def __init__(
        self,
        *,
        store: HistoryStore,
        workspace: Workspace,
        policy: Access,
        reads: Callable[[], bool] = lambda: False,
        unread: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._reads = reads
        self._unread = unread
        self._workspace = workspace
        self._policy = policy

    async def under_way(self, user: str, channel: str) -> InProgress:
        """Return the scans that have not come to their end, or whose results are looked for.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
        """
        asker = await self._asker(user, channel)
        reads = self._reads()
        scans = await self._store.comparisons.under_way(asker, UNDER_WAY + 1, followed=reads)
        return InProgress(
            scans=tuple(
                [
                    (scan, await self._store.results.followed(scan.number) if reads else None)
                    for scan in scans[:UNDER_WAY]
                ]
            ),
            has_more=len(scans) > UNDER_WAY,
        )

    async def newest(self, user: str, channel: str, text: str) -> int | SeveralApps:
        """Return the number of an app's newest scan; the apps where several fit.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            UsageError: more was typed than an app and its platform.
            NotFound: there is no such app, or none that this person may see.
        """
        asker = await self._asker(user, channel)
        typed = filters.words(text)
        platform = _platform_at(typed, 1)
        if not typed or len(typed) > (2 if platform else 1):
            raise UsageError(
                "Say one scan, by its number or its request ID, or one app; quotes keep a name together.",
                example="/appscan status 12",
            )
        missing = NotFound(
            "There is no scan with that number or request ID that you can see, and no such app. "
            "`/appscan history` lists the scans that you can."
        )
        if _NUMBER.fullmatch(typed[0]):
            raise missing
        try:
            meant = await self._meant(typed[0], platform, asker, "", completed=False)
        except NotFound as error:
            raise missing from error
        return meant if isinstance(meant, SeveralApps) else meant.app.newest

    async def sdk(self, user: str, channel: str, text: str, offset: int = 0) -> SdkPage:
        """Return a page of the apps in which an SDK was found, those that were scanned last first.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            UsageError: no SDK is named.
        """
        asker = await self._asker(user, channel)
        name = filters.sdk_name(text)
        found = await self._store.comparisons.sdk(name, asker, limit=APPS_A_PAGE + 1, offset=offset)
        return SdkPage(
            name=name,
            rows=tuple(found[:APPS_A_PAGE]),
            offset=offset,
            has_more=len(found) > APPS_A_PAGE,
            unread=self._unread(),
        )

    async def diff(self, user: str, channel: str, text: str) -> Comparison | SeveralApps:
        """Compare two completed scans of an app; the apps where several fit.

        ``text`` is the app, its platform where that has to be said, and up to two versions: of none, the last
        two scans are compared (of a scan's number that scan and the one before it), of one, that with the
        newest.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            UsageError: that is not how it is asked.
            NotFound: there is no such app, or there are no such completed scans, that this person may see.
        """
        asker = await self._asker(user, channel)
        typed = filters.words(text)
        platform = _platform_at(typed, 1)
        versions = typed[2 if platform else 1 :]
        if not typed or len(versions) > 2:
            raise UsageError(
                "Say which app, and if you like one version or two; quotes keep a name together.",
                example="/appscan diff com.example.shop 4.1.0 4.2.0",
            )
        rest = " ".join(versions)
        meant = await self._meant(typed[0], platform, asker, rest, completed=True)
        if isinstance(meant, SeveralApps):
            return meant
        several: tuple[Scan, ...] = ()
        if versions:
            found = [await self._of_version(meant.app, asker, version) for version in versions]
            several = tuple(scans[0] for scans in found if len(scans) > 1)
            before, after = (
                found[0][0],
                (found[1] if len(found) > 1 else await self._last(meant.app, asker))[0],
            )
        else:
            after, before = await self._last_two(meant, asker)
        if before.number == after.number:
            raise NotFound(
                f"Both of these are scan #{before.number}, so there is nothing to compare. "
                "`/appscan history` lists the versions that were scanned."
            )
        was, now = [await self._store.results.of(scan.number) for scan in (before, after)]
        if was is None or now is None:
            raise NotFound("What one of these scans found is no longer kept.")
        return Comparison(before=before, after=after, changes=changes(was, now), newest_of_several=several)

    async def _asker(self, user: str, channel: str) -> Viewer:
        person = await self._policy.admit(user, channel)
        return await viewer_of(self._workspace, user, person, channel)

    async def _meant(
        self, word: str, platform: Platform | None, asker: Viewer, rest: str, *, completed: bool
    ) -> _Meant | SeveralApps:
        """Find the app: by a scan's number, an app ID or a bundle identifier, or else by its name."""
        number = _NUMBER.fullmatch(word)
        if number is not None and (scan := await self._seen(int(number[1]), asker)) is not None:
            return scan
        found: list[AppFound] = []
        with contextlib.suppress(UsageError):  # no identifier, so words
            found = await self._store.comparisons.apps_of(identifiers.bundle_id(word), platform, asker)
        if not found and any(sign.isalnum() for sign in word):
            found = await self._store.comparisons.apps(word, platform, asker)
        if not found:
            raise NotFound(
                "There is no app like that among the scans that you can see. `/appscan apps` lists them."
            )
        if completed:
            found = [app for app in found if app.completed] or found
        if len(found) > 1:
            return SeveralApps(apps=tuple(found[:APPS_NAMED]), has_more=len(found) > APPS_NAMED, rest=rest)
        return _Meant(app=found[0], number=None)

    async def _seen(self, number: int, asker: Viewer) -> _Meant | None:
        try:
            scan = await self._store.scans.scan(number)
        except NotFound:
            return None
        if scan.bundle_id is None or scan.platform is None:
            return None
        if not await self._store.scans.sees(asker, scan):
            return None
        app = AppFound(
            bundle_id=scan.bundle_id, platform=scan.platform, name=scan.name, newest=number, completed=0
        )
        return _Meant(app=app, number=number)

    async def _of_version(self, app: AppFound, asker: Viewer, typed: str) -> list[Scan]:
        """Return the completed scans of a version, newest first; a number with ``#`` is a scan's."""
        number = _NUMBER.fullmatch(typed) if typed.startswith("#") else None
        found = await self._store.comparisons.completed(
            app,
            asker,
            version=None if number else typed,
            number=int(number[1]) if number else None,
        )
        if not found:
            raise self._none(
                "There is no completed scan of one of these versions that you can see. "
                "`/appscan history` lists what was scanned; a scan can be named by its number, such as `#12`."
            )
        return found

    async def _last(self, app: AppFound, asker: Viewer) -> list[Scan]:
        found = await self._store.comparisons.completed(app, asker)
        if not found:
            raise self._none(
                "No scan of that app that you can see has been completed. "
                "`/appscan status` lists those under way."
            )
        return found

    def _none(self, why: str) -> NotFound:
        """Return that there is no completed scan, or that it can't be told whether there is one."""
        return NotFound(UNREAD if self._unread() else why)

    async def _last_two(self, meant: _Meant, asker: Viewer) -> tuple[Scan, Scan]:
        """Return the last completed scan, or the one that was named, and the completed one before it."""
        if meant.number is None:
            found = await self._last(meant.app, asker)
        else:
            found = await self._store.comparisons.completed(meant.app, asker, number=meant.number)
            if not found:
                raise self._none(
                    f"Scan #{meant.number} has not been completed, so there is nothing to compare."
                )
            found += await self._store.comparisons.completed(meant.app, asker, before=meant.number)
        if len(found) < 2:
            raise NotFound(
                f"Scan #{found[0].number} is the first completed one of that app that you can see, "
                "so there is nothing to compare it with."
            )
        return found[0], found[1]


def _platform_at(typed: list[str], place: int) -> Platform | None:
    """Return the platform that was typed at that place, where one was."""
    try:
        return identifiers.platform(typed[place]) if len(typed) > place else None
    except UsageError:
        return None
