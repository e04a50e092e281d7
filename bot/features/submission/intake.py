"""How builds come in: shares, files without their message, older messages, files named by a command."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.core import identifiers
from bot.core.access import Access
from bot.core.backoff import Backoff
from bot.core.file_names import NAMELESS, is_build_name, unsupported_name
from bot.core.people import Person
from bot.core.ports import Announcer, Clock, Refusals, Workspace
from bot.core.scan import Scan, Share
from bot.errors import (
    AppscanError,
    NotAllowed,
    NotFound,
    NotInvited,
    PullFailed,
    Superseded,
    Unidentified,
    UsageError,
)
from bot.features.rescan_requests.models import RequestState, RescanRequest
from bot.features.rescan_requests.ports import Board
from bot.features.submission.ports import SubmissionStore

logger = logging.getLogger(__name__)

LOOKED_AT_A_TIME = 20
"""Files whose messages are looked for in one turn: other work of the job is not to wait for hundreds."""
LOOKS = 8
"""So often a file's message is looked for."""
LOOK_BACKOFF = Backoff(first_s=0.5, maximum_s=60.0)
TROUBLE_S = 6 * 3600.0
"""While Slack can't be asked, a file's message is looked for as long as this, by the number of looks."""
GONE_S = 900.0
"""A message that was deleted may still be delivered as new for as long as this."""
NEAR_S = 10.0
"""A file's event and its message are not further apart than this."""
WAIT_S = 24 * 3600.0
"""How long a rescan waits for its build."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of asking for an older file; ``new`` is false where it was asked for already."""

    scan: Scan
    new: bool


