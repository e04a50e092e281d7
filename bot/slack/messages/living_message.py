"""Messages in scans' threads that follow their rows: posted once, remembered, updated until they are current.

Changes that come faster than Slack takes updates are folded together, and what was not shown when the bot
stopped is shown after its next start. While a message is being posted, the remembered timestamp is empty: if
the answer or the process is lost then, the message is searched for before it is posted again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Final

from slack_sdk.errors import SlackApiError

from bot.core.backoff import Backoff
from bot.core.clock import cancel_all, first_of
from bot.core.log_context import concerning
from bot.core.rate_limit import RateLimiter
from bot.core.scan import Scan
from bot.core.scheduler import Job
from bot.errors import NotFound, StoreUnavailable, slack_code, slack_wait_s
from bot.slack.api.errors import error_name
from bot.slack.messages.delivery import GONE, MESSAGE_GONE, RESERVED, SHUT, update
from bot.slack.messages.posts import ATTEMPTS, RETRY_S, Posts, ThreadGone
from bot.slack.messages.subjects import GIVEN_UP, C, MessageStatus

logger = logging.getLogger(__name__)

Moved = dict[str, int]
"""``done_bytes`` and ``total_bytes`` of a transfer; empty before one."""

REFRESH_INTERVAL_S: Final = 60.0
UPDATE_INTERVAL_S: Final = 1.2
"""Minimum between two updates of a message that is not final."""
PROGRESS_STEP: Final = 0.1
"""Share of a build's bytes that has to move before the progress is shown again."""
CROWDED_S: Final = 10.0
"""If the queue of the channel is longer, a message that is not final is not posted: final ones go first."""
MESSAGE_BACKOFF: Final = Backoff(first_s=60.0, maximum_s=3600.0)
"""After ``ATTEMPTS`` in a row."""
GIVE_UP_S: Final = 24 * 3600.0
"""A final message that Slack rejects for this long is given up, and the timeline says so."""


@dataclass(frozen=True, kw_only=True)
class _Rejected:
    revision: int
    """The scan's; a newer revision is tried at once."""
    since: float
    """When this revision was rejected first."""
    until: float
    times: int
    """How often in a row, each time after ``ATTEMPTS``."""


