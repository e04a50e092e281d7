"""Intake of builds: shares, files without a message, older messages, files named in a command."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core import identifiers
from bot.core.access import Access
from bot.core.backoff import Backoff
from bot.core.file_names import NAMELESS, file_type_of_name, unsupported_name
from bot.core.people import Person
from bot.core.ports import Announcer, Clock, Refusals, Workspace
from bot.core.scan import Scan, Share
from bot.core.scheduler import Wake
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
from bot.features.rescan_requests.models import Arrival, Board, RequestState, RescanRequest
from bot.features.submission.ports import FILES, REQUESTS, SCANS, SubmissionStore

logger = logging.getLogger(__name__)

MAXIMUM_SEARCHES_PER_RUN = 20
"""Files whose messages are searched for in one run of the job, which has other work too."""
MAXIMUM_SEARCHES = 8
"""Searches for a file's message."""
SEARCH_BACKOFF = Backoff(first_s=0.5, maximum_s=60.0)
OUTAGE_TIMEOUT_S = 6 * 3600.0
"""How long searches continue while Slack fails, derived from their number."""
DELETED_RETENTION_S = 900.0
"""How long a deleted message is remembered, as Slack may still deliver it as new."""
EVENT_TOLERANCE_S = 10.0
"""Maximum time between a file's event and its message."""
REQUEST_TIMEOUT_S = 24 * 3600.0
"""How long a rescan request waits for its build."""


