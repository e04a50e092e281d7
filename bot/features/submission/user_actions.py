"""What people decide about a scan: the buttons of its reply and the modals behind them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.access import Access
from bot.core.ports import Announcer
from bot.core.scan import CANCELLABLE, Kind, Link, Reason, Scan, Share, Source, State, SubmissionState
from bot.errors import NotFound, Superseded, UsageError
from bot.features.submission.outcomes import remember_link
from bot.features.submission.ports import SubmissionStore

OTHER_PLATFORM = (
    "That app ID is linked to a build for the other platform, and an app in OneTrust is for one platform. "
    "`/appscan apps` shows which; `/appscan unlink` removes it."
)

NOT_IN_SLACK = "That build came from the command line, so its file is not in Slack: run the command again."

UNLINKED = (
    "It is rescanned as that app. The next build is not: only appscan's admins link an app ID for good. "
    "Ask one of them for `/appscan link`."
)
"""What somebody reads whose answer was taken, and who may not link."""

_AFRESH: Mapping[str, Any] = {"problem": None, "question": None, "original": None, "pulls": 0}
_UNSENT: Mapping[str, Any] = {
    "state": SubmissionState.PENDING,
    "attempts": 0,
    "due_at": 0.0,
    "status": None,
}


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """What became of an app ID that was given for a scan."""

    other: Link | None = None
    """Another link to the same app: worth telling."""
    admins_only: bool = False
    """Whether it was not linked to the build because only admins link."""


class UserActions:
    """Carries out what a person pressed; each call raises ``Superseded`` where the scan has moved on."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        announcer: Announcer,
        policy: Access,
        wake: Callable[[], None],
        drop: Callable[[int], None],
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._policy = policy
        self._wake = wake
        self._drop = drop

    async def scan(self, number: int, user: str, channel: str | None = None) -> Scan:
        """Return the scan that a person wants to act on, from its own conversation or a form opened there.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            NotFound: the scan does not belong to the channel of the press.
        """
        scan = await self._store.scans.scan(number)
        await self._policy.admit(user, channel or scan.channel)
        if channel is not None and scan.channel is not None and scan.channel != channel:
            raise NotFound(f"Scan #{number} belongs to another conversation.")
        return scan

    async def scan_to_link(self, number: int, user: str, channel: str | None = None) -> Scan:
        """Return the scan whose build a person wants to link; raises what ``scan`` does, and for no admin."""
        scan = await self.scan(number, user, channel)
        self._policy.admit_to_links(user)
        return scan

    async def scan_again(self, number: int, user: str) -> None:
        """Scan a file although it was submitted before."""
        await self._go_on(number, user, {State.DUPLICATE}, "scan again", {"insist": True})

    async def scan_once_more(self, number: int, user: str) -> None:
        """Make another scan of a file, in the same thread."""
        scan = await self._store.scans.scan(number)
        if scan.source is Source.SHELL:
            raise NotFound(NOT_IN_SLACK)
        linked = (
            await self._store.links.of_build(scan.bundle_id, scan.platform)
            if scan.bundle_id is not None and scan.platform is not None
            else None
        )
        again, new = await self._store.scans.record(
            Share(
                channel=scan.channel or "",
                channel_kind=scan.channel_kind,
                message_ts=scan.message_ts or "",
                thread_ts=scan.thread_ts or "",
                file_id=scan.file_id or "",
                file_name=scan.file_name,
                size_bytes=scan.size_bytes,
                shared_by=scan.shared_by,
                asked_by=user,
                asked_app_id=scan.app_id if linked is None else None,
                asked_name=scan.asked_name,
                occasion=f"again-{number}",
                original=number,
                insist=True,
                expected_sha256=scan.sha256,
            )
        )
        if not new:
            raise Superseded(f"That is scan #{again.number} already; its reply is in the thread.")
        self._announcer.changed(again.number)
        self._wake()

    async def try_again(self, number: int, user: str) -> None:
        """Try a failed scan once more; what no person decided is decided afresh."""
        scan = await self._store.scans.scan(number)
        kept = scan.reason is Reason.CHOSEN and scan.kind is Kind.RESCAN
        changes: Mapping[str, Any] = {} if kept else {"kind": None, "reason": None, "app_id": None}
        await self._go_on(number, user, {State.FAILED}, "try again", changes)

    async def submit_again(self, number: int, user: str) -> None:
        """Send an uncertain submission once more: a person knows that it did not arrive."""
        scan = await self._store.scans.scan(number)
        changes: Mapping[str, Any] = {"reason": Reason.CHOSEN} if scan.kind is Kind.NEW else {}
        await self._go_on(number, user, {State.UNCERTAIN}, "submit again", changes)

    async def scan_as_new(self, number: int, user: str) -> None:
        """Answer the question with: this is a new app."""
        await self._go_on(
            number,
            user,
            {State.ASKING},
            "scan as a new app",
            {"kind": Kind.NEW, "reason": Reason.CHOSEN, "app_id": None, "asked_app_id": None},
        )

    async def rescan_as(self, number: int, user: str, app_id: str) -> ActionResult:
        """Answer the question with an app ID; who may change links so links it to the build as well.

        Raises:
            UsageError: the app ID is linked on the other platform.
        """
        await self._on_its_platform(await self._store.scans.scan(number), app_id)
        scan = await self._go_on(
            number,
            user,
            {State.ASKING, State.FAILED},
            f"rescan as {app_id}",
            {
                "kind": Kind.RESCAN,
                "reason": Reason.CHOSEN,
                "app_id": app_id,
                "asked_app_id": app_id,
            },
        )
        if self._policy.is_admin(user):
            return await self._link(scan, user, app_id)
        linked = any(
            (link.bundle_id, link.platform) == (scan.bundle_id, scan.platform)
            for link in await self._store.links.of_app(app_id)
        )
        return ActionResult(admins_only=not linked)

    async def rescan_anyway(self, number: int, user: str) -> None:
        """Answer that the app ID asked for is right, although it is linked to another build; link nothing."""
        scan = await self._store.scans.scan(number)
        if scan.asked_app_id is None:
            raise Superseded(f"Scan #{number} has moved on: no app ID is asked for any more.")
        await self._go_on(
            number,
            user,
            {State.ASKING},
            f"rescan as {scan.asked_app_id} anyway",
            {"kind": Kind.RESCAN, "reason": Reason.CHOSEN, "app_id": scan.asked_app_id},
        )

    async def link(self, number: int, user: str, app_id: str) -> ActionResult:
        """Link a submitted scan's bundle identifier to an app ID, so that the next build is a rescan.

        Raises:
            NotAllowed: they are no admin.
            UsageError: the app ID is linked on the other platform.
        """
        self._policy.admit_to_links(user)
        scan = await self._store.scans.scan(number)
        if scan.build is None:
            raise NotFound(f"Nothing was read from the build of scan #{number}, so there is nothing to link.")
        await self._on_its_platform(scan, app_id)
        answered = await self._link(scan, user, app_id)
        await self._store.scans.note(number, f"linked to {app_id}", user)
        self._announcer.changed(number)
        return answered

    async def _on_its_platform(self, scan: Scan, app_id: str) -> None:
        for link in await self._store.links.of_app(app_id):
            if scan.platform not in {None, link.platform}:
                raise UsageError(OTHER_PLATFORM)

    async def _link(self, scan: Scan, user: str, app_id: str) -> ActionResult:
        if scan.bundle_id is None or scan.platform is None:
            return ActionResult()
        await self._store.links.put(scan.bundle_id, scan.platform, app_id, who=user, replace=True)
        others = [
            link
            for link in await self._store.links.of_app(app_id)
            if (link.bundle_id, link.platform) != (scan.bundle_id, scan.platform)
        ]
        return ActionResult(other=others[0] if others else None)

    async def dismiss(self, number: int, user: str) -> None:
        """Answer the question with: don't scan it.

        Raises:
            NotAllowed: it is not theirs, and they are no admin.
        """
        await self._cancel(number, user, "Dismissed.", {State.ASKING})

    async def cancel_waiting(self, user: str, channel: str) -> int:
        """Take back what a person shared or asked for in a channel and what waits; return how many.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
        """
        await self._policy.admit(user, channel)
        cancelled = await self._store.queue.cancel_waiting(channel, user, why="Cancelled.")
        for number in cancelled:
            self._drop(number)
            self._announcer.changed(number)
        self._wake()
        return len(cancelled)

    async def cancel(self, number: int, user: str) -> None:
        """Take back a scan that has not been submitted.

        Raises:
            NotAllowed: it is not theirs, and they are no admin.
        """
        await self._cancel(number, user, "Cancelled.", CANCELLABLE)

    async def _cancel(self, number: int, user: str, why: str, expect: Collection[State]) -> None:
        self._policy.admit_to_cancel(user, await self._store.scans.scan(number))
        await self._store.scans.cancel(number, why=why, who=user, expect=expect)
        self._drop(number)
        self._announcer.changed(number)
        self._wake()

    async def arrived(self, number: int, user: str, request_id: str) -> None:
        """Settle an uncertain submission: a person found it in OneTrust.

        By the direct route ``request_id`` is a scan ID.
        """
        direct = (await self._store.scans.scan(number)).submission.route == "direct"
        found = "OneTrust: scan" if direct else "OneTrust's log: request"
        scan = await self._store.scans.move(
            number,
            State.SUBMITTED,
            why=f"found in {found} ID {request_id}",
            who=user,
            expect={State.UNCERTAIN},
            scan={"problem": None},
            submission={
                "state": SubmissionState.ACCEPTED,
                "scan_id" if direct else "request_id": request_id,
            },
        )
        await remember_link(self._store, scan, self._policy.may_create_link)
        self._announcer.changed(number)
        self._wake()

    async def _go_on(
        self, number: int, user: str, expect: set[State], why: str, changes: Mapping[str, Any]
    ) -> Scan:
        scan = await self._store.scans.scan(number)
        if scan.source is Source.SHELL:
            raise NotFound(NOT_IN_SLACK)
        scan = await self._store.scans.move(
            number,
            State.RECEIVED,
            why=why,
            who=user,
            expect=expect,
            scan={**_AFRESH, **changes},
            submission=_UNSENT,
        )
        self._announcer.changed(number)
        self._wake()
        return scan
