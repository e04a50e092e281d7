"""Keeps each scan's one reply in its thread up to date with its row.

The row says what there is to show; the reply follows. Changes that come faster than Slack takes updates are
folded together, and what was not shown when the bot ended is shown when it starts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.backoff import Backoff
from bot.core.rate_limit import RateLimiter, RateLimiters
from bot.errors import StoreUnavailable, slack_code, slack_wait_s
from bot.scans.current import concerning
from bot.scans.memory import Store
from bot.scans.models import OPEN, Card, Scan, State
from bot.scans.ports import Clock
from bot.scans.tasks import end, first_of
from bot.slack.pace import RESERVED
from bot.slack.posts import FAILURE_NAP_S, REPLY, TRIES, Posts, ThreadGone
from bot.slack.sending import GONE, MESSAGE_GONE, SHUT, Rendered, error_name, send

logger = logging.getLogger(__name__)

UPDATE_GAP_S = 1.2
"""Between two updates of one message; a state that will not move on by itself is shown at once."""
PROGRESS_STEP = 0.1
EXCUSED_S = 10.0
"""A scan on its way gets no first reply while so many others wait for theirs: what is final goes first."""
REST_BACKOFF = Backoff(first_s=60.0, maximum_s=3600.0)
"""Between two rounds of ``TRIES``."""
GIVE_UP_S = 24 * 3600.0
"""A reply that could not be shown for as long is given up; the timeline says so."""

Render = Callable[[Card], Rendered]
LoadCard = Callable[[int], Awaitable[Card]]


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """A reply that is let be for a while."""

    revision: int
    """Of the scan when it could not be shown; a newer one is tried at once."""
    until: float
    failures: int
    """How often in a row it was refused, after all tries."""


class Threads:
    """Shows scans in their threads."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        bot_user_id: str,
        store: Store,
        card: LoadCard,
        render: Render,
        pace: RateLimiters,
        updates: RateLimiter,
        clock: Clock,
    ) -> None:
        self._client = client
        self._posts = Posts(client, bot_user_id, pace, clock, event_type=REPLY)
        self._store = store
        self._card = card
        self._render = render
        self._pace = pace
        self._updates = updates
        self._clock = clock
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._changed: dict[int, asyncio.Event] = {}
        self._next_at: dict[int, float] = {}
        self._moved: dict[int, tuple[int, int]] = {}
        self._told: dict[int, float] = {}
        self._rests: dict[int, _Rest] = {}

    def changed(self, number: int) -> None:
        """Say that a scan's row has changed."""
        self._changed.setdefault(number, asyncio.Event()).set()
        if number not in self._tasks:
            self._tasks[number] = asyncio.create_task(self._show(number), name=f"reply-{number}")

    def progress(self, number: int, done_bytes: int, total_bytes: int) -> None:
        """Say how far the bytes have moved; shown in steps."""
        self._moved[number] = (done_bytes, total_bytes)
        share = done_bytes / total_bytes if total_bytes else 0.0
        told = self._told.get(number, 0.0)
        if share < told or share - told >= PROGRESS_STEP:
            self._told[number] = share
            if number not in self._tasks:
                self.changed(number)
            else:
                self._changed[number].set()

    async def settle(self, timeout_s: float) -> None:
        """Wait until all that is known is shown, or the time is up; the rest is shown at the next start."""
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks.values()), timeout=timeout_s)
            await end(*late)

    @concerning
    async def _show(self, number: int) -> None:
        changed = self._changed[number]
        failures = 0
        try:
            while changed.is_set():
                changed.clear()
                scan = (await self._load(number)).scan
                if self._rests_still(scan):
                    return
                moving = scan.state in OPEN
                if moving and (wait_s := self._wait_s(scan)) > 0:
                    await first_of(changed.wait(), self._clock.sleep(wait_s))
                    changed.set()
                    continue
                try:
                    await self._put(scan)
                    self._rests.pop(number, None)
                except Exception as error:  # noqa: BLE001 - whatever it was, it may pass
                    if (asked_s := slack_wait_s(error)) is not None:
                        logger.info("Slack asks for %d s before the reply of scan #%d", asked_s, number)
                        await self._clock.sleep(max(asked_s, FAILURE_NAP_S))
                        changed.set()
                        continue
                    failures += 1
                    if failures >= TRIES or slack_code(error) in SHUT:
                        await self._rest(scan, error)
                        return
                    logger.warning("the reply of scan #%d will be tried again: %s", number, error_name(error))
                    await self._clock.sleep(FAILURE_NAP_S * failures)
                    changed.set()
                self._next_at[number] = self._clock.now() + UPDATE_GAP_S
                if not moving and not changed.is_set():
                    for kept in (self._next_at, self._moved, self._told):
                        kept.pop(number, None)
                    for copy in await self._store.queue.stale_copies(number):
                        self.changed(copy)
        except StoreUnavailable as error:
            logger.warning("the reply of scan #%d is shown later: %s", number, error)
        except Exception:
            logger.exception("the reply of scan #%d could not be shown", number)
        finally:
            del self._tasks[number]
            del self._changed[number]

    def _wait_s(self, scan: Scan) -> float:
        """Return how long a scan on its way has to wait to be shown; 0 takes a turn."""
        wait_s = self._next_at.get(scan.number, 0.0) - self._clock.now()
        return self._updates.try_take(reserved=RESERVED) if wait_s <= 0 and scan.reply_ts else wait_s

    def _rests_still(self, scan: Scan) -> bool:
        pace = self._pace.of(scan.channel or "")
        if scan.state in OPEN and not scan.reply_ts and pace.wait_s() > EXCUSED_S:
            return True  # the channel's notice tells of its queue; the reply comes with the next change
        rest = self._rests.get(scan.number)
        return rest is not None and rest.revision == scan.revision and self._clock.now() < rest.until

    async def _rest(self, scan: Scan, error: Exception) -> None:
        """Let a reply be that could not be shown, longer each time, and give it up after a day."""
        logger.error(
            "the reply of scan #%d could not be brought up to date: %s", scan.number, error_name(error)
        )
        now = self._clock.now()
        if scan.state not in OPEN and now - scan.updated_at >= GIVE_UP_S:
            self._rests.pop(scan.number, None)
            await self._unshown(scan, "Slack did not take it for a day")
            return
        last = self._rests.get(scan.number)
        failures = 1 if last is None else last.failures + 1
        until = now + REST_BACKOFF.delay_s(failures)
        self._rests[scan.number] = _Rest(revision=scan.revision, until=until, failures=failures)

    async def _load(self, number: int) -> Card:
        done, total = self._moved.get(number, (0, 0))
        return replace(await self._card(number), done_bytes=done, total_bytes=total)

    async def _put(self, scan: Scan) -> None:
        if scan.channel is None:
            return
        try:
            if not scan.reply_ts:
                await self._post(scan)
            else:
                if scan.state not in OPEN:  # the others have had their turn
                    await self._updates.take()
                card = await self._load(scan.number)
                try:
                    await send(
                        self._client.chat_update, self._render(card), channel=scan.channel, ts=scan.reply_ts
                    )
                except SlackApiError as error:
                    if (asked_s := slack_wait_s(error)) is not None:
                        self._updates.pause(asked_s)
                    raise
                await self._store.queue.shown(scan.number, card.scan.revision)
        except SlackApiError as error:
            code = slack_code(error)
            if code not in GONE:
                raise
            await self._unshown(scan, GONE[code])

    async def _unshown(self, scan: Scan, why: str) -> None:
        """Let it be that the reply doesn't show the scan; the timeline says so once, at the end."""
        if scan.state not in OPEN and scan.number in await self._store.queue.stale():
            await self._store.scans.note(scan.number, f"the reply could not be posted: {why}")
        await self._store.queue.shown(scan.number, scan.revision)

    async def _post(self, scan: Scan) -> None:
        if scan.reply_ts == "" and (found := await self._posts.find(scan)) is not None:
            # The bot ended between posting and remembering it.
            await self._store.queue.set_reply(scan.number, found)
            self._changed[scan.number].set()
            return
        if scan.state is not State.CANCELLED:
            await self._store.queue.set_reply(scan.number, "")
            await self._pace.of(scan.channel or "").take()
        card = await self._load(scan.number)
        if card.scan.state is State.CANCELLED:  # nobody was told of it yet, and its message may be gone
            await self._store.queue.shown(scan.number, card.scan.revision)
            return
        try:
            reply_ts = await self._posts.post(scan, self._render(card))
        except ThreadGone:
            await self._unshown(card.scan, MESSAGE_GONE)
            return
        except SlackApiError as error:
            if slack_wait_s(error) is not None:  # surely not posted: nothing to look for
                await self._store.queue.set_reply(scan.number, None)
            raise
        await self._store.queue.set_reply(scan.number, reply_ts)
        await self._store.queue.shown(scan.number, card.scan.revision)
