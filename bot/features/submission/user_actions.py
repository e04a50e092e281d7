"""Actions on a scan: the buttons of its reply and their modals."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from bot.core.access import Access
from bot.core.ports import Announcer
from bot.core.scan import CANCELLABLE, Kind, Link, Reason, Scan, Source, State, SubmissionState
from bot.core.scheduler import Wake
from bot.errors import NotFound, Superseded, UsageError
from bot.features.submission.intake import shared_again
from bot.features.submission.ports import SCANS, SubmissionStore

OTHER_PLATFORM = (
    "That app ID is linked to a build for the other platform, and an app in OneTrust is for one platform. "
    "`/appscan apps` shows which; `/appscan unlink` removes it."
)

NOT_IN_SLACK = "That build came from the command line, so its file is not in Slack. Run the command again."

UNLINKED = (
    "It is rescanned as that app. The next build is not: only appscan's admins link an app ID for good. "
    "Ask one of them for `/appscan link`."
)
"""Shown to people who may choose an app ID for a scan, but not link it."""

_RESET_SCAN = {"problem": None, "question": None, "original": None, "pulls": 0}
_RESET_SUBMISSION = {"state": SubmissionState.PENDING, "attempts": 0, "due_at": 0.0, "status": None}
_UNDECIDED = {"kind": None, "reason": None, "app_id": None}


@dataclass(frozen=True, kw_only=True)
class LinkResult:
    """The result of linking an app ID to a scan's build."""

    other: Link | None = None
    """Another link to the same app, if there is one."""
    admins_only: bool = False
    """Whether the link was not made because only admins make links."""