@dataclass(kw_only=True, eq=False, repr=False)
class Intake:
    """Records shared and requested builds, and wakes the worker."""

    store: SubmissionStore
    workspace: Workspace
    board: Board
    announcer: Announcer
    refusals: Refusals
    access: Access
    clock: Clock
    wake: Wake
    drop: Callable[[int], None]
    _deleted: dict[tuple[str, str], float] = field(init=False, default_factory=dict)

    async def on_message(self, payload: Mapping[str, Any]) -> None:
        """Record the builds of a new message, or show its author why they may not share them."""
        try:
            await self.message(payload)
        except NotAllowed as error:
            self.refusals.refuse(self.workspace.read(payload).shares[0], error.user_message)

    async def message(self, payload: Mapping[str, Any]) -> int:
        """Record the builds of a message; return the number of new ones.

        Raises:
            NotAllowed: nothing is recorded.
        """
        seen, user = self.workspace.read(payload), payload.get("user")
        known_user = user if isinstance(user, str) else None
        for file_id in seen.unnamed:
            await self.file_shared(file_id, str(payload["channel"]), str(payload["ts"]), user=known_user)
        return len(await self.shared(seen.shares))

    async def shared(self, shares: tuple[Share, ...]) -> list[Scan]:
        """Record the builds among a message's files; return the new scans.

        While Slack can't identify the author, they are queued as files whose message is not known.

        Raises:
            NotAllowed: nothing is recorded.
        """
        try:
            return await self._record(shares)
        except Unidentified as error:
            logger.info("the author of a shared file is not known; retrying later: %s", error)
            for share in filter(_may_be_build, shares):
                await self.store.requests.arrived(share.file_id, share.channel, share.message_ts)
            self.wake(FILES)
            return []

    async def _record(self, shares: tuple[Share, ...]) -> list[Scan]:
        recorded = []
        for share in shares:
            if _may_be_build(share) and (share.channel, share.message_ts) not in self._deleted:
                await self.access.admit(share.shared_by, share.channel, bot_id=share.bot_id)
                scan, new = await self.store.scans.record(await self._with_comment(share))
                if new:
                    recorded.append(scan)
                    self.announcer.changed(scan.number)
        if recorded:
            self.wake(SCANS)
        return recorded

    async def _with_comment(self, share: Share) -> Share:
        """Add what the thread's rescan request and the comment specify."""
        app_id, name = identifiers.comment(share.comment)
        share = replace(share, asked_app_id=app_id, asked_name=name)
        request = await self.store.requests.waiting_in(share.channel, share.thread_ts)
        if request is None:
            return share
        return replace(share, asked_app_id=request.app_id, request_number=request.number)

    async def file_shared(
        self, file_id: str, channel: str, event_ts: str, *, user: str | None = None
    ) -> None:
        """Record a file whose message Slack has not delivered (yet), and search for the message.

        A file that the allow-lists exclude is ignored here; its message is rejected.
        """
        if not self.access.may_admit(user, channel):
            return
        if not identifiers.is_timestamp(event_ts):
            event_ts = f"{self.clock.now():.6f}"
        await self.store.requests.arrived(file_id, channel, event_ts)
        self.wake(FILES)

    async def find_messages(self) -> float | None:
        """Search for the messages of files that arrived without one; return when the next search is due."""
        arrivals, now = await self.store.requests.arrivals(), self.clock.now()
        due = [arrival for arrival in arrivals if arrival.due_at <= now][:MAXIMUM_SEARCHES_PER_RUN]
        retries = [await self._find_message(arrival) for arrival in due]
        later = [arrival.due_at for arrival in arrivals[len(due) :]]
        return min((at for at in [*retries, *later] if at is not None), default=None)

    async def _find_message(self, arrival: Arrival) -> float | None:
        """Search for one message; return when to search for it again."""
        done = slack_failed = False
        attempts = arrival.attempts + 1
        shares: tuple[Share, ...] = ()
        try:
            found = await self.workspace.shares_of_file(arrival.file_id, arrival.channel, arrival.event_ts)
            shares = _of_event(found or (), arrival.event_ts, is_last=attempts >= MAXIMUM_SEARCHES)
            await self._record(shares)
            done = found == () or bool(shares)
        except NotAllowed as error:
            self.refusals.refuse(shares[0], error.user_message)
            done = True
        except (PullFailed, Unidentified) as error:
            logger.warning("search for the message of a shared file failed: %s", error)
            slack_failed = True
        except AppscanError as error:
            logger.info("ignoring a shared file: %s", error)
            done = True
        except Exception as error:  # noqa: BLE001 - one file's error must not delay the others
            logger.warning("search for the message of a shared file failed: %s", type(error).__name__)
            slack_failed = True
        outage_s = (arrival.attempts - MAXIMUM_SEARCHES) * SEARCH_BACKOFF.maximum_s
        retry = not done and (attempts < MAXIMUM_SEARCHES or (slack_failed and outage_s < OUTAGE_TIMEOUT_S))
        if slack_failed and not retry:
            logger.error("giving up on file %s in %s: Slack keeps failing", arrival.file_id, arrival.channel)
        retry_at = self.clock.now() + SEARCH_BACKOFF.delay_s(attempts) if retry else None
        await self.store.requests.settle_arrival(arrival, retry_at=retry_at)
        return retry_at

    async def deleted(self, channel: str, message_ts: str) -> None:
        """Cancel the scans of a deleted message that have not been submitted."""
        now = self.clock.now()
        self._deleted = {key: at for key, at in self._deleted.items() if now - at < DELETED_RETENTION_S}
        self._deleted[channel, message_ts] = now
        for scan in await self.store.scans.of_message(channel, message_ts):
            try:
                await self.store.scans.cancel(scan.number, why="The message was deleted.", who=None)
            except Superseded:
                await self.store.scans.withdraw(scan.number)
                continue
            self.drop(scan.number)
            self.announcer.changed(scan.number)
        self.wake()

    async def scan_message(
        self, user: str, channel: str, message_ts: str, thread_ts: str | None
    ) -> list[tuple[Scan, bool]]:
        """Scan the builds of an older message, as if it were new; return each scan and whether it is new.

        Raises:
            NotAllowed: they may not use the bot here.
            Unidentified: Slack does not say who they are.
            NotInvited: the bot is not in the channel.
            NotFound: the message has no build.
        """
        await self.access.admit(user, channel)
        shares = await self.workspace.shares_of_message(channel, message_ts, thread_ts)
        builds = [share for share in shares if _may_be_build(share)]
        if not builds:
            raise NotFound(
                "That message has no build. A build is a file whose name ends in `.ipa` or `.apk`."
            )
        return [
            await self._request(replace(await self._with_comment(share), asked_by=user)) for share in builds
        ]

    async def _request(self, share: Share) -> tuple[Scan, bool]:
        scan, new = await self.store.scans.record(share)
        self.announcer.changed(scan.number)
        self.wake(SCANS)
        return scan, new

    async def rescan_file(
        self,
        user: str,
        channel: str,
        app_id: str,
        link: identifiers.MessageLink | identifiers.FileLink,
        occasion: str,
    ) -> Scan:
        """Rescan an app with an earlier file, from its newest share that the person can see.

        Raises:
            NotAllowed: they may not use the bot here, or where the file was shared.
            Unidentified: Slack does not say who they are.
            UsageError: the message has several builds.
            NotFound: no such file, or not visible to the person.
        """
        person = await self.access.admit(user, channel)
        missing = NotFound(
            "I can't find a build behind that link that you can see. Copy the link of the message or file "
            "from a conversation that you and I are both in."
        )
        try:
            if isinstance(link, identifiers.FileLink):
                found = await self.workspace.shares_of_file(link.file_id) or ()
            else:
                found = await self.workspace.shares_of_message(link.channel, link.message_ts, link.thread_ts)
        except (NotFound, NotInvited) as error:
            raise missing from error
        channels_of = self.workspace.channels if person.outsider else self.workspace.private_channels
        channels = await channels_of(user)
        visible = [each for each in found if _sees(user, person, each, channels) and _may_be_build(each)]
        if not visible:
            raise missing
        if isinstance(link, identifiers.MessageLink) and len(visible) > 1:
            raise UsageError(
                f"That message has {len(visible)} builds, and an app ID is for one app. "
                "Copy the link of the right file instead (*Copy link* in the file's menu).",
                example=f"/appscan rescan {app_id} https://example.slack.com/files/U0123456789/F0123456789",
            )
        share = visible[0]
        await self.access.admit(user, share.channel)
        scan, _ = await self._request(replace(share, occasion=occasion, asked_by=user, asked_app_id=app_id))
        return scan

    async def await_build(self, user: str, channel: str, app_id: str) -> RescanRequest:
        """Request a new build of an app in a channel, for ``REQUEST_TIMEOUT_S``.

        Raises:
            NotAllowed: they may not use the bot here.
            Unidentified: Slack does not say who they are.
            NotInvited: the bot can't post there.
        """
        person = await self.access.admit(user, channel)
        kind = await self.workspace.kind_of(channel)
        latest = await self.store.scans.latest_of_app(app_id, channel, public=not person.outsider)
        request = await self.store.requests.create(
            app_id=app_id,
            channel=channel,
            channel_kind=kind,
            asked_by=user,
            wait_s=REQUEST_TIMEOUT_S,
            latest=latest.number if latest else None,
        )
        try:
            message_ts = await self.board.post(request, latest)
        except BaseException:
            await self.store.requests.update(request.number, state=RequestState.LAPSED)
            raise
        self.wake(REQUESTS)
        return await self.store.requests.update(request.number, message_ts=message_ts)

    async def scan_latest(self, user: str, channel: str, request_number: int) -> tuple[Scan, bool]:
        """Fulfil a rescan request with the latest known build; return its scan and whether that is new.

        Raises:
            NotAllowed: they may not use the bot here.
            Unidentified: Slack does not say who they are.
            NotFound: it is no longer waiting, or no build is known.
        """
        await self.access.admit(user, channel)
        request = await self.store.requests.request(request_number)
        if request is None or request.channel != channel:
            raise NotFound("That rescan was requested in another conversation.")
        if request.latest is None or request.message_ts is None:
            raise NotFound("No build of that app is known yet: reply in the thread with one.")
        if request.state is not RequestState.WAITING or request.expires_at <= self.clock.now():
            raise NotFound(
                "That rescan is no longer waiting. Request it again with `/appscan rescan <appId>`."
            )
        latest = await self.store.scans.scan(request.latest)
        return await self._request(
            shared_again(
                latest,
                channel=request.channel,
                channel_kind=request.channel_kind,
                message_ts=request.message_ts,
                thread_ts=request.message_ts,
                asked_by=user,
                asked_app_id=request.app_id,
                request_number=request.number,
                occasion=f"request-{request.number}",
            )
        )

    async def close_requests(self) -> float | None:
        """Close rescan requests that were fulfilled or have expired; return when the next one expires."""
        closed, next_at = await self.store.requests.close()
        for request in closed:
            try:
                await self.board.update(request, None)
            except Exception:  # its row is closed anyway
                logger.exception("could not update the message of rescan request %d", request.number)
        return next_at