@dataclass(kw_only=True, eq=False, repr=False)
class LivingMessages(Posts[C]):
    """All messages of one subject; for replies, this is the ``Announcer``."""

    load: Callable[..., Awaitable[C]]
    """Returns what a scan's message is rendered from, such as ``Cards.card``."""
    updates: RateLimiter
    _tasks: dict[int, asyncio.Task[None]] = field(init=False, default_factory=dict)
    _changed: dict[int, asyncio.Event] = field(init=False, default_factory=dict)
    _next_at: dict[int, float] = field(init=False, default_factory=dict)
    _moved: dict[int, Moved] = field(init=False, default_factory=dict)
    _shown_share: dict[int, float] = field(init=False, default_factory=dict)
    _rejected: dict[int, _Rejected] = field(init=False, default_factory=dict)
    _posting: defaultdict[str, asyncio.Lock] = field(
        init=False, default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def changed(self, number: int) -> None:
        """Post a scan's message, or update it; returns at once."""
        self._changed.setdefault(number, asyncio.Event()).set()
        if number not in self._tasks:
            self._tasks[number] = asyncio.create_task(
                self._follow(number), name=f"{self.subject.name}-{number}"
            )

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Show how far the bytes of a build have moved, in steps; returns at once."""
        self._moved[number] = {"done_bytes": done_bytes, "total_bytes": total_bytes}
        share = done_bytes / total_bytes if total_bytes else 0.0
        shown = self._shown_share.get(number, 0.0)
        if share < shown or share - shown >= PROGRESS_STEP:
            self._shown_share[number] = share
            self.changed(number)

    @property
    def job(self) -> Job:
        """Refreshes, now and every ``REFRESH_INTERVAL_S``."""
        of_scanner = f" of {self.subject.scanner}" if self.subject.scanner else ""
        name = f"refresh of {self.subject.name}s{of_scanner}"
        return Job(name=name, run=self.refresh, interval_s=REFRESH_INTERVAL_S)

    async def refresh(self) -> None:
        """Start to bring stale messages up to date, including those an earlier process left behind."""
        for number in await self.subject.stale():
            if number not in self._tasks:
                self.changed(number)

    async def settle(self, timeout_s: float) -> None:
        """Wait until all known changes are shown; after the timeout, cancel what is left."""
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks.values()), timeout=timeout_s)
            await cancel_all(*late)

    @concerning
    async def _follow(self, number: int) -> None:
        name = self.subject.name
        try:
            await self._show_changes(number, self._changed[number])
        except NotFound:
            logger.info("scan #%d was removed: its %s is not shown", number, name)
        except StoreUnavailable as error:
            logger.warning("the %s of scan #%d is shown later: %s", name, number, error)
        except Exception:
            logger.exception("the %s of scan #%d could not be shown", name, number)
        finally:
            del self._tasks[number]
            del self._changed[number]

    async def _show_changes(self, number: int, changed: asyncio.Event) -> None:
        failures = 0
        while changed.is_set():
            changed.clear()
            moved = self._moved.get(number, {})  # before the status is read, not ahead of it
            status = await self.subject.look(number)
            if self._backs_off(status.scan) or not (status.is_final or self._has_room(status)):
                return
            if not status.is_final and (wait_s := self._wait_s(status)) > 0:
                await first_of(changed.wait(), self.clock.sleep(wait_s))
                changed.set()
                continue
            try:
                await self._show(status, moved)
                self._rejected.pop(number, None)
            except NotFound:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, it may pass
                failures += slack_wait_s(error) is None
                if (retry_s := await self._retry_s(status, error, failures)) is None:
                    return
                await self.clock.sleep(retry_s)
                changed.set()
            self._next_at[number] = self.clock.now() + UPDATE_INTERVAL_S
            if status.is_final and not changed.is_set():
                for kept in (self._next_at, self._moved, self._shown_share):
                    kept.pop(number, None)

    def _has_room(self, status: MessageStatus) -> bool:
        """Whether a message that is not final can be shown soon; if not, a backlog notice does for now."""
        return bool(status.ts) or self.pace.of(status.scan.channel or "").wait_s() <= CROWDED_S

    def _wait_s(self, status: MessageStatus) -> float:
        """Return how long a message that is not final has to wait; at 0, its turn has been taken."""
        wait_s = self._next_at.get(status.scan.number, 0.0) - self.clock.now()
        if wait_s > 0 or not status.ts:
            return wait_s
        return self.updates.try_take(reserved=RESERVED)

    async def _show(self, status: MessageStatus, moved: Moved) -> None:
        subject, scan = self.subject, status.scan
        if scan.channel is None or status.ts == GIVEN_UP:
            return
        try:
            if status.ts:
                await self._update(status, status.ts, moved)
            elif status.ts == "" and (found := await self.find(scan)) is not None:
                await subject.remember(scan.number, found)
                self._changed[scan.number].set()  # it may show an earlier state
            else:
                await self._post(status, moved)
        except SlackApiError as error:
            code = slack_code(error)
            if code not in GONE:
                raise
            logger.info("the %s of scan #%d can't be shown: %s", subject.name, scan.number, code)
            await subject.give_up(status, GONE[code])

    async def _post(self, status: MessageStatus, moved: Moved) -> None:
        subject, number, channel = self.subject, status.scan.number, status.scan.channel or ""
        async with self._posting[channel] if subject.one_at_a_time else nullcontext():
            if status.is_due:
                await self.pace.of(channel).take()
                status = await subject.look(number)
            if not status.is_due:
                await self._shown(status, status.scan)
                return
            card = await self.load(number, **moved)
            await subject.remember(number, "")
            try:
                ts = await self.post(card.scan, subject.render(card))
            except ThreadGone:
                await subject.give_up(status, MESSAGE_GONE)
                return
            except SlackApiError as error:
                if slack_wait_s(error) is not None:  # certainly not posted: nothing to search for
                    await subject.remember(number, None)
                raise
        await subject.remember(number, ts)
        await self._shown(status, card.scan)

    async def _update(self, status: MessageStatus, ts: str, moved: Moved) -> None:
        if status.is_final and self.updates.try_take() > 0:
            await self.updates.take()
        card = await self.load(status.scan.number, **moved)
        message = self.subject.render(card)
        await update(self.client, self.updates, message, channel=card.scan.channel or "", ts=ts)
        await self._shown(status, card.scan)

    async def _shown(self, status: MessageStatus, scan: Scan) -> None:
        for copy in await self.subject.shown(scan):
            if status.is_final:
                self.changed(copy)

    def _backs_off(self, scan: Scan) -> bool:
        last = self._rejected.get(scan.number)
        return last is not None and last.revision == scan.revision and self.clock.now() < last.until

    async def _retry_s(self, status: MessageStatus, error: Exception, failures: int) -> float | None:
        """Return when to retry; ``None`` after too many failures in a row, which start a longer backoff."""
        name, number = self.subject.name, status.scan.number
        if (asked_s := slack_wait_s(error)) is not None:
            logger.info("Slack asks for %d s before the %s of scan #%d", asked_s, name, number)
            return max(asked_s, RETRY_S)
        if failures >= ATTEMPTS or slack_code(error) in SHUT:
            logger.error("the %s of scan #%d could not be shown: %s", name, number, error_name(error))
            await self._back_off(status)
            return None
        logger.warning("the %s of scan #%d will be retried: %s", name, number, error_name(error))
        return RETRY_S * failures

    async def _back_off(self, status: MessageStatus) -> None:
        number, revision, now = status.scan.number, status.scan.revision, self.clock.now()
        last = self._rejected.pop(number, None)
        since = last.since if last is not None and last.revision == revision else now
        if status.is_final and now - since >= GIVE_UP_S:
            await self.subject.give_up(status, "Slack did not take it for a day")
            return
        times = 1 if last is None else last.times + 1
        until = now + MESSAGE_BACKOFF.delay_s(times)
        self._rejected[number] = _Rejected(revision=revision, since=since, until=until, times=times)