@dataclass(kw_only=True, eq=False, repr=False)
class UserActions:
    """Carries out actions; each raises ``Superseded`` if the scan is no longer in a state that allows it."""

    store: SubmissionStore
    announcer: Announcer
    access: Access
    wake: Wake
    drop: Callable[[int], None]

    async def scan(self, number: int, user: str, channel: str | None = None) -> Scan:
        """Return a scan for a person's action in ``channel``, or in a modal without one.

        Raises:
            NotAllowed: they may not use the bot here.
            Unidentified: Slack does not say who they are.
            NotFound: the scan belongs to another conversation.
        """
        scan = await self.store.scans.scan(number)
        await self.access.admit(user, channel or scan.channel)
        if channel is not None and scan.channel is not None and scan.channel != channel:
            raise NotFound(f"Scan #{number} belongs to another conversation.")
        return scan

    async def scan_again(self, number: int, user: str) -> None:
        """Scan a duplicate."""
        await self._restart(number, user, "scan again", State.DUPLICATE, insist=True)

    async def repeat_failed_scan(self, number: int, user: str) -> None:
        """Scan a file again, in the same thread."""
        scan = await self.store.scans.scan(number)
        if scan.source is Source.SHELL:
            raise NotFound(NOT_IN_SLACK)
        is_linked = await self.store.links.of_build(scan.bundle_id, scan.platform) is not None
        repeat, new = await self.store.scans.record(
            shared_again(
                scan,
                asked_by=user,
                asked_app_id=None if is_linked else scan.app_id,
                asked_name=scan.asked_name,
                occasion=f"again-{number}",
                insist=True,
            )
        )
        if not new:
            raise Superseded(f"That is scan #{repeat.number} already; its reply is in the thread.")
        self.announcer.changed(repeat.number)
        self.wake(SCANS)

    async def try_again(self, number: int, user: str) -> None:
        """Restart a failed scan; only a person's decision is kept, the rest is decided again."""
        scan = await self.store.scans.scan(number)
        chosen = scan.reason is Reason.CHOSEN and scan.kind is Kind.RESCAN
        await self._restart(number, user, "try again", State.FAILED, **({} if chosen else _UNDECIDED))

    async def submit_again(self, number: int, user: str) -> None:
        """Restart an uncertain scan, which a person knows did not arrive."""
        scan = await self.store.scans.scan(number)
        reason = Reason.CHOSEN if scan.kind is Kind.NEW else scan.reason
        await self._restart(number, user, "submit again", State.UNCERTAIN, reason=reason)

    async def scan_as_new(self, number: int, user: str) -> None:
        """Answer the question: it is a new app."""
        as_new = {"kind": Kind.NEW, "reason": Reason.CHOSEN, "app_id": None, "asked_app_id": None}
        await self._restart(number, user, "scan as a new app", State.ASKING, **as_new)

    async def rescan_as(self, number: int, user: str, app_id: str) -> LinkResult:
        """Answer the question with an app ID; for an admin, also link it to the build.

        Raises:
            UsageError: the app ID is linked on the other platform.
        """
        await self._on_its_platform(await self.store.scans.scan(number), app_id)
        chosen = {"kind": Kind.RESCAN, "reason": Reason.CHOSEN, "app_id": app_id, "asked_app_id": app_id}
        why = f"rescan as {app_id}"
        scan = await self._restart(number, user, why, State.ASKING, State.FAILED, **chosen)
        if self.access.is_admin(user):
            return await self._link(scan, user, app_id)
        link = await self.store.links.of_build(scan.bundle_id, scan.platform)
        return LinkResult(admins_only=link is None or link.app_id.lower() != app_id.lower())

    async def rescan_anyway(self, number: int, user: str) -> None:
        """Confirm the requested app ID although it is linked to another build; makes no link."""
        scan = await self.store.scans.scan(number)
        if scan.asked_app_id is None:
            raise Superseded(f"Scan #{number} has moved on: no app ID is requested any longer.")
        chosen = {"kind": Kind.RESCAN, "reason": Reason.CHOSEN, "app_id": scan.asked_app_id}
        await self._restart(number, user, f"rescan as {scan.asked_app_id} anyway", State.ASKING, **chosen)

    async def link(self, number: int, user: str, app_id: str) -> LinkResult:
        """Link a submitted scan's bundle identifier to an app ID, so that the next build is a rescan of it.

        Raises:
            NotAllowed: not an admin.
            UsageError: the app ID is linked on the other platform.
        """
        self.access.admit_to_links(user)
        scan = await self.store.scans.scan(number)
        if scan.build is None:
            raise NotFound(f"Nothing was read from the build of scan #{number}, so there is nothing to link.")
        await self._on_its_platform(scan, app_id)
        result = await self._link(scan, user, app_id)
        await self.store.scans.note(number, f"linked to {app_id}", user)
        self.announcer.changed(number)
        return result

    async def _on_its_platform(self, scan: Scan, app_id: str) -> None:
        links = await self.store.links.of_app(app_id)
        if any(scan.platform not in {None, link.platform} for link in links):
            raise UsageError(OTHER_PLATFORM)

    async def _link(self, scan: Scan, user: str, app_id: str) -> LinkResult:
        if scan.bundle_id is None or scan.platform is None:
            return LinkResult()
        await self.store.links.put(scan.bundle_id, scan.platform, app_id, who=user, replace=True)
        return LinkResult(other=next(iter(await self.store.links.of_others(app_id, scan)), None))

    async def dismiss(self, number: int, user: str) -> None:
        """Answer the question: don't scan it; raises as ``cancel`` does."""
        await self.cancel(number, user, why="Dismissed.", expect={State.ASKING})

    async def cancel_waiting(self, user: str, channel: str) -> int:
        """Cancel a person's waiting scans in a channel; return their number.

        Raises:
            NotAllowed: they may not use the bot here.
            Unidentified: Slack does not say who they are.
        """
        await self.access.admit(user, channel)
        cancelled = await self.store.queue.cancel_waiting(channel, user, why="Cancelled.")
        self._stop(*cancelled)
        return len(cancelled)

    async def cancel(
        self, number: int, user: str, *, why: str = "Cancelled.", expect: Collection[State] = CANCELLABLE
    ) -> None:
        """Cancel a scan that has not been submitted.

        Raises:
            NotAllowed: not their scan, and not an admin.
        """
        self.access.admit_to_cancel(user, await self.store.scans.scan(number))
        await self.store.scans.cancel(number, why=why, who=user, expect=expect)
        self._stop(number)

    def _stop(self, *cancelled: int) -> None:
        for number in cancelled:
            self.drop(number)
            self.announcer.changed(number)
        self.wake()

    async def arrived(self, number: int, user: str, request_id: str) -> None:
        """Settle an uncertain submission that a person found in OneTrust.

        For the direct route, ``request_id`` is a scan ID.
        """
        if (await self.store.scans.scan(number)).submission.route == "direct":
            place, column = "OneTrust: scan", "scan_id"
        else:
            place, column = "OneTrust's log: request", "request_id"
        await self.store.scans.move(
            number,
            State.SUBMITTED,
            why=f"found in {place} ID {request_id}",
            who=user,
            expect={State.UNCERTAIN},
            scan={"problem": None},
            submission={"state": SubmissionState.ACCEPTED, column: request_id},
            may_create_link=self.access.may_create_link,
        )
        self.announcer.changed(number)
        self.wake()

    async def _restart(self, number: int, user: str, why: str, *expect: State, **changes: Any) -> Scan:
        scan = await self.store.scans.scan(number)
        if scan.source is Source.SHELL:
            raise NotFound(NOT_IN_SLACK)
        scan = await self.store.scans.move(
            number,
            State.RECEIVED,
            why=why,
            who=user,
            expect=expect,
            scan=_RESET_SCAN | changes,
            submission=_RESET_SUBMISSION,
        )
        self.announcer.changed(number)
        self.wake(SCANS)
        return scan