class Intake:
    """Records what is shared or asked for, and lets the runner know."""

    def __init__(
        self,
        *,
        store: SubmissionStore,
        workspace: Workspace,
        board: Board,
        announcer: Announcer,
        refusals: Refusals,
        policy: Access,
        clock: Clock,
        wake: Callable[[], None],
        drop: Callable[[int], None],
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._board = board
        self._announcer = announcer
        self._refusals = refusals
        self._policy = policy
        self._clock = clock
        self._wake = wake
        self._drop = drop
        self._gone: dict[tuple[str, str], float] = {}

    async def heard(self, payload: Mapping[str, Any]) -> None:
        """Record the builds of a message that was just shared, or tell who did that they may not."""
        try:
            await self.message(payload)
        except NotAllowed as error:
            self._refusals.refuse(self._workspace.read(payload).shares[0], error.user_message)

    async def message(self, payload: Mapping[str, Any]) -> int:
        """Record the builds of a message; return how many were not known.

        Raises:
            NotAllowed: the policy says no; nothing is recorded.
        """
        seen = self._workspace.read(payload)
        for file_id in seen.unnamed:
            user = payload.get("user")
            await self.file_shared(
                file_id,
                str(payload["channel"]),
                str(payload["ts"]),
                user=user if isinstance(user, str) else None,
            )
        return len(await self.shared(seen.shares))

    async def shared(self, shares: tuple[Share, ...]) -> list[Scan]:
        """Record the builds of a message; files that are none are passed over.

        While Slack can't say who shared them, they are looked for as files without their message are.

        Raises:
            NotAllowed: the policy says no; nothing is recorded.
        """
        try:
            return await self._record(shares)
        except Unidentified as error:
            logger.info("it is not known who shared a file; it is looked up later: %s", error)
            for share in filter(_worth_a_word, shares):
                await self._store.requests.arrived(share.file_id, share.channel, share.message_ts)
            self._wake()
            return []

    async def _record(self, shares: tuple[Share, ...]) -> list[Scan]:
        recorded = []
        for share in shares:
            if not _worth_a_word(share) or (share.channel, share.message_ts) in self._gone:
                continue
            await self._policy.admit(share.shared_by, share.channel, bot_id=share.bot_id)
            scan, new = await self._store.scans.record(await self._with_comment(share))
            if new:
                recorded.append(scan)
                self._announcer.changed(scan.number)
        if recorded:
            self._wake()
        return recorded

    async def _with_comment(self, share: Share) -> Share:
        """Add what the thread and the comment ask for."""
        asked_app_id, name = identifiers.comment(share.comment)
        waiting = await self._store.requests.waiting_in(share.channel, share.thread_ts)
        if waiting is not None:
            return replace(share, asked_app_id=waiting.app_id, asked_name=name, request_number=waiting.number)
        return replace(share, asked_app_id=asked_app_id, asked_name=name)

    async def file_shared(
        self, file_id: str, channel: str, event_ts: str, *, user: str | None = None
    ) -> None:
        """Record a file whose message Slack has not told of (yet); the message is looked for.

        Nothing is asked about a file that the allow-lists keep out whatever it is; its message gets the no.
        """
        if not self._policy.may_admit(user, channel):
            return
        if not identifiers.is_timestamp(event_ts):
            event_ts = f"{self._clock.now():.6f}"
        await self._store.requests.arrived(file_id, channel, event_ts)
        self._wake()

    async def find_messages(self) -> None:
        """Look for the messages of files that arrived without one."""
        due = await self._store.requests.arrivals()
        for file_id, channel, event_ts, attempts, _ in due[:LOOKED_AT_A_TIME]:
            told = trouble = False  # told what the file is and where; or it could not even be asked
            meant: tuple[Share, ...] = ()
            try:
                found = await self._workspace.shares_of_file(file_id, channel, event_ts)
                meant = _of_event(found or (), event_ts, last_look=attempts + 1 >= LOOKS)
                await self._record(meant)
                told = found == () or bool(meant)
            except NotAllowed as error:
                self._refusals.refuse(meant[0], error.user_message)
                told = True
            except (PullFailed, Unidentified) as error:
                logger.warning("a shared file could not be looked up: %s", error)
                trouble = True
            except AppscanError as error:
                logger.info("a shared file was passed over: %s", error)
                told = True
            except Exception as error:  # noqa: BLE001 - the others are not to wait for what one of them met
                logger.warning("a shared file could not be looked up: %s", type(error).__name__)
                trouble = True
            patient = trouble and (attempts - LOOKS) * LOOK_BACKOFF.maximum_s < TROUBLE_S
            again = not told and (patient or attempts + 1 < LOOKS)
            if trouble and not again:
                logger.error("file %s in %s was given up: Slack can't be asked about it", file_id, channel)
            again_at = self._clock.now() + LOOK_BACKOFF.delay_s(attempts + 1) if again else None
            await self._store.requests.settle_arrival(file_id, channel, event_ts, again_at=again_at)

    async def next_look_at(self) -> float | None:
        """Return when a message is next looked for."""
        return min((due_at for *_, due_at in await self._store.requests.arrivals(all_=True)), default=None)

    async def deleted(self, channel: str, message_ts: str) -> None:
        """Take back the scans of a deleted message, as far as they have not been submitted."""
        now = self._clock.now()
        self._gone = {place: at for place, at in self._gone.items() if now - at < GONE_S}
        self._gone[channel, message_ts] = now
        for scan in await self._store.scans.of_message(channel, message_ts):
            try:
                await self._store.scans.cancel(scan.number, why="The message was deleted.", who=None)
            except Superseded:
                await self._store.scans.withdraw(scan.number)
                continue
            self._drop(scan.number)
            self._announcer.changed(scan.number)
        self._wake()

    async def scan_message(
        self, user: str, channel: str, message_ts: str, thread_ts: str | None
    ) -> list[Taken]:
        """Do for an older message what sharing it does.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            NotInvited: the bot is not in the channel.
            NotFound: the message holds no build.
        """
        await self._policy.admit(user, channel)
        shares = await self._workspace.shares_of_message(channel, message_ts, thread_ts)
        builds = [share for share in shares if _worth_a_word(share)]
        if not builds:
            raise NotFound(
                "That message holds no build. A build is a file whose name ends in `.ipa` or `.apk`."
            )
        taken = []
        for share in builds:
            asked = replace(await self._with_comment(share), asked_by=user)
            scan, new = await self._store.scans.record(asked)
            self._announcer.changed(scan.number)
            taken.append(Taken(scan=scan, new=new))
        self._wake()
        return taken

    async def rescan_file(
        self,
        user: str,
        channel: str,
        app_id: str,
        link: identifiers.MessageLink | identifiers.FileLink,
        occasion: str,
    ) -> Scan:
        """Rescan an app with a file that was shared before; of several places, the newest that they see.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            UsageError: the message holds several builds.
            NotFound: there is no such file, or none that this person can see.
        """
        person = await self._policy.admit(user, channel)
        missing = NotFound(
            "I can't find a build behind that link that you can see. Copy the link of the message or file "
            "from a conversation that you and I are both in."
        )
        try:
            if isinstance(link, identifiers.FileLink):
                found = await self._workspace.shares_of_file(link.file_id) or ()
            else:
                found = await self._workspace.shares_of_message(link.channel, link.message_ts, link.thread_ts)
        except (NotFound, NotInvited) as error:
            raise missing from error
        where = self._workspace.channels if person.outsider else self._workspace.private_channels
        mine = await where(user)
        visible = [share for share in found if _sees(user, person, share, mine) and _worth_a_word(share)]
        if not visible:
            raise missing
        if isinstance(link, identifiers.MessageLink) and len(visible) > 1:
            raise UsageError(
                f"That message holds {len(visible)} builds, and an app ID is one app's. "
                "Copy the link of the file that you mean (*Copy link* in the file's menu).",
                example=f"/appscan rescan {app_id} https://example.slack.com/files/U0123456789/F0123456789",
            )
        share = visible[0]
        await self._policy.admit(user, share.channel)
        scan, _ = await self._store.scans.record(
            replace(share, occasion=occasion, asked_by=user, asked_app_id=app_id)
        )
        self._announcer.changed(scan.number)
        self._wake()
        return scan

    async def await_build(self, user: str, channel: str, app_id: str) -> RescanRequest:
        """Ask a channel for a new build of an app; waits for ``WAIT_S``.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            NotInvited: the bot can't post there.
        """
        person = await self._policy.admit(user, channel)
        kind = await self._workspace.kind_of(channel)
        latest = await self._store.scans.latest_of_app(app_id, channel, public=not person.outsider)
        request = await self._store.requests.create(
            app_id=app_id,
            channel=channel,
            channel_kind=kind,
            asked_by=user,
            wait_s=WAIT_S,
            latest=latest.number if latest else None,
        )
        try:
            message_ts = await self._board.post(request, latest)
        except BaseException:
            await self._store.requests.update(request.number, state=RequestState.LAPSED)
            raise
        self._wake()
        return await self._store.requests.update(request.number, message_ts=message_ts)

    async def scan_latest(self, user: str, channel: str, request_number: int) -> Taken:
        """Answer a waiting rescan with the latest build known for its app.

        Raises:
            NotAllowed: the policy says no.
            Unidentified: Slack does not say who they are.
            NotFound: it waits no more, or knows no build.
        """
        await self._policy.admit(user, channel)
        request = await self._store.requests.request(request_number)
        if request is None or request.channel != channel:
            raise NotFound("That rescan was asked for in another conversation.")
        if request.latest is None or request.message_ts is None:
            raise NotFound("No build of that app is known yet: reply in the thread with one.")
        if request.state is not RequestState.WAITING or request.expires_at <= self._clock.now():
            raise NotFound("That rescan waits no more. Ask again with `/appscan rescan <appId>`.")
        latest = await self._store.scans.scan(request.latest)
        scan, new = await self._store.scans.record(
            Share(
                channel=request.channel,
                channel_kind=request.channel_kind,
                message_ts=request.message_ts,
                thread_ts=request.message_ts,
                file_id=latest.file_id or "",
                file_name=latest.file_name,
                size_bytes=latest.size_bytes,
                shared_by=latest.shared_by,
                asked_by=user,
                asked_app_id=request.app_id,
                request_number=request.number,
                occasion=f"request-{request.number}",
                expected_sha256=latest.sha256,
                original=latest.number,
            )
        )
        self._announcer.changed(scan.number)
        self._wake()
        return Taken(scan=scan, new=new)

    async def close_requests(self) -> None:
        """Close waiting rescans that were answered, or not in time, and say so where they were posted."""
        for request in [*await self._store.requests.answer(), *await self._store.requests.lapse()]:
            try:
                await self._board.update(request, None)
            except Exception:  # it is closed all the same
                logger.exception("waiting rescan %d could not be shown as closed", request.number)


def _worth_a_word(share: Share) -> bool:
    known = is_build_name(share.file_name) or unsupported_name(share.file_name) is not None
    return known or share.file_name == NAMELESS


def _sees(user: str, person: Person, share: Share, mine: frozenset[str]) -> bool:
    if share.channel_kind == "public" and not person.outsider:
        return True
    return share.channel in mine or (share.channel_kind == "im" and share.shared_by == user)


def _of_event(found: tuple[Share, ...], event_ts: str, *, last_look: bool) -> tuple[Share, ...]:
    """Return the share that an event means: the last one that is not younger than the event.

    One that is much older is an earlier share of the same file, and Slack does not know of the new one yet.
    """
    older = [share for share in found if float(share.message_ts) <= float(event_ts) + 1]
    meant = sorted(older or found, key=lambda share: float(share.message_ts))[-1:]
    return tuple(each for each in meant if last_look or float(each.message_ts) > float(event_ts) - NEAR_S)