def shared_again(scan: Scan, **request: Any) -> Share:
    """Return a share of a scan's file for another request, which names at least its ``occasion``."""
    known: dict[str, Any] = {
        "channel": scan.channel or "",
        "channel_kind": scan.channel_kind,
        "message_ts": scan.message_ts or "",
        "thread_ts": scan.thread_ts or "",
        "file_id": scan.file_id or "",
        "file_name": scan.file_name,
        "size_bytes": scan.size_bytes,
        "shared_by": scan.shared_by,
        "expected_sha256": scan.sha256,
        "original": scan.number,
    }
    return Share(**known | request)


def _may_be_build(share: Share) -> bool:
    """Tell whether to record a file: a build, one that is rejected with a message, or one without a name."""
    name = share.file_name
    return bool(file_type_of_name(name) or unsupported_name(name)) or name == NAMELESS


def _sees(user: str, person: Person, share: Share, channels: frozenset[str]) -> bool:
    is_open = share.channel_kind == "public" and not person.outsider
    return is_open or share.channel in channels or (share.channel_kind == "im" and share.shared_by == user)


def _of_event(found: tuple[Share, ...], event_ts: str, *, is_last: bool) -> tuple[Share, ...]:
    """Return the share that caused an event: the newest that is not younger than the event.

    A much older one is an earlier share: Slack doesn't return the new one yet. Only the last search uses it.
    """
    event_at = float(event_ts)
    older = [share for share in found if float(share.message_ts) <= event_at + 1]
    newest = sorted(older or found, key=lambda share: float(share.message_ts))[-1:]
    return tuple(
        share for share in newest if is_last or float(share.message_ts) > event_at - EVENT_TOLERANCE_S
    )
